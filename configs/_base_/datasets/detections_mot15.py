# MOT15, training sequences, with their det/det.txt; SORT's are of a Faster R-CNN.
_base_ = 'detections.py'

test_dataloader = dict(
    dataset=dict(
        data_root='data/MOT15/train',
        pipeline=[
            dict(type='LoadDetections', path='data/MOT15/train'),
            dict(type='PackFrameInputs'),
        ],
    )
)
