# QDTrack with NanoDet-Plus-m and colour histograms on SynthMOT.
#
# Paper: QDTrack, Pang et al., CVPR 2021 (arXiv 2006.06664). Only its tracker.
# Run:   tools/test.py THIS --detector NANODET_CHECKPOINT
#        or tools/train.py THIS, which trains the detector and validates the tracks
# Time:  training as configs/nanodet/nanodet-plus-m_synthmot.py; a test takes under a minute.
# Score: measured, see configs/qdtrack/README.md.
#
# The similarities are cosines: of vectors of length 1 the bidirectional softmax is nearly flat,
# since the method learns vectors whose products are large. The limits of scores are ours, as this
# detector gives them.
_base_ = ['../nanodet/nanodet-plus-m_synthmot.py']

detector = _base_.model
del _base_.model

model = dict(
    type='TrackingByDetection',
    detector=detector,
    reid=dict(type='ColorHistogram'),
    tracker=dict(
        type='QuasiDenseTracker',
        init_min_score=0.6,
        match_min_score=0.4,
        max_age=29,
        metric='cosine',
    ),
)
# The embedder cuts its boxes out of the frame as it was.
test_pipeline = [dict(type='LoadImageFromFile'), dict(type='KeepFrame'), *_base_.test_pipeline[1:]]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = [*_base_.val_evaluator, dict(type='MOTMetric')]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='mot/HOTA', rule='greater'))
