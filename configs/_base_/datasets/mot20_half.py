# MOT20: first halves of the training sequences to train, second halves to test. As NanoDet-Plus
# sees them.
#
# tools/dataset_converters/mot2coco.py -i data/MOT20 -o data/MOT20/annotations --split-train
_base_ = ['../loaders/mot_video.py', '../pipelines/nanodet_plus.py']

data_root = 'data/MOT20/'

train_dataloader = dict(
    batch_size=96,
    num_workers=8,
    drop_last=True,
    dataset=dict(
        data_root=data_root,
        ann_file='annotations/half-train_cocoformat.json',
        pipeline=_base_.train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=8,
    num_workers=4,
    dataset=dict(
        data_root=data_root,
        ann_file='annotations/half-val_cocoformat.json',
        data_prefix=dict(img_path='train/'),
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
