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
    '../_base_/datasets/coco_nanodet.py',
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

img_scale = (416, 416)  # width, height
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='RandomWarp',
        scale=img_scale,
        keep_ratio=True,
        ratio_range=(0.5, 1.4),
        flip_prob=0.5,
        max_translate_ratio=0.2,
    ),
    dict(type='NanoDetColor', brightness=0.2, contrast=(0.6, 1.4), saturation=(0.5, 1.2)),
    dict(type='PackFrameInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='WarpResize', scale=img_scale, keep_ratio=True),
    dict(type='PackFrameInputs'),
]
train_dataloader = dict(batch_size=176, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

auto_scale_lr = dict(base_batch_size=176)
default_hooks = dict(checkpoint=dict(save_best='coco/bbox_mAP', rule='greater'))
