# COCO 2017, 80 classes, as the first NanoDet at 416 x 416 sees it: proportions kept. A leaf config
# puts the size, the ranges and the batch of its model in.
_base_ = ['../loaders/coco.py']

img_scale = (416, 416)  # width, height
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='RandomWarp',
        scale=img_scale,
        keep_ratio=True,
        ratio_range=(0.6, 1.4),
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
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
