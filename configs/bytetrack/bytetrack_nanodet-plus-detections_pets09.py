# ByteTrack over NanoDet-Plus-m-416 detections (COCO weights, person) of PETS09-S2L1.
#
# Paper: ByteTrack, Zhang et al., ECCV 2022 (arXiv 2110.06864). Its default thresholds.
# Run:   tools/test.py THIS
#        or tools/track_detections.py THIS DETECTIONS OUT
# Time:  seconds on one CPU core.
# Score: measured, see configs/bytetrack/README.md.
_base_ = ['../_base_/datasets/detections_pets09.py', '../_base_/default_runtime.py']

model = dict(
    type='TrackingByDetection',
    detector=None,
    tracker=dict(type='ByteTracker'),
)
