# SparseTrack over cached YOLOX-X detections of the MOT20 training sequences.
#
# Paper: SparseTrack, Liu et al., 2023 (arXiv 2306.05238). The settings of its released program,
#        by sequence.
# Run:   tools/test.py THIS --interpolate linear
#        or with a detector: tools/test.py configs/bytetrack/bytetrack_yolox-x_mot20-test.py \
#          --tracker THIS --detector CHECKPOINT --interpolate linear
# Time:  seconds on one CPU core.
# Score: none measured.
#
# No camera motion, as published.
_base_ = ['../_base_/datasets/detections_mot20.py', '../_base_/default_runtime.py']

model = dict(
    type='TrackingByDetection',
    detector=None,
    tracker=dict(
        type='SparseTracker',
        high_min_score=0.6,
        low_min_score=0.1,
        init_min_score=0.65,  # in every sequence 0.05 above high_min_score
        high_max_cost=0.6,
        low_max_cost=0.3,
        tentative_max_cost=0.7,
        max_age=60,
        high_depth_levels=1,
        low_depth_levels=8,
        fuse_score=False,
        output_min_area=100,
        output_max_aspect_ratio=1.6,
        per_sequence={
            'MOT20-06': dict(high_min_score=0.27, init_min_score=0.32),
            'MOT20-08': dict(high_min_score=0.27, init_min_score=0.32),
        },
    ),
)
