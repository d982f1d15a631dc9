# QDTrack's tracker over NanoDet-Plus-m-416 detections of PETS09-S2L1 and colour histograms.
#
# Paper: QDTrack, Pang et al., CVPR 2021 (arXiv 2006.06664). Only its tracker; limits of
#        qdtrack_nanodet-plus-m_synthmot.py.
# Run:   tools/extract_features.py configs/qdtrack/qdtrack_nanodet-plus-m_synthmot.py \
#          --input data/PETS09-S2L1/PETS09-S2L1.mp4 \
#          --detections data/PETS09-S2L1/nanodet-plus_detections.txt \
#          --out data/PETS09-S2L1/features --min-score 0.3
#        tools/test.py THIS
# Time:  seconds on one CPU core.
# Score: measured, see configs/qdtrack/README.md.
_base_ = ['../_base_/datasets/detections_pets09.py', '../_base_/default_runtime.py']

model = dict(
    type='TrackingByDetection',
    detector=None,
    tracker=dict(
        type='QuasiDenseTracker',
        init_min_score=0.6,
        match_min_score=0.4,
        max_age=29,
        metric='cosine',
    ),
)
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadDetections', path='data/PETS09-S2L1/features'),
            dict(type='PackFrameInputs'),
        ]
    )
)
