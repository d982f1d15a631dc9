# NanoDet-m on COCO at 416 x 416, proportions kept.
#
# Paper: none; NanoDet 1.0, https://github.com/RangiLyu/nanodet. Model, augmentation, schedule.
# Run:   tools/train.py THIS
#        tools/test.py THIS CHECKPOINT
#        tools/dist_train.sh THIS GPUS: with more or fewer images a step, --auto-scale-lr
# Time:  not measured.
# Score: published for COCO val2017: mAP 23.5
#        (AP50 38.4, AP75 24.2, small 8.2, medium 24.0, large 37.5).
#        None measured here.
_base_ = [
    '../_base_/models/nanodet_m.py',
    '../_base_/datasets/coco_nanodet_legacy.py',
    '../_base_/schedules/nanodet_legacy.py',
    '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(
        init_cfg=dict(  # ImageNet
            type='Pretrained',
            checkpoint='https://download.pytorch.org/models/shufflenetv2_x1-5666bf0f80.pth',
        )
    ),
)

train_pipeline = _base_.train_pipeline
train_pipeline[2].update(ratio_range=(0.5, 1.4))  # RandomWarp
train_dataloader = dict(batch_size=192, dataset=dict(pipeline=train_pipeline))
default_hooks = dict(checkpoint=dict(save_best='coco/bbox_mAP', rule='greater'))
