# NanoDet-m on SynthMOT at 320 x 192, from scratch: small enough for two CPU cores.
#
# Paper: none; NanoDet 1.0, https://github.com/RangiLyu/nanodet. Its model, losses and kinds of
#        augmentation, these milder; optimizer and schedule are NanoDet-Plus's, cut to minutes.
# Run:   tools/dataset_converters/make_synth_mot.py data/SynthMOT
#        tools/dataset_converters/mot2coco.py -i data/SynthMOT -o data/SynthMOT/annotations
#        tools/train.py THIS
# Time:  minutes on two CPU cores; measured, see configs/nanodet/README.md.
# Score: person AP, measured, see configs/nanodet/README.md.
_base_ = [
    '../_base_/models/nanodet_m.py',
    '../_base_/datasets/synthmot.py',
    '../_base_/schedules/nanodet_plus.py',
    '../_base_/schedules/synthmot.py',
    '../_base_/default_runtime.py',
]

model = dict(bbox_head=dict(num_classes=1))

img_scale = (320, 192)  # width, height, the ratio of the frames
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='RandomWarp',
        scale=img_scale,
        keep_ratio=True,
        ratio_range=(0.8, 1.2),
        flip_prob=0.5,
        max_translate_ratio=0.1,
    ),
    dict(type='NanoDetColor', brightness=0.2, contrast=(0.6, 1.4), saturation=(0.5, 1.2)),
    dict(type='PackFrameInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='WarpResize', scale=img_scale, keep_ratio=True),
    dict(type='PackFrameInputs'),
]
train_dataloader = dict(batch_size=8, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

train_cfg = dict(max_epochs=12, val_interval=12)
optim_wrapper = dict(optimizer=dict(lr=2e-3))
param_scheduler = _base_.synthmot_schedule
param_scheduler[1].update(eta_min=5e-5, T_max=12)  # CosineAnnealingLR
auto_scale_lr = dict(base_batch_size=8)
custom_hooks = _base_.average_weights
val_evaluator = _base_.val_evaluator[:1]  # a detector alone: average precision, no tracks
test_evaluator = val_evaluator
