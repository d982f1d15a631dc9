# Sequences in MOTChallenge layout, images read from their folders, scored.
#
# Another config sets data_root: a folder of sequences, or one sequence.
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='VideoSampler'),
    dataset=dict(
        type='MOTSequenceDataset',
        data_root=None,
        metainfo=dict(classes=('pedestrian',)),
        # A leaf config puts the sizes in between that its detector wants.
        pipeline=[dict(type='LoadImageFromFile'), dict(type='PackFrameInputs')],
    ),
)
test_evaluator = [dict(type='MOTMetric')]
test_cfg = dict(type='TestLoop')
