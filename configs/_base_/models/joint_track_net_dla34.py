# JointTrackNet with DLA-34: 20.09 million parameters with all inputs and heads.
model = dict(
    type='JointTrackNet',
    data_preprocessor=dict(
        type='FramePairPreprocessor',
        # CenterNet's, of colours in 0..255, blue first.
        mean=[104.0136, 114.0342, 119.9166],
        std=[73.6028, 69.8908, 70.9151],
        bgr_to_rgb=False,
    ),
    backbone=dict(type='DLANet', depth='34', use_prev_img=True, use_prior_heatmap=True),
    neck=dict(type='DLAUpNeck', in_channels=(64, 128, 256, 512), node='dcn'),
    bbox_head=dict(
        type='JointTrackHead',
        in_channels=64,
        num_classes=1,
        heads=('hm', 'reg', 'wh', 'ltrb_amodal', 'tracking', 'embedding'),
        embedding_channels=128,
    ),
    criterion=dict(
        type='JointTrackLoss',
        # JointTrackNet's number, more than any set of its has; a set with more says so.
        identity=dict(num_ids=1510, channels=128, kind='focal'),
        task_weights=dict(type='UncertaintyWeights', s_det=-1.85, s_id=-1.05),
    ),
    test_cfg=dict(max_detections=100, min_score=0.4, prior_min_score=0.5),
    # With the prior heat map: experiments/inference.sh of the released program.
    tracker=dict(type='JointTracker', init_min_score=0.4, max_cost=0.65, max_age=50),
)
