# Sequences in MOTChallenge layout with cached detections; no images are read.
#
# A leaf config sets data_root (folder of SEQ/seqinfo.ini and SEQ/gt/gt.txt), frames, and the path
# of the detections (a file, or a folder in any layout that tools/track_detections.py reads).
test_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=dict(type='VideoSampler'),
    dataset=dict(
        type='MOTSequenceDataset',
        data_root='tests/data/scenes',
        frames='all',
        metainfo=dict(classes=('pedestrian',)),
        pipeline=[
            dict(type='LoadDetections', path='tests/data/scenes'),
            dict(type='PackFrameInputs'),
        ],
    ),
)
test_evaluator = [dict(type='MOTMetric')]
test_cfg = dict(type='TestLoop')
