# NanoTrack over the bundled scenes (tests/data/scenes, made by mmtrack_ext/testing/scenes.py).
#
# Paper: none found; the released program, https://github.com/VjiaLi/NanoTrack. Its thresholds.
# Run:   tools/test.py THIS
#        or tools/track_detections.py THIS tests/data/scenes OUT
# Time:  under a second on one CPU core.
# Score: measured, see configs/nanotrack/README.md.
_base_ = ['../_base_/datasets/detections.py', '../_base_/default_runtime.py']

model = dict(
    type='TrackingByDetection',
    detector=None,
    tracker=dict(type='NanoTracker'),
)
