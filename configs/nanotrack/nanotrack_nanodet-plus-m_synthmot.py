# NanoTrack with NanoDet-Plus-m on SynthMOT.
#
# Paper: none found; the released program, https://github.com/VjiaLi/NanoTrack. Its thresholds.
# Run:   tools/test.py THIS --detector NANODET_CHECKPOINT
#        or tools/train.py THIS, which trains the detector and validates the tracks
# Time:  training as configs/nanodet/nanodet-plus-m_synthmot.py; a test takes under a minute.
# Score: measured, see configs/nanotrack/README.md.
_base_ = ['../nanodet/nanodet-plus-m_synthmot.py']

detector = _base_.model
del _base_.model

model = dict(
    type='TrackingByDetection',
    detector=detector,
    tracker=dict(type='NanoTracker'),
)
val_evaluator = [*_base_.val_evaluator, dict(type='MOTMetric')]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='mot/HOTA', rule='greater'))
