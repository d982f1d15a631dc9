# NanoDet-Plus-m on SynthMOT at 320 x 192, from scratch: small enough for two CPU cores.
#
# Paper: none; NanoDet-Plus 1.0, https://github.com/RangiLyu/nanodet. Its loss, assigner, optimizer
#        and averaging of weights; the schedule lasts minutes; augmentation: flip, colour.
# Run:   tools/dataset_converters/make_synth_mot.py data/SynthMOT
#        tools/dataset_converters/mot2coco.py -i data/SynthMOT -o data/SynthMOT/annotations
#        tools/train.py THIS
# Time:  minutes on two CPU cores; measured, see configs/nanodet/README.md.
# Score: person AP, measured, see configs/nanodet/README.md.
_base_ = [
    '../_base_/models/nanodet_plus_m.py',
    '../_base_/datasets/synthmot.py',
    '../_base_/default_runtime.py',
]

model = dict(
    bbox_head=dict(num_classes=1),
    # Only in training: half as wide and deep as the original's, which takes two thirds of a step.
    aux_bbox_head=dict(feat_channels=96, stacked_convs=2),
    detach_epoch=4,
)

train_dataloader = dict(batch_size=8)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=6, val_interval=6)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-3, weight_decay=0.05),
    clip_grad=dict(max_norm=35),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-2, by_epoch=False, begin=0, end=30),
    dict(
        type='CosineAnnealingLR',
        eta_min=5e-5,
        T_max=6,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
]
auto_scale_lr = dict(enable=False, base_batch_size=8)
custom_hooks = [
    dict(
        type='EMAHook',
        ema_type='ExpMomentumEMA',
        momentum=0.0002,
        gamma=2000,
        update_buffers=True,
        priority=49,
    ),
]
# A detector alone: average precision, no tracks.
val_evaluator = [
    dict(
        type='VideoCocoMetric',
        ann_file='data/SynthMOT/annotations/val_cocoformat.json',
        metric='bbox',
    )
]
test_evaluator = val_evaluator
