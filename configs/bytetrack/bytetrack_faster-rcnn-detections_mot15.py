# ByteTrack over public Faster R-CNN detections of the MOT15 training sequences.
#
# Paper: ByteTrack, Zhang et al., ECCV 2022 (arXiv 2110.06864). Its default thresholds.
# Run:   tools/test.py THIS
#        or tools/track_detections.py THIS MOT15/train OUT
# Time:  seconds on one CPU core.
# Score: measured, see configs/bytetrack/README.md.
#
# These detections have scores from 0.5 on: hardly any is a low one.
_base_ = ['../_base_/datasets/detections_mot15.py', '../_base_/default_runtime.py']

model = dict(
    type='TrackingByDetection',
    detector=None,
    tracker=dict(type='ByteTracker'),
)
