# MOT17, second halves of the training sequences, with cached detections of YOLOX-X.
_base_ = 'detections.py'

test_dataloader = dict(
    dataset=dict(
        data_root='data/MOT17/train',
        sequences=['MOT17-*-FRCNN'],
        frames='second-half',
        pipeline=[
            dict(type='LoadDetections', path='data/MOT17/yolox_x_detections'),
            dict(type='PackFrameInputs'),
        ],
    )
)
