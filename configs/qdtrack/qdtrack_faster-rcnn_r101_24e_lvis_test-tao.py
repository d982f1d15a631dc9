# QDTrack with Faster R-CNN, ResNet-101, on the images of LVIS v0.5 and COCO 2017; tested on TAO's
# validation videos. The first of two stages: qdtrack_faster-rcnn_r101_12e_tao_test-tao.py goes on.
#
# Paper: QDTrack, Pang et al., CVPR 2021 (arXiv 2006.06664), section 4. The values of mmtracking's
#        qdtrack_faster-rcnn_r101_fpn_24e_lvis.py.
# Run:   tools/dataset_converters/tao2coco.py -i data/tao -o data/tao/annotations
#        tools/dataset_converters/lvis_coco_merge.py --lvis LVIS --coco COCO --mapping MAPPING \
#          --out data/lvis/annotations/lvisv0.5+coco_train.json
#        tools/train.py THIS; tools/test.py THIS CHECKPOINT
# Time:  not measured; the learning rate is for 8 GPUs with 2 pairs each.
# Score: quoted, mmtracking's README, boxes on TAO validation: AP 17.2, AP50 28.6, AP75 17.7. None
#        measured.
_base_ = [
    '../_base_/models/qdtrack_faster-rcnn_r50.py',
    '../_base_/schedules/qdtrack.py',
    '../_base_/default_runtime.py',
]

num_classes = 482  # lines of tao_classes.txt: what of LVIS occurs in TAO
model = dict(
    data_preprocessor=dict(  # ImageNet's, RGB
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    detector=dict(
        init_cfg=None,
        backbone=dict(
            depth=101,
            norm_cfg=dict(type='BN', requires_grad=True),
            norm_eval=True,
            style='pytorch',
            init_cfg=dict(  # torchvision://resnet101
                type='Pretrained',
                checkpoint='https://download.pytorch.org/models/resnet101-63fe2227.pth',
            ),
        ),
        rpn_head=dict(bbox_coder=dict(clip_border=True)),
        roi_head=dict(bbox_head=dict(num_classes=num_classes, bbox_coder=dict(clip_border=True))),
        test_cfg=dict(
            rcnn=dict(score_thr=1e-4, nms=dict(type='nms', iou_threshold=0.5), max_per_img=300)
        ),
    ),
    # With 0.5, as for MOT, mmtracking's Track AP falls from 11.0 to 8.5 (its pull request 609).
    track_head=dict(train_cfg=dict(assigner=dict(neg_iou_thr=0.3))),
    tracker=dict(
        _delete_=True,
        type='QuasiDenseTAOTracker',
        init_min_score=1e-4,
        match_min_score=1e-4,
        min_similarity=0.5,
        max_score_difference=1.0,
        max_age=9,  # deleted at 10 frames unseen
        momentum=0.8,
        score_momentum=0.5,
        distractor_max_score=0.5,
        distractor_min_iou=0.3,
        metric='bisoftmax',
        add_cosine=True,
    ),
)

# Both frames of a pair change alike.
train_pipeline = [
    dict(
        type='TransformBroadcaster',
        share_random_params=True,
        transforms=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadTrackAnnotations'),
            dict(
                type='RandomChoiceResize',
                scales=[(1333, side) for side in range(640, 801, 32)],  # longest, shortest side
                keep_ratio=True,
            ),
            dict(type='RandomFlip', prob=0.5),
            dict(type='PackFrameInputs'),
        ],
    ),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(1333, 800), keep_ratio=True),
    dict(type='PackFrameInputs'),
]
tao = dict(type='TAODataset', data_root='data/tao/', classes_file='annotations/tao_classes.txt')
train_dataloader = dict(
    batch_size=2,  # pairs
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='FrameSampler', shuffle=True),
    dataset=dict(
        type='ClassBalancedDataset',
        oversample_thr=1e-3,
        dataset=dict(  # an image is a video of one frame, and paired with itself
            type='TAODataset',
            data_root='data/',
            ann_file='lvis/annotations/lvisv0.5+coco_train.json',
            data_prefix=dict(img_path='coco/train2017/'),
            classes_file='tao/annotations/tao_classes.txt',
            filter_cfg=dict(filter_empty_gt=True, min_size=32),
            reference=dict(frame_range=1, include_key=False),
            pipeline=train_pipeline,
        ),
    ),
)
val_annotations = f'annotations/validation_{num_classes}_classes.json'
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='VideoSampler'),
    dataset=dict(
        tao,
        ann_file=val_annotations,
        data_prefix=dict(img_path='frames/'),
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
val_evaluator = [
    dict(type='TAOMetric', ann_file=f'data/tao/{val_annotations}', metric=('bbox',)),
    # Result files: there is no gt.txt to score by.
    dict(type='MOTMetric', format_only=True, submission=False),
]
test_evaluator = val_evaluator

param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=1000),
    dict(type='MultiStepLR', by_epoch=True, begin=0, end=24, milestones=[16, 22]),
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=24, val_begin=16, val_interval=2)
default_hooks = dict(checkpoint=dict(save_best='tao/bbox_AP', rule='greater'))
custom_hooks = [dict(type='NumClassCheckHook')]
