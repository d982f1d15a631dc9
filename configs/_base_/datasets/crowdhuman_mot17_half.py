# CrowdHuman, train and val, and the first halves of MOT17's training sequences to train, their
# second halves to test; one class. As NanoDet-Plus sees them.
#
# tools/dataset_converters/crowdhuman2coco.py -i data/crowdhuman -o data/crowdhuman/annotations
# tools/dataset_converters/mot2coco.py -i data/MOT17 -o data/MOT17/annotations --split-train
_base_ = ['../loaders/mot_video.py', '../pipelines/nanodet_plus.py']

data_root = 'data/MOT17/'

mot17 = dict(
    _base_.train_dataloader.dataset,
    data_root=data_root,
    ann_file='annotations/half-train_cocoformat.json',
    pipeline=_base_.train_pipeline,
)
crowdhuman = dict(mot17, data_root='data/crowdhuman/')
train_dataloader = dict(
    batch_size=96,
    num_workers=8,
    drop_last=True,
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            dict(crowdhuman, ann_file='annotations/crowdhuman_train.json'),
            dict(
                crowdhuman,
                ann_file='annotations/crowdhuman_val.json',
                data_prefix=dict(img_path='val/'),
            ),
            mot17,
        ],
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
