# JointTrackNet with a tiny DLA on SynthMOT at 320 x 192, from scratch: small enough for a CPU.
#
# Paper: none; https://github.com/simsekfe/JointTrackNet. Its inputs, heads, losses and pairs of
#        frames; widths, optimizer and schedule are ours.
# Run:   tools/dataset_converters/make_synth_mot.py data/SynthMOT
#        tools/dataset_converters/mot2coco.py -i data/SynthMOT -o data/SynthMOT/annotations
#        tools/train.py THIS
# Time:  under 30 minutes on one CPU core.
# Score: measured, see configs/jointtracknet/README.md.
_base_ = [
    '../_base_/models/joint_track_net_dla34.py',
    '../_base_/datasets/synthmot.py',
    '../_base_/schedules/synthmot.py',
    '../_base_/default_runtime.py',
]

channels = (8, 16, 32, 48, 64, 96)
model = dict(
    backbone=dict(depth='tiny', channels=channels),
    neck=dict(in_channels=channels[2:], node='conv'),
    bbox_head=dict(in_channels=channels[2], head_channels=64, embedding_channels=64),
    criterion=dict(identity=dict(num_ids=369, channels=64)),  # those of data/SynthMOT
)

train_pipeline = [
    dict(
        type='TransformBroadcaster',
        transforms=[dict(type='LoadImageFromFile'), dict(type='LoadTrackAnnotations')],
    ),
    dict(
        type='PairedCenterAffine',
        scale=_base_.img_scale,
        random_crop=False,  # too much of a change for so few epochs
        shift=0.1,
        scale_noise=0.2,
    ),
    dict(type='TransformBroadcaster', transforms=[dict(type='CenterColorJitter')]),
    dict(type='CenterTargets', num_classes=1),
    dict(type='TransformBroadcaster', transforms=[dict(type='PackFrameInputs')]),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='CenterResize', scale=_base_.img_scale),
    dict(type='PackFrameInputs'),
]
train_dataloader = dict(
    batch_size=8,  # pairs
    dataset=dict(
        first_identity=0,
        reference=dict(frame_range=2),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=12, val_interval=12)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-3, weight_decay=1e-4),
    # The two weights of the tasks are no weights of a layer.
    paramwise_cfg=dict(custom_keys={'criterion.task_weights': dict(decay_mult=0.0)}),
    clip_grad=dict(max_norm=35),
)
param_scheduler = _base_.synthmot_schedule
param_scheduler[1].update(T_max=12)  # CosineAnnealingLR
auto_scale_lr = dict(enable=False, base_batch_size=8)
