# MOT17 from its folders: all 21 training sequences, scored: seven videos, each once for every
# public detector (DPM, FRCNN, SDP). A detector of one's own finds the same in the three copies, so
# mot17_frcnn_test.py is three times as fast; counts (FP, FN, IDSW) are a third then.
#
# The test sequences, for the server:
#   --format-only --cfg-options test_dataloader.dataset.data_root=data/MOT17/test
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='VideoSampler'),
    dataset=dict(
        type='MOTSequenceDataset',
        data_root='data/MOT17/train',
        metainfo=dict(classes=('pedestrian',)),
        # A leaf config puts the sizes in between that its detector wants.
        pipeline=[dict(type='LoadImageFromFile'), dict(type='PackFrameInputs')],
    ),
)
test_evaluator = [dict(type='MOTMetric')]
test_cfg = dict(type='TestLoop')
