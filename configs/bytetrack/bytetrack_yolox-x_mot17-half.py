# ByteTrack with YOLOX-X on the second halves of the MOT17 training sequences.
#
# Paper: ByteTrack, Zhang et al., ECCV 2022 (arXiv 2110.06864). The settings of its released
#        program, by sequence.
# Run:   tools/test.py THIS --detector CHECKPOINT --interpolate linear
# Time:  not measured.
# Score: quoted, mmdet 3.3 with these weights (configs/bytetrack/metafile.yml there), one buffer
#        of 30 frames: HOTA 67.5, MOTA 78.6, IDF1 78.5. None measured.
#
# CHECKPOINT: see configs/_base_/models/yolox_x.py.
_base_ = [
    '../_base_/models/bytetrack_yolox_x_mot17.py',
    '../_base_/datasets/mot17_frcnn_test.py',
    '../_base_/default_runtime.py',
]

test_dataloader = dict(
    dataset=dict(
        frames='second-half',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(1440, 800), keep_ratio=True),  # width, height
            dict(type='PackFrameInputs'),
        ],
    )
)
