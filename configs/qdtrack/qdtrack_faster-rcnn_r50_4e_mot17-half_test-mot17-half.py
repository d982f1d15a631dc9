# QDTrack with Faster R-CNN, ResNet-50, on the first halves of MOT17's training sequences; tested on
# the second halves.
#
# Paper: QDTrack, Pang et al., CVPR 2021 (arXiv 2006.06664). The values of mmtracking's
#        qdtrack_faster-rcnn_r50_fpn_4e_mot17-private-half.py, which mmdet 3.3 shares.
# Run:   tools/dataset_converters/mot2coco.py -i data/MOT17 -o data/MOT17/annotations --split-train
#        tools/train.py THIS; tools/test.py THIS CHECKPOINT
# Time:  not measured; the learning rate is for 8 GPUs with 2 pairs each.
# Score: quoted, mmtracking's README: HOTA 57.1, MOTA 68.2, IDF1 68.5, of all 21 sequences. None
#        measured. mmdet says that HOTA varies by about 1 between trainings.
#
# All 21 sequences: each of the seven videos once for each public detector, so that false positives,
# misses and switches count three times. For seven sequences, one copy of each, take the config
# whose name ends in -frcnn, or --cfg-options "test_dataloader.dataset.sequences=['MOT17-*-FRCNN']".
_base_ = [
    '../_base_/models/qdtrack_faster-rcnn_r50.py',
    '../_base_/datasets/mot17_half.py',
    '../_base_/schedules/qdtrack.py',
    '../_base_/default_runtime.py',
]

img_scale = (1088, 1088)  # width, height
# Both frames of a pair change alike, but for where they are cut.
train_pipeline = [
    dict(
        type='TransformBroadcaster',
        share_random_params=True,
        transforms=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadTrackAnnotations'),
            dict(
                type='RandomResize',
                scale=img_scale,
                ratio_range=(0.8, 1.2),
                keep_ratio=True,
                clip_object_border=False,
            ),
            dict(type='PhotoMetricDistortion'),
        ],
    ),
    dict(
        type='TransformBroadcaster',
        share_random_params=False,
        transforms=[
            dict(
                type='RandomCrop',
                crop_size=img_scale,
                bbox_clip_border=False,
                allow_negative_crop=True,  # a frame of a pair cannot be left out alone
            ),
        ],
    ),
    dict(
        type='TransformBroadcaster',
        share_random_params=True,
        transforms=[dict(type='RandomFlip', prob=0.5), dict(type='PackFrameInputs')],
    ),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=img_scale, keep_ratio=True),
    dict(type='PackFrameInputs'),
]
train_dataloader = dict(
    batch_size=2,  # pairs
    dataset=dict(reference=dict(frame_range=10, include_key=False), pipeline=train_pipeline),
)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

param_scheduler = [dict(type='MultiStepLR', by_epoch=True, begin=0, end=4, milestones=[3])]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=4, val_interval=1)
default_hooks = dict(checkpoint=dict(save_best='mot/HOTA', rule='greater'))
