# JointTrackNet's first training: still images of CrowdHuman as pairs, without identities.
#
# Paper: CenterTrack, Zhou et al., ECCV 2020 (arXiv 2004.01177), whose CrowdHuman recipe it is.
# Run:   tools/dataset_converters/crowdhuman2coco.py -i data/crowdhuman \
#          -o data/crowdhuman/annotations
#        tools/train.py THIS; its checkpoint is load_from of the other configs
# Time:  not measured; published, 21 hours on 4 GPUs.
# Score: quoted, CenterTrack: MOTA 52.2 on the second halves of MOT17. None measured.
#
# The second frame of a pair is the first, moved and scaled: motion to learn from.
_base_ = ['./jointtracknet_dla34_30e_mot17-half_test-mot17-half.py']

model = dict(
    bbox_head=dict(heads=('hm', 'reg', 'wh', 'ltrb_amodal', 'tracking')),
    criterion=dict(identity=None),
    tracker=dict(use_embedding=False),
)
train_pipeline = _base_.train_pipeline
train_pipeline[1].update(shift=0.05, scale_noise=0.05, same_warp=False)  # PairedCenterAffine
train_dataloader = dict(
    batch_size=64,
    dataset=dict(
        data_root='data/crowdhuman/',
        ann_file='annotations/crowdhuman_train.json',
        sequences=None,
        pipeline=train_pipeline,
    ),
)
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='Adam', lr=2.5e-4),
    paramwise_cfg=dict(_delete_=True),
)
param_scheduler = [dict(type='MultiStepLR', by_epoch=True, begin=0, end=140, milestones=[90, 120])]
train_cfg = dict(max_epochs=140, val_interval=10)
auto_scale_lr = dict(enable=False, base_batch_size=64)
