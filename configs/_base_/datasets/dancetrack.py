# DanceTrack: its training sequences to train, its validation sequences to test. As NanoDet-Plus
# sees them.
#
# tools/dataset_converters/mot2coco.py -i data/DanceTrack -o data/DanceTrack/annotations
_base_ = ['../loaders/mot_video.py', '../pipelines/nanodet_plus.py']

data_root = 'data/DanceTrack/'

train_dataloader = dict(
    batch_size=96,
    num_workers=8,
    drop_last=True,
    dataset=dict(data_root=data_root, pipeline=_base_.train_pipeline),
)
val_dataloader = dict(
    batch_size=8,
    num_workers=4,
    dataset=dict(data_root=data_root, pipeline=_base_.test_pipeline),
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
