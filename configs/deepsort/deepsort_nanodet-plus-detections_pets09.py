# DeepSORT over NanoDet-Plus-m-416 detections (COCO weights, person) of PETS09-S2L1.
#
# Paper: DeepSORT, Wojke et al., ICIP 2017 (arXiv 1703.07402). The paper's thresholds.
# Run:   tools/extract_features.py configs/deepsort/deepsort_nanodet-plus-m_synthmot.py \
#          --input data/PETS09-S2L1/PETS09-S2L1.mp4 \
#          --detections data/PETS09-S2L1/nanodet-plus_detections.txt \
#          --out data/PETS09-S2L1/features --min-score 0.3
#        tools/test.py THIS
# Time:  seconds on one CPU core.
# Score: measured, see configs/deepsort/README.md.
#
# The first command describes the boxes by their colours; any model.reid does.
_base_ = ['../_base_/datasets/detections_pets09.py', '../_base_/default_runtime.py']

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
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadDetections', path='data/PETS09-S2L1/features'),
            dict(type='PackFrameInputs'),
        ]
    )
)
