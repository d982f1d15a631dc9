# Like FairMOT: the same network on single frames, with embeddings and without displacements.
#
# Paper: FairMOT, Zhang et al., IJCV 2021 (arXiv 2004.01888). Its network, heads and losses; the
#        tracker is JointTrackNet's, without Kalman filter and second round.
# Run:   as jointtracknet_dla34_30e_mot17-half_test-mot17-half.py
# Time:  not measured.
# Score: none measured.
_base_ = ['./jointtracknet_dla34_30e_mot17-half_test-mot17-half.py']

model = dict(
    backbone=dict(use_prev_img=False, use_prior_heatmap=False),
    bbox_head=dict(heads=('hm', 'reg', 'wh', 'ltrb_amodal', 'embedding')),
    tracker=dict(use_displacement=False),
)
