# ByteTrack with YOLOX-X on the test sequences of MOT20, for the server.
#
# Paper: ByteTrack, Zhang et al., ECCV 2022 (arXiv 2110.06864). The settings of its released
#        program, by sequence.
# Run:   tools/test.py THIS --detector CHECKPOINT --interpolate linear
# Time:  not measured.
# Score: quoted from the paper: HOTA 61.3, MOTA 77.8, IDF1 75.2. None measured.
#
# MOT20-06 and -08 are wider than the others and have a size of input of their own.
_base_ = [
    '../_base_/models/yolox_x.py',
    '../_base_/datasets/mot20_test.py',
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
        high_max_cost=0.7,
        low_max_cost=0.5,
        tentative_max_cost=0.7,
        max_age=30,
        fuse_score=False,
        output_min_area=100,
        output_max_aspect_ratio=1.6,
        per_sequence={
            'MOT20-06': dict(high_min_score=0.3, init_min_score=0.4),
            'MOT20-08': dict(high_min_score=0.3, init_min_score=0.4),
        },
    ),
)
test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            dict(
                type='MOTSequenceDataset',
                data_root='data/MOT20/test',
                sequences=sequences,
                metainfo=dict(classes=('pedestrian',)),
                pipeline=[
                    dict(type='LoadImageFromFile'),
                    dict(type='Resize', scale=size, keep_ratio=True),  # width, height
                    dict(type='PackFrameInputs'),
                ],
            )
            for sequences, size in (
                (['MOT20-04', 'MOT20-07'], (1600, 896)),
                (['MOT20-06', 'MOT20-08'], (1920, 736)),
            )
        ],
    )
)
test_evaluator = [dict(type='MOTMetric', format_only=True)]  # the ground truth is the server's
