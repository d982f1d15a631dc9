# SparseTrack with YOLOX-X on the test sequences of MOT17, for the server.
#
# Paper: SparseTrack, Liu et al., 2023 (arXiv 2306.05238). The settings of its released program,
#        by sequence; its detector is ByteTrack's.
# Run:   tools/test.py THIS --detector CHECKPOINT --interpolate linear
#        writes submission.zip, which has each video under its three names
# Time:  not measured.
# Score: quoted from its README: HOTA 65.1, MOTA 81.0, IDF1 80.1. None measured.
#
# The released program estimates the camera's motion by OpenCV's videostab, which has no Python
# interface; EstimateCameraMotion puts the same functions together, so warps differ a little. There
# the frames of MOT17-06 are halved, all others quartered; here all are quartered.
_base_ = [
    '../_base_/models/yolox_x.py',
    '../_base_/datasets/mot17_frcnn_test.py',
    '../_base_/default_runtime.py',
]

detector = _base_.model
del _base_.model

model = dict(
    type='TrackingByDetection',
    detector=detector,
    tracker=dict(
        type='SparseTracker',
        high_min_score=0.6,
        low_min_score=0.1,
        init_min_score=0.65,  # in every sequence 0.05 above high_min_score
        high_max_cost=0.75,
        low_max_cost=0.3,
        tentative_max_cost=0.8,
        max_age=30,
        high_depth_levels=1,
        low_depth_levels=3,
        output_min_area=100,
        output_max_aspect_ratio=1.6,
        per_sequence={
            f'MOT17-{video}-{copy}': changes
            for copy in ('DPM', 'FRCNN', 'SDP')
            for video, changes in {
                '01': dict(high_depth_levels=2),
                '05': dict(max_age=14),
                '06': dict(high_min_score=0.65, init_min_score=0.7, max_age=14),
                '12': dict(high_min_score=0.7, init_min_score=0.75),
                '13': dict(max_age=25),
            }.items()
        },
    ),
)
test_dataloader = dict(
    dataset=dict(
        data_root='data/MOT17/test',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='EstimateCameraMotion', method='sparse_flow', scale=0.25),
            dict(type='Resize', scale=(1440, 800), keep_ratio=True),  # width, height
            dict(type='PackFrameInputs'),
        ],
    )
)
test_evaluator = [dict(type='MOTMetric', format_only=True)]  # the ground truth is the server's
