# NanoDet with EfficientNet-Lite0 on COCO at 320 x 320, proportions kept.
#
# Paper: none; NanoDet 1.0, https://github.com/RangiLyu/nanodet. Model, augmentation, schedule.
# Run:   tools/train.py THIS
#        tools/test.py THIS CHECKPOINT
#        tools/dist_train.sh THIS GPUS: with more or fewer images a step, --auto-scale-lr
# Time:  not measured.
# Score: published for COCO val2017: mAP 24.7
#        (AP50 40.4, AP75 25.0, small 7.9, medium 24.3, large 40.6).
#        None measured here.
_base_ = [
    '../_base_/models/nanodet_efficientlite0.py',
    '../_base_/datasets/coco_nanodet_legacy.py',
    '../_base_/schedules/nanodet_legacy.py',
    '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(
        init_cfg=dict(  # ImageNet
            type='Pretrained',
            checkpoint='https://github.com/RangiLyu/EfficientNet-Lite/releases/download/v1.0/efficientnet_lite0.pth',
        )
    ),
)

img_scale = (320, 320)  # width, height
train_pipeline = _base_.train_pipeline
train_pipeline[2].update(scale=img_scale)  # RandomWarp
test_pipeline = _base_.test_pipeline
test_pipeline[1].update(scale=img_scale)  # WarpResize
train_dataloader = dict(batch_size=150, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

train_cfg = dict(max_epochs=190, val_interval=1)
optim_wrapper = dict(optimizer=dict(lr=0.15))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=500),
    dict(type='MultiStepLR', milestones=[140, 170, 180, 185], gamma=0.1, by_epoch=True),
]
auto_scale_lr = dict(base_batch_size=150)
default_hooks = dict(checkpoint=dict(save_best='coco/bbox_mAP', rule='greater'))
