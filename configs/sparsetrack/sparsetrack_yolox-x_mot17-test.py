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
    '../_base_/trackers/sparsetrack_mot17.py',
    '../_base_/datasets/mot17_frcnn_test.py',
    '../_base_/default_runtime.py',
]

detector = _base_.model
del _base_.model

model = dict(
    type='TrackingByDetection',
    detector=detector,
    tracker=_base_.sparsetrack_mot17,
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
