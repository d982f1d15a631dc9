# NanoDet-m-1.5x on COCO at 416 x 416, proportions kept.
#
# Paper: none; NanoDet 1.0, https://github.com/RangiLyu/nanodet. Model, augmentation, schedule.
# Run:   tools/train.py THIS
#        tools/test.py THIS CHECKPOINT
#        tools/dist_train.sh THIS GPUS: with more or fewer images a step, --auto-scale-lr
# Time:  not measured.
# Score: published for COCO val2017: mAP 26.8
#        (AP50 42.4, AP75 27.6, small 9.8, medium 27.7, large 42.0).
#        None measured here.
_base_ = [
    '../_base_/models/nanodet_m_1_5x.py',
    '../_base_/datasets/coco_nanodet_legacy.py',
    '../_base_/schedules/nanodet_legacy.py',
    '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(
        init_cfg=dict(  # ImageNet
            type='Pretrained',
            checkpoint='https://download.pytorch.org/models/shufflenetv2_x1_5-3c479a10.pth',
        )
    ),
)

train_pipeline = _base_.train_pipeline
train_pipeline[2].update(ratio_range=(0.5, 1.4))  # RandomWarp
train_dataloader = dict(batch_size=176, dataset=dict(pipeline=train_pipeline))

auto_scale_lr = dict(base_batch_size=176)
default_hooks = dict(checkpoint=dict(save_best='coco/bbox_mAP', rule='greater'))
