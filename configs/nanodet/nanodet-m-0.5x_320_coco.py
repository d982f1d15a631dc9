# NanoDet-m-0.5x on COCO at 320 x 320, proportions kept.
#
# Paper: none; NanoDet 1.0, https://github.com/RangiLyu/nanodet. Model, augmentation, schedule.
# Run:   tools/train.py THIS
#        tools/test.py THIS CHECKPOINT
#        tools/dist_train.sh THIS GPUS: with more or fewer images a step, --auto-scale-lr
# Time:  not measured.
# Score: published for COCO val2017: mAP 13.5
#        (AP50 24.5, AP75 12.9, small 3.6, medium 11.9, large 23.2).
#        None measured here.
_base_ = [
    '../_base_/models/nanodet_m_0_5x.py',
    '../_base_/datasets/coco_nanodet_legacy.py',
    '../_base_/schedules/nanodet_legacy.py',
    '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(
        init_cfg=dict(  # ImageNet
            type='Pretrained',
            checkpoint='https://download.pytorch.org/models/shufflenetv2_x0.5-f707e7126e.pth',
        )
    ),
)

img_scale = (320, 320)  # width, height
train_pipeline = _base_.train_pipeline
train_pipeline[2].update(scale=img_scale, ratio_range=(0.5, 1.5))  # RandomWarp
test_pipeline = _base_.test_pipeline
test_pipeline[1].update(scale=img_scale)  # WarpResize
train_dataloader = dict(batch_size=96, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

train_cfg = dict(max_epochs=180, val_interval=10)
optim_wrapper = dict(optimizer=dict(lr=0.07))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-05, by_epoch=False, begin=0, end=1000),
    dict(type='MultiStepLR', milestones=[130, 160, 175], gamma=0.1, by_epoch=True),
]
auto_scale_lr = dict(base_batch_size=96)
default_hooks = dict(checkpoint=dict(save_best='coco/bbox_mAP', rule='greater'))
