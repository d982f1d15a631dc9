# NanoTrack with the settings and the faults of its released program, over
# NanoDet-Plus-m-416 detections (COCO weights, person) of PETS09-S2L1.
#
# Paper: none found; the released program, https://github.com/VjiaLi/NanoTrack.
# Run:   tools/test.py THIS
#        or tools/test.py OTHER ... --tracker THIS
# Time:  seconds on one CPU core.
# Score: measured, see configs/nanotrack/README.md.
#
# Detections below 0.3 never reach the tracker there, so that its low scores are those from 0.3 to
# 0.45, and boxes are cut to whole pixels. --tracker THIS gives any other test these settings.
_base_ = ['../_base_/datasets/detections_pets09.py', '../_base_/default_runtime.py']

model = dict(
    type='TrackingByDetection',
    detector=None,
    tracker=dict(
        type='NanoTracker',
        compat_released=True,
        plus_one_iou=True,
        min_score=0.3,
        truncate_boxes=True,
    ),
)
