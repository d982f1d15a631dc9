# DanceTrack: its training sequences to train, its validation sequences to test. As NanoDet-Plus
# sees them.
#
# tools/dataset_converters/mot2coco.py -i data/DanceTrack -o data/DanceTrack/annotations
_base_ = ['../pipelines/nanodet_plus.py']

data_root = 'data/DanceTrack/'

train_dataloader = dict(
    batch_size=96,
    num_workers=8,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='FrameSampler', shuffle=True),
    dataset=dict(
        type='MOTVideoDataset',
        data_root=data_root,
        ann_file='annotations/train_cocoformat.json',
        data_prefix=dict(img_path='train/'),
        metainfo=dict(classes=('pedestrian',)),
        filter_cfg=dict(filter_empty_gt=True, min_size=32),
        pipeline=_base_.train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=8,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='VideoSampler'),
    dataset=dict(
        type='MOTVideoDataset',
        data_root=data_root,
        ann_file='annotations/val_cocoformat.json',
        data_prefix=dict(img_path='val/'),
        metainfo=dict(classes=('pedestrian',)),
        test_mode=True,
        pipeline=_base_.test_pipeline,
    ),
)
test_dataloader = val_dataloader

# Average precision of the detector; a config with a tracker adds dict(type='MOTMetric').
val_evaluator = [
    dict(
        type='VideoCocoMetric',
        ann_file=data_root + 'annotations/val_cocoformat.json',
        metric='bbox',
    ),
]
test_evaluator = val_evaluator
