# SparseTrack over cached YOLOX-X detections of the DanceTrack validation sequences.
#
# Paper: SparseTrack, Liu et al., 2023 (arXiv 2306.05238). The settings of its released program.
# Run:   tools/test.py THIS --interpolate linear
#        or with a detector: tools/test.py configs/bytetrack/bytetrack_yolox-x_dancetrack.py \
#          --tracker THIS --detector CHECKPOINT --interpolate linear
# Time:  seconds on one CPU core.
# Score: none measured.
#
# No camera motion, as published.
_base_ = ['../_base_/datasets/detections_dancetrack.py', '../_base_/default_runtime.py']

model = dict(
    type='TrackingByDetection',
    detector=None,
    tracker=dict(
        type='SparseTracker',
        high_min_score=0.7,
        low_min_score=0.1,
        init_min_score=0.75,
        high_max_cost=0.85,
        low_max_cost=0.35,
        tentative_max_cost=0.7,
        max_age=60,
        high_depth_levels=1,
        low_depth_levels=12,
        output_min_area=100,
        output_max_aspect_ratio=1.6,
    ),
)
