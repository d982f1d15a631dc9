# NanoDet with EfficientNet-Lite2 on COCO at 512 x 512, proportions kept.
#
# Paper: none; NanoDet 1.0, https://github.com/RangiLyu/nanodet. Model, augmentation, schedule.
# Run:   tools/train.py THIS
#        tools/test.py THIS CHECKPOINT
#        tools/dist_train.sh THIS GPUS: with more or fewer images a step, --auto-scale-lr
# Time:  not measured.
# Score: published for COCO val2017: mAP 32.6
#        (AP50 50.1, AP75 34.4, small 15.2, medium 34.2, large 48.1).
#        None measured here.
_base_ = [
    '../_base_/models/nanodet_efficientlite2.py',
    '../_base_/datasets/coco_nanodet_legacy.py',
    '../_base_/schedules/nanodet_legacy.py',
    '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(
        init_cfg=dict(  # ImageNet
            type='Pretrained',
            checkpoint='https://github.com/RangiLyu/EfficientNet-Lite/releases/download/v1.0/efficientnet_lite2.pth',
        )
    ),
)

img_scale = (512, 512)  # width, height
train_pipeline = _base_.train_pipeline
train_pipeline[2].update(scale=img_scale, ratio_range=(0.5, 1.5))  # RandomWarp
test_pipeline = _base_.test_pipeline
test_pipeline[1].update(scale=img_scale)  # WarpResize
train_dataloader = dict(batch_size=60, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

train_cfg = dict(max_epochs=135, val_interval=5)
optim_wrapper = dict(optimizer=dict(lr=0.06))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=300),
    dict(type='MultiStepLR', milestones=[90, 110, 120, 130], gamma=0.1, by_epoch=True),
]
auto_scale_lr = dict(base_batch_size=60)
default_hooks = dict(checkpoint=dict(save_best='coco/bbox_mAP', rule='greater'))
