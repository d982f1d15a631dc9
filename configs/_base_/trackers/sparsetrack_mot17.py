# For model.tracker: SparseTrack with the settings of its released program for the videos of MOT17.
#
# Paper: SparseTrack, Liu et al., 2023 (arXiv 2306.05238).
sparsetrack_mot17 = dict(
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
)
