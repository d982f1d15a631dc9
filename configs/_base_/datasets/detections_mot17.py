# MOT17, training sequences, with cached detections of YOLOX-X: one copy of each video.
#
# The public detections of all 21 sequences, each of its own detector:
#   --cfg-options "test_dataloader.dataset.sequences=[MOT17-*]" \
#     test_dataloader.dataset.pipeline.0.path=data/MOT17/train
# The test sequences, for the server: --format-only --cfg-options
#   test_dataloader.dataset.data_root=data/MOT17/test
_base_ = 'detections.py'

test_dataloader = dict(
    dataset=dict(
        data_root='data/MOT17/train',
        sequences=['MOT17-*-FRCNN'],
        pipeline=[
            dict(type='LoadDetections', path='data/MOT17/yolox_x_detections'),
            dict(type='PackFrameInputs'),
        ],
    )
)
