# MOT20 from its folders: the four training sequences, scored.
#
# The test sequences, for the server:
#   --format-only --cfg-options test_dataloader.dataset.data_root=data/MOT20/test
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='VideoSampler'),
    dataset=dict(
        type='MOTSequenceDataset',
        data_root='data/MOT20/train',
        metainfo=dict(classes=('pedestrian',)),
        # A leaf config puts the sizes in between that its detector wants.
        pipeline=[dict(type='LoadImageFromFile'), dict(type='PackFrameInputs')],
    ),
)
test_evaluator = [dict(type='MOTMetric')]
test_cfg = dict(type='TestLoop')
