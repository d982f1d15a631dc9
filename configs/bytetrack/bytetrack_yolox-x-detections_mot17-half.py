# ByteTrack over cached YOLOX-X detections, second half of the MOT17 training sequences.
#
# Paper: ByteTrack, Zhang et al., ECCV 2022 (arXiv 2110.06864). The thresholds of its released
#        MOT17 runs, one buffer of 30 frames for all sequences.
# Run:   tools/track_detections.py THIS DETECTIONS OUT --frames second-half \
#          --sequences-dir MOT17/train
#        tools/evaluate_mot.py OUT MOT17/val_half
# Time:  seconds on one CPU core.
# Score: measured on MOT17-02, -05, -09, -11 (FRCNN): see configs/bytetrack/README.md.
_base_ = ['../_base_/datasets/detections_mot17_half.py', '../_base_/default_runtime.py']

model = dict(
    type='TrackingByDetection',
    detector=None,
    tracker=dict(
        type='ByteTracker',
        high_min_score=0.6,
        low_min_score=0.1,
        init_min_score=0.7,
        high_max_cost=0.9,
        low_max_cost=0.5,
        tentative_max_cost=0.7,
        max_age=30,
        output_min_area=100,
        output_max_aspect_ratio=1.6,
    ),
)
