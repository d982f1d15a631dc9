# ByteTrack with YOLOX-X on the validation sequences of DanceTrack.
#
# Paper: ByteTrack, Zhang et al., ECCV 2022 (arXiv 2110.06864). Its default thresholds.
# Run:   tools/test.py THIS --detector CHECKPOINT --interpolate linear
#        the test sequences: --format-only --cfg-options
#          test_dataloader.dataset.data_root=data/DanceTrack/test
#        SparseTrack: --tracker configs/sparsetrack/sparsetrack_yolox-x-detections_dancetrack.py
# Time:  not measured.
# Score: none measured.
_base_ = [
    '../_base_/models/yolox_x.py',
    '../_base_/datasets/dancetrack_test.py',
    '../_base_/default_runtime.py',
]

detector = _base_.model
del _base_.model

model = dict(
    type='TrackingByDetection',
    detector=detector,
    tracker=dict(type='ByteTracker', output_min_area=100, output_max_aspect_ratio=1.6),
)
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(1440, 800), keep_ratio=True),  # width, height
            dict(type='PackFrameInputs'),
        ],
    )
)
