# DeepSORT as published: MOT16 with the detections of POI and their embeddings.
#
# Paper: DeepSORT, Wojke et al., ICIP 2017 (arXiv 1703.07402). The paper's thresholds.
# Run:   tools/test.py THIS
#        or tools/track_detections.py THIS data/MOT16/poi_detections OUT --sequences-dir \
#          data/MOT16/train
# Time:  seconds on one CPU core.
# Score: quoted for the test sequences, see configs/deepsort/README.md. None measured.
_base_ = ['../_base_/datasets/detections_mot16.py', '../_base_/default_runtime.py']

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
