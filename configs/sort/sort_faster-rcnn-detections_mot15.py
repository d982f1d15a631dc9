# SORT over public Faster R-CNN detections of the MOT15 training sequences.
#
# Paper: Simple Online and Realtime Tracking, Bewley et al., ICIP 2016 (arXiv 1602.00763). Its
#        default thresholds.
# Run:   tools/test.py THIS
#        or tools/track_detections.py THIS MOT15/train OUT
#        tools/evaluate_mot.py OUT MOT15/train
# Time:  seconds on one CPU core.
# Score: measured, see configs/sort/README.md.
_base_ = ['../_base_/datasets/detections_mot15.py', '../_base_/default_runtime.py']

model = dict(
    type='TrackingByDetection',
    detector=None,
    tracker=dict(type='SORTTracker', max_age=1, min_hits=3, min_iou=0.3),
)
