# NanoTrack over cached YOLOX-X detections, second half of the MOT17 training sequences.
#
# Paper: none found; the released program, https://github.com/VjiaLi/NanoTrack. Its thresholds.
# Run:   tools/test.py THIS
#        or tools/track_detections.py THIS DETECTIONS OUT --frames second-half \
#          --sequences-dir MOT17/train
# Time:  seconds on one CPU core.
# Score: measured, see configs/nanotrack/README.md.
_base_ = ['../_base_/datasets/detections_mot17_half.py', '../_base_/default_runtime.py']

model = dict(
    type='TrackingByDetection',
    detector=None,
    tracker=dict(type='NanoTracker'),
)
