# DeepSORT as PaddleDetection runs it, over cached detections of MOT16 with embeddings.
#
# Paper: DeepSORT, Wojke et al., ICIP 2017 (arXiv 1703.07402). The values of configs/mot/deepsort
#        of PaddleDetection.
# Run:   tools/test.py THIS
#        or tools/track_detections.py THIS DETECTIONS OUT --sequences-dir data/MOT16/train
# Time:  seconds on one CPU core.
# Score: quoted, see configs/deepsort/README.md. None measured.
#
# Its detector (JDE) hands on scores above 0.3. Boxes are cut at the image's edges: MOT16-05 and
# -06 are smaller.
_base_ = ['../_base_/datasets/detections_mot16.py', '../_base_/default_runtime.py']

model = dict(
    type='TrackingByDetection',
    detector=None,
    tracker=dict(
        type='DeepSORTTracker',
        variant='paddle',
        metric='cosine',
        max_cosine_distance=0.2,
        nn_budget=100,
        max_iou_distance=0.9,
        max_age=70,
        n_init=3,
        min_score=0.3,
        clip_to=(1920, 1080),
        per_sequence={
            'MOT16-05': dict(clip_to=(640, 480)),
            'MOT16-06': dict(clip_to=(640, 480)),
        },
    ),
)
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadDetections', path='data/MOT16/paddle_detections'),
            dict(type='PackFrameInputs'),
        ]
    )
)
