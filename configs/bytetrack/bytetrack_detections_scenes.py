# ByteTrack over the bundled scenes (tests/data/scenes, made by mmtrack_ext/testing/scenes.py).
#
# Paper: ByteTrack, Zhang et al., ECCV 2022 (arXiv 2110.06864).
# Run:   tools/test.py THIS
# Time:  under a second on one CPU core.
# Score: see configs/bytetrack/README.md.
_base_ = ['../_base_/datasets/detections.py', '../_base_/default_runtime.py']

model = dict(
    type='TrackingByDetection',
    detector=None,
    tracker=dict(type='ByteTracker'),
)
