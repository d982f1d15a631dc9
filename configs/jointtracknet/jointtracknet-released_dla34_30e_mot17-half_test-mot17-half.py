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
train_pipeline = _base_.train_pipeline
train_pipeline[1].update(mode='width', reference_corners=2)  # PairedCenterAffine
train_pipeline[3].update(  # CenterTargets
    noisy_lost_target=True, identity_requires_prev=True, match_unidentified=True
)
test_pipeline = _base_.test_pipeline
test_pipeline[1].update(mode='width')  # CenterResize
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
optim_wrapper = dict(paramwise_cfg=dict(_delete_=True))  # decays the weights of the tasks, too
