# NanoTrack with NanoDet-Plus-m-416 (COCO weights) on DanceTrack, validation sequences.
#
# Paper: none found; the released program, https://github.com/VjiaLi/NanoTrack.
# Run:   tools/test.py THIS --detector NANODET_PLUS_M_416_CHECKPOINT
#        the test sequences, as a zip for the server: --format-only --cfg-options
#          test_dataloader.dataset.data_root=data/DanceTrack/test
#        any other tracker: --tracker CONFIG
# Time:  not measured.
# Score: none measured, and the authors have published none.
#
# Published weights: nanodet-plus-m_416_checkpoint.ckpt of https://github.com/RangiLyu/nanodet.
_base_ = [
    '../_base_/models/nanodet_plus_m.py',
    '../_base_/datasets/dancetrack_test.py',
    '../_base_/default_runtime.py',
]

detector = _base_.model
detector.test_cfg.classes = [0]  # COCO's person
detector.pop('aux_bbox_head', None)  # only training needs it
del _base_.model

model = dict(
    type='TrackingByDetection',
    detector=detector,
    tracker=dict(type='NanoTracker'),
)
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(416, 416), keep_ratio=False),  # as its weights were trained
            dict(type='PackFrameInputs'),
        ]
    )
)
