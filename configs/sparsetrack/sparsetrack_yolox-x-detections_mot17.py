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
_base_ = ['../_base_/datasets/detections_mot17.py', '../_base_/default_runtime.py']

model = dict(
    type='TrackingByDetection',
    detector=None,
    tracker=dict(
        type='SparseTracker',
        high_min_score=0.6,
        low_min_score=0.1,
        init_min_score=0.65,  # in every sequence 0.05 above high_min_score
        high_max_cost=0.75,
        low_max_cost=0.3,
        tentative_max_cost=0.8,
        max_age=30,
        high_depth_levels=1,
        low_depth_levels=3,
        output_min_area=100,
        output_max_aspect_ratio=1.6,
        per_sequence={
            f'MOT17-{video}-{copy}': changes
            for copy in ('DPM', 'FRCNN', 'SDP')
            for video, changes in {
                '01': dict(high_depth_levels=2),
                '05': dict(max_age=14),
                '06': dict(high_min_score=0.65, init_min_score=0.7, max_age=14),
                '12': dict(high_min_score=0.7, init_min_score=0.75),
                '13': dict(max_age=25),
            }.items()
        },
    ),
)
