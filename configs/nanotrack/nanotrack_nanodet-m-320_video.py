# NanoTrack with NanoDet-m-320 (COCO weights) on any video, camera or folder of images.
#
# Paper: none found; the released program, https://github.com/VjiaLi/NanoTrack. Its thresholds.
# Run:   tools/track_video.py VIDEO THIS --detector NANODET_M_CHECKPOINT
#        or tools/test.py THIS --detector NANODET_M_CHECKPOINT, which scores sequences in
#          MOTChallenge's layout: --cfg-options test_dataloader.dataset.data_root=FOLDER
# Time:  see configs/nanotrack/README.md.
# Score: measured on PETS09-S2L1, see configs/nanotrack/README.md.
#
# Published weights: nanodet_m of https://github.com/RangiLyu/nanodet;
# tools/model_converters/nanodet_to_mmtrack_ext.py makes a checkpoint of it.
_base_ = [
    '../_base_/models/nanodet_m.py',
    '../_base_/loaders/sequences.py',
    '../_base_/default_runtime.py',
]

detector = _base_.model
detector.test_cfg.classes = [0]  # COCO's person
detector.test_cfg.max_per_img = -1  # all of a crowd
del _base_.model

model = dict(
    type='TrackingByDetection',
    detector=detector,
    tracker=dict(type='NanoTracker'),
)
test_dataloader = dict(
    dataset=dict(
        data_root='data/PETS09-S2L1',  # one sequence, or a folder of them
        metainfo=dict(classes=('person',)),
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(320, 320), keep_ratio=True),  # as its weights were trained
            dict(type='PackFrameInputs'),
        ],
    ),
)
