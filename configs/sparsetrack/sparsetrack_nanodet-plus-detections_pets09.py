# SparseTrack over NanoDet-Plus-m-416 detections (COCO weights, person) of PETS09-S2L1.
#
# Paper: SparseTrack, Liu et al., 2023 (arXiv 2306.05238). Thresholds of the baseline in the
#        NanoTrack repository.
# Run:   tools/test.py THIS
#        or tools/track_detections.py THIS DETECTIONS OUT
# Time:  seconds on one CPU core.
# Score: measured, see configs/sparsetrack/README.md.
_base_ = ['../_base_/datasets/detections_pets09.py', '../_base_/default_runtime.py']

model = dict(
    type='TrackingByDetection',
    detector=None,
    tracker=dict(type='SparseTracker'),
)
