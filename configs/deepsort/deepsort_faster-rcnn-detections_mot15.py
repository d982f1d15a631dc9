# DeepSORT over public Faster R-CNN detections of the MOT15 training sequences.
#
# Paper: DeepSORT, Wojke et al., ICIP 2017 (arXiv 1703.07402). The paper's thresholds.
# Run:   tools/test.py THIS
#        or tools/track_detections.py THIS MOT15/train OUT
# Time:  seconds on one CPU core.
# Score: measured, see configs/deepsort/README.md.
#
# These detections have no embeddings, so DeepSORT matches by overlap alone.
_base_ = ['../_base_/datasets/detections_mot15.py', '../_base_/default_runtime.py']

model = dict(
    type='TrackingByDetection',
    detector=None,
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
