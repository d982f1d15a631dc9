# MOT17: first halves of the training sequences to train, second halves to test.
#
# tools/dataset_converters/mot2coco.py -i data/MOT17 -o data/MOT17/annotations --split-train
_base_ = ['../loaders/mot_video.py']

data_root = 'data/MOT17/'
img_scale = (1088, 608)  # width, height, the ratio of 1920 x 1080

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='RandomResize',
        scale=img_scale,
        ratio_range=(0.8, 1.2),  # as mmdet's mot_challenge_det.py
        keep_ratio=True,
        clip_object_border=False,
    ),
    dict(type='PhotoMetricDistortion'),
    dict(type='RandomCrop', crop_size=img_scale, bbox_clip_border=False),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackFrameInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=img_scale, keep_ratio=True),
    dict(type='PackFrameInputs'),
]

train_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        ann_file='annotations/half-train_cocoformat.json',
        pipeline=train_pipeline,
    )
)
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        ann_file='annotations/half-val_cocoformat.json',
        data_prefix=dict(img_path='train/'),
        pipeline=test_pipeline,
    )
)
test_dataloader = val_dataloader

val_evaluator = [
    dict(
        type='VideoCocoMetric',
        ann_file=data_root + 'annotations/half-val_cocoformat.json',
        metric='bbox',
    ),
    dict(type='MOTMetric'),
]
test_evaluator = val_evaluator
