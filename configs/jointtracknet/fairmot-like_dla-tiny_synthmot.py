# Like FairMOT, with a tiny DLA on SynthMOT: single frames, embeddings, no displacements.
#
# Paper: FairMOT, Zhang et al., IJCV 2021 (arXiv 2004.01888); see
#        fairmot-like_dla34_30e_mot17-half_test-mot17-half.py.
# Run:   as jointtracknet_dla-tiny_synthmot.py
# Time:  under 30 minutes on one CPU core.
# Score: measured, see configs/jointtracknet/README.md.
_base_ = ['./jointtracknet_dla-tiny_synthmot.py']

model = dict(
    backbone=dict(use_prev_img=False, use_prior_heatmap=False),
    bbox_head=dict(heads=('hm', 'reg', 'wh', 'ltrb_amodal', 'embedding')),
    tracker=dict(use_displacement=False),
)
