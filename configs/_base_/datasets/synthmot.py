# SynthMOT, rendered by tools/dataset_converters/make_synth_mot.py; no download.
#
# tools/dataset_converters/make_synth_mot.py data/SynthMOT
# tools/dataset_converters/mot2coco.py -i data/SynthMOT -o data/SynthMOT/annotations
_base_ = ['../loaders/mot_video.py']

data_root = 'data/SynthMOT/'
img_scale = (320, 192)  # width, height: small enough to train on two CPU cores

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='Resize', scale=img_scale, keep_ratio=False),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),  # other clothes, another light
    dict(type='PackFrameInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=img_scale, keep_ratio=False),
    dict(type='PackFrameInputs'),
]

train_dataloader = dict(batch_size=16, dataset=dict(data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(batch_size=8, dataset=dict(data_root=data_root, pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = [
    dict(
        type='VideoCocoMetric',
        ann_file=data_root + 'annotations/val_cocoformat.json',
        metric='bbox',
    ),
    dict(type='MOTMetric'),
]
test_evaluator = val_evaluator
