# SparseTrack over cached YOLOX-X detections of the MOT17 training sequences.
#
# Paper: SparseTrack, Liu et al., 2023 (arXiv 2306.05238). The settings of its released program,
#        by sequence.
# Run:   tools/test.py THIS --interpolate linear
#        or with a detector: tools/test.py configs/bytetrack/bytetrack_yolox-x_mot17-test.py \
#          --tracker THIS --detector CHECKPOINT --interpolate linear
# Time:  seconds on one CPU core.
# Score: none measured.
#
# The camera's motion is used where the files have it: tools/estimate_camera_motion.py adds it.
_base_ = [
    '../_base_/trackers/sparsetrack_mot17.py',
    '../_base_/datasets/detections_mot17.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='TrackingByDetection',
    detector=None,
    tracker=_base_.sparsetrack_mot17,
)
