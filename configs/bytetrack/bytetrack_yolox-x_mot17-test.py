# ByteTrack with YOLOX-X on the test sequences of MOT17, for the server.
#
# Paper: ByteTrack, Zhang et al., ECCV 2022 (arXiv 2110.06864). The settings of its released
#        program, by sequence.
# Run:   tools/test.py THIS --detector CHECKPOINT --interpolate linear
#        writes submission.zip, which has each video under its three names
# Time:  not measured.
# Score: quoted from the paper: HOTA 63.1, MOTA 80.3, IDF1 77.3. None measured.
_base_ = [
    '../_base_/models/bytetrack_yolox_x_mot17.py',
    '../_base_/datasets/mot17_frcnn_test.py',
    '../_base_/default_runtime.py',
]

test_dataloader = dict(
    dataset=dict(
        data_root='data/MOT17/test',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(1440, 800), keep_ratio=True),  # width, height
            dict(type='PackFrameInputs'),
        ],
    )
)
test_evaluator = [dict(type='MOTMetric', format_only=True)]  # the ground truth is the server's
