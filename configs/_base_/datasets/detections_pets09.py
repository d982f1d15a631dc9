# PETS09-S2L1 with the person detections of NanoDet-Plus-m-416 (COCO weights), a file of text.
_base_ = 'detections.py'

test_dataloader = dict(
    dataset=dict(
        data_root='data/PETS09-S2L1',
        pipeline=[
            dict(type='LoadDetections', path='data/PETS09-S2L1/nanodet-plus_detections.txt'),
            dict(type='PackFrameInputs'),
        ],
    )
)
