# SORT over cached YOLOX-X detections, second half of the MOT17 training sequences.
#
# Paper: Simple Online and Realtime Tracking, Bewley et al., ICIP 2016 (arXiv 1602.00763). Its
#        default thresholds; scores from 0.5, as the detections published with it.
# Run:   tools/test.py THIS
#        or tools/track_detections.py THIS DETECTIONS OUT --frames second-half \
#          --sequences-dir MOT17/train
# Time:  seconds on one CPU core.
# Score: measured, see configs/sort/README.md.
_base_ = ['../_base_/datasets/detections_mot17_half.py', '../_base_/default_runtime.py']

model = dict(
    type='TrackingByDetection',
    detector=None,
    tracker=dict(type='SORTTracker', min_score=0.5),
)
