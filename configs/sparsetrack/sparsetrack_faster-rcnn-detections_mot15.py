# SparseTrack over public Faster R-CNN detections of the MOT15 training sequences.
#
# Paper: SparseTrack, Liu et al., 2023 (arXiv 2306.05238). Thresholds of the baseline in the
#        NanoTrack repository.
# Run:   tools/test.py THIS
#        or tools/track_detections.py THIS MOT15/train OUT
# Time:  seconds on one CPU core.
# Score: measured, see configs/sparsetrack/README.md.
#
# These detections have scores from 0.5 on: hardly any is a low one.
_base_ = ['../_base_/datasets/detections_mot15.py', '../_base_/default_runtime.py']

model = dict(
    type='TrackingByDetection',
    detector=None,
    tracker=dict(type='SparseTracker'),
)
