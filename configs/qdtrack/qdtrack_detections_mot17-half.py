# QDTrack's tracker over cached detections with embeddings, second half of the MOT17 training data.
#
# Paper: QDTrack, Pang et al., CVPR 2021 (arXiv 2006.06664). The values of its MOT17 runs.
# Run:   tools/test.py THIS
#        or tools/track_detections.py THIS DETECTIONS OUT
# Time:  seconds on one CPU core.
# Score: none measured.
#
# The detections are SEQ.npz, or SEQ.npy of ten columns and the embedding.
_base_ = ['../_base_/datasets/detections_mot17_half.py', '../_base_/default_runtime.py']

model = dict(
    type='TrackingByDetection',
    detector=None,
    tracker=dict(
        type='QuasiDenseTracker',
        init_min_score=0.9,
        match_min_score=0.5,
        min_similarity=0.5,
        discard_min_similarity=0.5,
        max_age=29,
        backdrop_max_age=1,
        momentum=0.8,
        duplicate_min_iou=0.7,
        backdrop_min_iou=0.3,
        metric='bisoftmax',
    ),
)
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadDetections', path='data/MOT17/qdtrack_detections'),
            dict(type='PackFrameInputs'),
        ]
    )
)
