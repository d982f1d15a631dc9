# SORT with NanoDet-Plus-m on SynthMOT.
#
# Paper: Simple Online and Realtime Tracking, Bewley et al., ICIP 2016 (arXiv 1602.00763). Its
#        default thresholds; scores from 0.5, as the detections published with it.
# Run:   tools/test.py THIS --detector NANODET_CHECKPOINT
#        or tools/train.py THIS, which trains the detector and validates the tracks
# Time:  training as configs/nanodet/nanodet-plus-m_synthmot.py; a test takes under a minute.
# Score: measured, see configs/sort/README.md.
_base_ = ['../nanodet/nanodet-plus-m_synthmot.py']

detector = _base_.model
del _base_.model

model = dict(
    type='TrackingByDetection',
    detector=detector,
    tracker=dict(type='SORTTracker', min_score=0.5),
)
val_evaluator = [*_base_.val_evaluator, dict(type='MOTMetric')]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='mot/HOTA', rule='greater'))
