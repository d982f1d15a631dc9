# SparseTrack over cached YOLOX-X detections, second half of the MOT17 training sequences.
#
# Paper: SparseTrack, Liu et al., 2023 (arXiv 2306.05238). The official values for the validation
#        half; no camera motion in these detections.
# Run:   tools/test.py THIS
#        or tools/track_detections.py THIS DETECTIONS OUT --frames second-half \
#          --sequences-dir MOT17/train
# Time:  seconds on one CPU core.
# Score: measured, see configs/sparsetrack/README.md.
#
# tools/estimate_camera_motion.py adds the camera motion to detections, which SparseTrack uses on
# MOT17: see sparsetrack_yolox-x_mot17-test.py.
_base_ = ['../_base_/datasets/detections_mot17_half.py', '../_base_/default_runtime.py']

model = dict(
    type='TrackingByDetection',
    detector=None,
    tracker=dict(
        type='SparseTracker',
        high_min_score=0.6,
        low_min_score=0.1,
        init_min_score=0.7,
        high_max_cost=0.85,
        low_max_cost=0.3,
        tentative_max_cost=0.8,
        max_age=30,
        high_depth_levels=1,
        low_depth_levels=8,
        output_min_area=100,
        output_max_aspect_ratio=1.6,
    ),
)
