# CenterTrack with a tiny DLA on SynthMOT: the same without embeddings.
#
# Paper: CenterTrack, Zhou et al., ECCV 2020 (arXiv 2004.01177).
# Run:   as jointtracknet_dla-tiny_synthmot.py
# Time:  under 30 minutes on one CPU core.
# Score: measured, see configs/jointtracknet/README.md.
_base_ = ['./jointtracknet_dla-tiny_synthmot.py']

model = dict(
    bbox_head=dict(heads=('hm', 'reg', 'wh', 'ltrb_amodal', 'tracking')),
    criterion=dict(identity=None),
    tracker=dict(use_embedding=False, max_age=30),
)
optim_wrapper = dict(paramwise_cfg=dict(_delete_=True))
