# Frames as NanoDet-Plus sees them at 416 x 416, stretched.
img_scale = (416, 416)  # width, height

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='RandomWarp',
        scale=img_scale,
        keep_ratio=False,
        ratio_range=(0.6, 1.4),
        stretch_range=((0.8, 1.2), (0.8, 1.2)),
        flip_prob=0.5,
        max_translate_ratio=0.2,
    ),
    dict(type='NanoDetColor', brightness=0.2, contrast=(0.6, 1.4), saturation=(0.5, 1.2)),
    dict(type='PackFrameInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='WarpResize', scale=img_scale, keep_ratio=False),
    dict(type='PackFrameInputs'),
]
