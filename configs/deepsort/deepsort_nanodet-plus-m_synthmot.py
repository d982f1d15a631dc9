# DeepSORT with NanoDet-Plus-m and colour histograms on SynthMOT.
#
# Paper: DeepSORT, Wojke et al., ICIP 2017 (arXiv 1703.07402). The paper's thresholds.
# Run:   tools/test.py THIS --detector NANODET_CHECKPOINT
#        or tools/train.py THIS, which trains the detector and validates the tracks
# Time:  training as configs/nanodet/nanodet-plus-m_synthmot.py; a test takes under a minute.
# Score: measured, see configs/deepsort/README.md.
#
# The embedder has no weights: it stands for a trained one, for which the paper's limit of 0.2 was
# chosen.
_base_ = ['../nanodet/nanodet-plus-m_synthmot.py']

detector = _base_.model
del _base_.model

model = dict(
    type='TrackingByDetection',
    detector=detector,
    reid=dict(type='ColorHistogram'),
    tracker=dict(
        type='DeepSORTTracker',
        variant='nwojke',
        min_confidence=0.3,
        max_cosine_distance=0.2,
        nn_budget=100,
        max_iou_distance=0.7,
        max_age=30,
        n_init=3,
    ),
)
# The embedder cuts its boxes out of the frame as it was.
test_pipeline = [dict(type='LoadImageFromFile'), dict(type='KeepFrame'), *_base_.test_pipeline[1:]]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = [*_base_.val_evaluator, dict(type='MOTMetric')]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='mot/HOTA', rule='greater'))
