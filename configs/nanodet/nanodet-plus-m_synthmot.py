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
    '../_base_/schedules/nanodet_plus.py',
    '../_base_/schedules/synthmot.py',
    '../_base_/default_runtime.py',
]

model = dict(
    bbox_head=dict(num_classes=1),
    # Only in training: half as wide and deep as the original's, which takes two thirds of a step.
    aux_bbox_head=dict(feat_channels=96, stacked_convs=2),
    detach_epoch=4,
)

train_dataloader = dict(batch_size=8)
train_cfg = dict(max_epochs=6, val_interval=6)
optim_wrapper = dict(optimizer=dict(lr=2e-3))
param_scheduler = _base_.synthmot_schedule
param_scheduler[1].update(eta_min=5e-5, T_max=6)  # CosineAnnealingLR
auto_scale_lr = dict(base_batch_size=8)
custom_hooks = _base_.average_weights
val_evaluator = _base_.val_evaluator[:1]  # a detector alone: average precision, no tracks
test_evaluator = val_evaluator
