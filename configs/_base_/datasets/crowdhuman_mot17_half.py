# CrowdHuman, train and val, and the first halves of MOT17's training sequences to train, their
# second halves to test; one class. As NanoDet-Plus sees them.
#
# tools/dataset_converters/crowdhuman2coco.py -i data/crowdhuman -o data/crowdhuman/annotations
# tools/dataset_converters/mot2coco.py -i data/MOT17 -o data/MOT17/annotations --split-train
_base_ = ['../pipelines/nanodet_plus.py']

data_root = 'data/MOT17/'
crowdhuman_root = 'data/crowdhuman/'

train_dataloader = dict(
    batch_size=96,
    num_workers=8,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='FrameSampler', shuffle=True),
    dataset=dict(
        type='ConcatDataset',
        datasets=[
            dict(
                type='MOTVideoDataset',
                data_root=crowdhuman_root,
                ann_file='annotations/crowdhuman_train.json',
                data_prefix=dict(img_path='train/'),
                metainfo=dict(classes=('pedestrian',)),
                filter_cfg=dict(filter_empty_gt=True, min_size=32),
                pipeline=_base_.train_pipeline,
            ),
            dict(
                type='MOTVideoDataset',
                data_root=crowdhuman_root,
                ann_file='annotations/crowdhuman_val.json',
                data_prefix=dict(img_path='val/'),
                metainfo=dict(classes=('pedestrian',)),
                filter_cfg=dict(filter_empty_gt=True, min_size=32),
                pipeline=_base_.train_pipeline,
            ),
            dict(
                type='MOTVideoDataset',
                data_root=data_root,
                ann_file='annotations/half-train_cocoformat.json',
                data_prefix=dict(img_path='train/'),
                metainfo=dict(classes=('pedestrian',)),
                filter_cfg=dict(filter_empty_gt=True, min_size=32),
                pipeline=_base_.train_pipeline,
            ),
        ],
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
        ann_file='annotations/half-val_cocoformat.json',
        data_prefix=dict(img_path='train/'),
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
        ann_file=data_root + 'annotations/half-val_cocoformat.json',
        metric='bbox',
    ),
]
test_evaluator = val_evaluator
