# JointTrackNet as released: its resizing, targets and tracker with all their quirks.
#
# Paper: none; https://github.com/simsekfe/JointTrackNet; settings of experiments/test.sh: trained
#        with the prior heat map, tested without its stem, max_age 150.
# Run:   as jointtracknet_dla34_30e_mot17-half_test-mot17-half.py; also tests what that has trained
# Time:  not measured.
# Score: none measured. Quoted ones, of test sets: configs/jointtracknet/README.md.
_base_ = ['./jointtracknet_dla34_30e_mot17-half_test-mot17-half.py']

model = dict(
    test_cfg=dict(use_prior_heatmap=False, track_center='cell'),
    tracker=dict(max_age=150, embedding_update='recursive', compat_released=True),
)
train_pipeline = [
    dict(
        type='TransformBroadcaster',
        transforms=[dict(type='LoadImageFromFile'), dict(type='LoadTrackAnnotations')],
    ),
    dict(type='PairedCenterAffine', scale=_base_.img_scale, mode='width', reference_corners=2),
    dict(type='TransformBroadcaster', transforms=[dict(type='CenterColorJitter')]),
    dict(
        type='CenterTargets',
        num_classes=1,
        noisy_lost_target=True,
        identity_requires_prev=True,
        match_unidentified=True,
    ),
    dict(type='TransformBroadcaster', transforms=[dict(type='PackFrameInputs')]),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='CenterResize', scale=_base_.img_scale, mode='width'),
    dict(type='PackFrameInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
optim_wrapper = dict(paramwise_cfg=dict(_delete_=True))  # decays the weights of the tasks, too
