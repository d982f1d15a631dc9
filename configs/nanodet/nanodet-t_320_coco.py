# NanoDet-t on COCO at 320 x 320, proportions kept.
#
# Paper: none; NanoDet 1.0, https://github.com/RangiLyu/nanodet. Model, augmentation, schedule.
# Run:   tools/train.py THIS
#        tools/test.py THIS CHECKPOINT
#        tools/dist_train.sh THIS GPUS: with more or fewer images a step, --auto-scale-lr
# Time:  not measured.
# Score: published for COCO val2017: mAP 21.7
#        (AP50 36.3, AP75 21.8, small 6.9, medium 21.4, large 36.4).
#        None measured here.
#
# The network's positions are learnt for 320 x 320: batches are padded to that, with 0 after the
# normalisation, right and below. (NanoDet 0.x, which trained it, put the image in the middle.)
_base_ = [
    '../_base_/models/nanodet_t.py',
    '../_base_/datasets/coco_nanodet_legacy.py',
    '../_base_/schedules/nanodet_legacy.py',
    '../_base_/default_runtime.py',
]

model = dict(
    data_preprocessor=dict(pad_size_divisor=320),
    backbone=dict(
        init_cfg=dict(  # ImageNet
            type='Pretrained',
            checkpoint='https://download.pytorch.org/models/shufflenetv2_x1-5666bf0f80.pth',
        )
    ),
)

img_scale = (320, 320)  # width, height
train_pipeline = _base_.train_pipeline
train_pipeline[2].update(scale=img_scale)  # RandomWarp
train_pipeline[3].update(contrast=(0.8, 1.2), saturation=(0.8, 1.2))  # NanoDetColor
test_pipeline = _base_.test_pipeline
test_pipeline[1].update(scale=img_scale)  # WarpResize
train_dataloader = dict(batch_size=160, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

train_cfg = dict(max_epochs=190, val_interval=10)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=500),
    dict(type='MultiStepLR', milestones=[140, 170, 180, 185], gamma=0.1, by_epoch=True),
]
auto_scale_lr = dict(base_batch_size=160)
default_hooks = dict(checkpoint=dict(save_best='coco/bbox_mAP', rule='greater'))
