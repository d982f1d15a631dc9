# MOT17 from its folders: one copy of each of the seven training videos, scored.
#
# The test sequences, for the server; the archive has each result under the three names:
#   --format-only --cfg-options test_dataloader.dataset.data_root=data/MOT17/test
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='VideoSampler'),
    dataset=dict(
        type='MOTSequenceDataset',
        data_root='data/MOT17/train',
        sequences=['MOT17-*-FRCNN'],
        metainfo=dict(classes=('pedestrian',)),
        # A leaf config puts the sizes in between that its detector wants.
        pipeline=[dict(type='LoadImageFromFile'), dict(type='PackFrameInputs')],
    ),
)
test_evaluator = [dict(type='MOTMetric')]
test_cfg = dict(type='TestLoop')
