# NanoTrack over NanoDet-Plus-m-416 detections (COCO weights, person) of PETS09-S2L1.
#
# Paper: none found; the released program, https://github.com/VjiaLi/NanoTrack. Its thresholds.
# Run:   tools/test.py THIS
#        or tools/track_detections.py THIS DETECTIONS OUT
# Time:  seconds on one CPU core.
# Score: measured, see configs/nanotrack/README.md.
_base_ = ['../_base_/datasets/detections_pets09.py', '../_base_/default_runtime.py']

model = dict(
    type='TrackingByDetection',
    detector=None,
    tracker=dict(type='NanoTracker'),
)
