# SORT over NanoDet-Plus-m-416 detections (COCO weights, person) of PETS09-S2L1.
#
# Paper: Simple Online and Realtime Tracking, Bewley et al., ICIP 2016 (arXiv 1602.00763). Its
#        default thresholds; scores from 0.5, as the detections published with it.
# Run:   tools/test.py THIS
#        or tools/track_detections.py THIS DETECTIONS OUT
# Time:  seconds on one CPU core.
# Score: measured, see configs/sort/README.md.
_base_ = ['../_base_/datasets/detections_pets09.py', '../_base_/default_runtime.py']

model = dict(
    type='TrackingByDetection',
    detector=None,
    tracker=dict(type='SORTTracker', min_score=0.5),
)
