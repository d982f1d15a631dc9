# DanceTrack, validation sequences, with cached detections of YOLOX-X.
_base_ = 'detections.py'

test_dataloader = dict(
    dataset=dict(
        data_root='data/DanceTrack/val',
        pipeline=[
            dict(type='LoadDetections', path='data/DanceTrack/yolox_x_detections'),
            dict(type='PackFrameInputs'),
        ],
    )
)
