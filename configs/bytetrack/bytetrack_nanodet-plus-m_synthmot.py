# ByteTrack with NanoDet-Plus-m on SynthMOT: what `make demo` tests.
#
# Paper: ByteTrack, Zhang et al., ECCV 2022 (arXiv 2110.06864); its default thresholds.
# Run:   tools/test.py THIS --detector NANODET_CHECKPOINT
#        or tools/train.py THIS, which trains the detector and validates the tracks
# Time:  training as configs/nanodet/nanodet-plus-m_synthmot.py; a test takes under a minute.
# Score: measured, see configs/bytetrack/README.md.
_base_ = ['../nanodet/nanodet-plus-m_synthmot.py']

detector = _base_.model
del _base_.model

model = dict(
    type='TrackingByDetection',
    detector=detector,
    tracker=dict(type='ByteTracker'),
)
val_evaluator = [*_base_.val_evaluator, dict(type='MOTMetric')]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best='mot/HOTA', rule='greater'))
