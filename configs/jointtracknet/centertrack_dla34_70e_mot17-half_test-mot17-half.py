# CenterTrack: the same network without embeddings, each detection takes the nearest track.
#
# Paper: CenterTrack, Zhou et al., ECCV 2020 (arXiv 2004.01177).
# Run:   as jointtracknet_dla34_30e_mot17-half_test-mot17-half.py
# Time:  not measured; published, 2 hours on 4 GPUs.
# Score: quoted, CenterTrack: MOTA 66.1. None measured.
_base_ = ['./jointtracknet_dla34_30e_mot17-half_test-mot17-half.py']

model = dict(
    bbox_head=dict(heads=('hm', 'reg', 'wh', 'ltrb_amodal', 'tracking')),
    criterion=dict(identity=None),
    tracker=dict(use_embedding=False, max_age=30),
)
train_dataloader = dict(batch_size=32)
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='Adam', lr=1.25e-4), paramwise_cfg=dict(_delete_=True)
)
param_scheduler = [dict(type='MultiStepLR', by_epoch=True, begin=0, end=70, milestones=[60])]
train_cfg = dict(max_epochs=70)
auto_scale_lr = dict(enable=False, base_batch_size=32)
