# MOT20, training sequences, with cached detections of YOLOX-X.
_base_ = 'detections.py'

test_dataloader = dict(
    dataset=dict(
        data_root='data/MOT20/train',
        pipeline=[
            dict(type='LoadDetections', path='data/MOT20/yolox_x_detections'),
            dict(type='PackFrameInputs'),
        ],
    )
)
