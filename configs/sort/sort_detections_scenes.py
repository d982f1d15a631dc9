# SORT over the bundled scenes (tests/data/scenes, made by mmtrack_ext/testing/scenes.py).
#
# Paper: Simple Online and Realtime Tracking, Bewley et al., ICIP 2016 (arXiv 1602.00763).
# Run:   tools/test.py THIS
#        or tools/track_detections.py THIS tests/data/scenes OUT
#        tools/evaluate_mot.py OUT tests/data/scenes
# Time:  under a second on one CPU core.
# Score: see configs/sort/README.md.
_base_ = ['../_base_/datasets/detections.py', '../_base_/default_runtime.py']

model = dict(
    type='TrackingByDetection',
    detector=None,
    tracker=dict(type='SORTTracker'),
)
