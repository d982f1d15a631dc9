# JointTrackNet with DLA-34 on the first halves of MOT17's training sequences; tested on the second
# halves.
#
# Paper: none; https://github.com/simsekfe/JointTrackNet. Its published recipe, with the faults of
#        the program mended; jointtracknet-released_... has them.
# Run:   tools/dataset_converters/mot2coco.py -i data/MOT17 -o data/MOT17/annotations --split-train
#        tools/train.py THIS --cfg-options load_from=CHECKPOINT
#          which is that of jointtracknet_dla34_140e_crowdhuman_test-mot17-half.py, or what
#          tools/model_converters/jointtracknet_to_mmtrack_ext.py makes of CenterTrack's
#        tools/test.py THIS CHECKPOINT
# Time:  not measured; published, 55 minutes an epoch of DanceTrack on an RTX 4090.
# Score: none measured. Quoted ones, of test sets: configs/jointtracknet/README.md.
_base_ = [
    '../_base_/models/joint_track_net_dla34.py',
    '../_base_/datasets/mot17_half.py',
    '../_base_/default_runtime.py',
]

img_scale = (960, 544)  # width, height
train_pipeline = [
    dict(
        type='TransformBroadcaster',
        transforms=[dict(type='LoadImageFromFile'), dict(type='LoadTrackAnnotations')],
    ),
    dict(type='PairedCenterAffine', scale=img_scale),
    dict(type='TransformBroadcaster', transforms=[dict(type='CenterColorJitter')]),
    dict(type='CenterTargets', num_classes=1),
    dict(type='TransformBroadcaster', transforms=[dict(type='PackFrameInputs')]),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='CenterResize', scale=img_scale),
    dict(type='PackFrameInputs'),
]
# One of the three copies of each sequence: in the others the same people have other identities.
sequences = ['MOT17-*-FRCNN']
train_dataloader = dict(
    batch_size=8,  # pairs
    num_workers=8,
    drop_last=True,
    dataset=dict(
        sequences=sequences,
        first_identity=0,
        reference=dict(frame_range=2, include_key=True),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(dataset=dict(sequences=sequences, pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = [dict(type='MOTMetric')]  # average precision would count all copies
test_evaluator = val_evaluator

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=1.25e-3, momentum=0.9, weight_decay=1e-4),
    # The two weights of the tasks are no weights of a layer.
    paramwise_cfg=dict(custom_keys={'criterion.task_weights': dict(decay_mult=0.0)}),
)
param_scheduler = [dict(type='MultiStepLR', by_epoch=True, begin=0, end=30, milestones=[25])]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=30, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=8)
default_hooks = dict(checkpoint=dict(save_best='mot/HOTA', rule='greater'))
