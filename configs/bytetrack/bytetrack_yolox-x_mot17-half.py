# ByteTrack with YOLOX-X on the second halves of the MOT17 training sequences.
#
# Paper: ByteTrack, Zhang et al., ECCV 2022 (arXiv 2110.06864). The settings of its released
#        program, by sequence.
# Run:   tools/test.py THIS --detector CHECKPOINT --interpolate linear
# Time:  not measured.
# Score: quoted, mmdet 3.3 with these weights (configs/bytetrack/metafile.yml there), one buffer
#        of 30 frames: HOTA 67.5, MOTA 78.6, IDF1 78.5. None measured.
#
# CHECKPOINT: see configs/_base_/models/yolox_x.py.
_base_ = [
    '../_base_/models/yolox_x.py',
    '../_base_/datasets/mot17_frcnn_test.py',
    '../_base_/default_runtime.py',
]

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
test_dataloader = dict(
    dataset=dict(
        frames='second-half',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(1440, 800), keep_ratio=True),  # width, height
            dict(type='PackFrameInputs'),
        ],
    )
)
