# QDTrack with Faster R-CNN, ResNet-50, on videos of several classes of your own, as the authors
# train it on BDD100K.
#
# Paper: QDTrack, Pang et al., CVPR 2021 (arXiv 2006.06664). Tracker and samplers of its program for
#        BDD100K (https://github.com/SysCV/qdtrack); the schedule is that of TAO, and frames at most
#        3 apart are our choice for 5 frames a second.
# Run:   tools/dataset_converters/mot2coco.py -i data/videos -o data/videos/annotations \
#          --classes pedestrian rider car truck bus train motorcycle bicycle
#        tools/train.py THIS; tools/test.py THIS CHECKPOINT
# Time:  not measured; the learning rate is for 8 GPUs with 2 pairs each.
# Score: none measured.
#
# For other videos copy this file and change data_root and classes. Any COCO-video file will do
# (images with video_id and frame_id, annotations with instance_id); scores of tracks want the
# gt/gt.txt of each sequence, too.
_base_ = [
    '../_base_/models/qdtrack_faster-rcnn_r50.py',
    '../_base_/loaders/mot_video.py',
    '../_base_/schedules/qdtrack.py',
    '../_base_/default_runtime.py',
]

data_root = 'data/videos/'
classes = ('pedestrian', 'rider', 'car', 'truck', 'bus', 'train', 'motorcycle', 'bicycle')

model = dict(
    data_preprocessor=dict(  # ImageNet's, RGB
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    detector=dict(
        init_cfg=None,
        backbone=dict(
            norm_cfg=dict(type='BN', requires_grad=True),
            style='pytorch',
            init_cfg=dict(  # torchvision://resnet50
                type='Pretrained',
                checkpoint='https://download.pytorch.org/models/resnet50-0676ba61.pth',
            ),
        ),
        rpn_head=dict(bbox_coder=dict(clip_border=True)),
        roi_head=dict(bbox_head=dict(num_classes=len(classes), bbox_coder=dict(clip_border=True))),
    ),
    track_head=dict(
        train_cfg=dict(
            assigner=dict(neg_iou_thr=0.3),
            sampler=dict(
                neg_sampler=dict(
                    _delete_=True,
                    type='IoUBalancedNegSampler',
                    floor_thr=-1,
                    floor_fraction=0,
                    num_bins=3,
                ),
            ),
        ),
    ),
    tracker=dict(init_min_score=0.7, match_min_score=0.3, max_age=9),
)

# Both frames of a pair change alike.
img_scale = (1296, 720)  # width, height, the ratio of BDD's 1280 x 720
train_pipeline = [
    dict(
        type='TransformBroadcaster',
        share_random_params=True,
        transforms=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadTrackAnnotations'),
            dict(type='Resize', scale=img_scale, keep_ratio=True),
            dict(type='RandomFlip', prob=0.5),
            dict(type='PackFrameInputs'),
        ],
    ),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=img_scale, keep_ratio=True),
    dict(type='PackFrameInputs'),
]
train_dataloader = dict(
    batch_size=2,  # pairs
    dataset=dict(
        data_root=data_root,
        metainfo=dict(classes=classes),
        reference=dict(frame_range=3, include_key=False),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    dataset=dict(data_root=data_root, metainfo=dict(classes=classes), pipeline=test_pipeline)
)
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

param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=1000),
    dict(type='MultiStepLR', by_epoch=True, begin=0, end=12, milestones=[8, 11]),
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=12, val_interval=1)
default_hooks = dict(checkpoint=dict(save_best='mot/HOTA', rule='greater'))
custom_hooks = [dict(type='NumClassCheckHook')]
