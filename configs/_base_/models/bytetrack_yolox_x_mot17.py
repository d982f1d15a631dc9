# ByteTrack with YOLOX-X, with the settings of its released program for the videos of MOT17.
#
# Paper: ByteTrack, Zhang et al., ECCV 2022 (arXiv 2110.06864).
_base_ = ['yolox_x.py']

detector = _base_.model
del _base_.model

model = dict(
    type='TrackingByDetection',
    detector=detector,
    tracker=dict(
        type='ByteTracker',
        high_min_score=0.6,
        low_min_score=0.1,
        init_min_score=0.7,  # in every sequence 0.1 above high_min_score
        high_max_cost=0.9,
        low_max_cost=0.5,
        tentative_max_cost=0.7,
        max_age=30,
        output_min_area=100,
        output_max_aspect_ratio=1.6,
        per_sequence={
            f'MOT17-{video}-{copy}': changes
            for copy in ('DPM', 'FRCNN', 'SDP')
            for video, changes in {
                '01': dict(high_min_score=0.65, init_min_score=0.75),
                '05': dict(max_age=14),
                '06': dict(high_min_score=0.65, init_min_score=0.75, max_age=14),
                '12': dict(high_min_score=0.7, init_min_score=0.8),
                '13': dict(max_age=25),
                '14': dict(high_min_score=0.67, init_min_score=0.77, max_age=25),
            }.items()
        },
    ),
)
