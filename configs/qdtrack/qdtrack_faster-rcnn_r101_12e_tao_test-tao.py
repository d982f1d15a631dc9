# QDTrack with Faster R-CNN, ResNet-101, on TAO: the embedding learns from videos, the detector
# stays as qdtrack_faster-rcnn_r101_24e_lvis_test-tao.py has trained it.
#
# Paper: QDTrack, Pang et al., CVPR 2021 (arXiv 2006.06664), section 4. The values of mmtracking's
#        qdtrack_faster-rcnn_r101_fpn_12e_tao.py.
# Run:   tools/dataset_converters/tao2coco.py -i data/tao -o data/tao/annotations
#        tools/train.py THIS, or with a checkpoint that lies elsewhere
#          --cfg-options load_from=CHECKPOINT
#        tools/test.py THIS CHECKPOINT
# Time:  not measured; the learning rate is for 8 GPUs with 2 pairs each.
# Score: quoted, mmtracking's README, TAO validation: Track AP 11.0, at an IoU of 0.5 15.8, of 0.75
#        6.1; the authors' own program 11.2, 15.9, 6.4. None measured. It varies by about 0.5.
_base_ = ['./qdtrack_faster-rcnn_r101_24e_lvis_test-tao.py']

model = dict(
    freeze_detector=True,
    detector=dict(backbone=dict(init_cfg=None)),  # load_from has everything
)
load_from = 'work_dirs/qdtrack_faster-rcnn_r101_24e_lvis_test-tao/epoch_24.pth'

train_dataloader = dict(
    dataset=dict(
        dataset=dict(
            data_root='data/tao/',
            ann_file=f'annotations/train_{_base_.num_classes}_classes.json',
            data_prefix=dict(img_path='frames/'),
            classes_file='annotations/tao_classes.txt',
            # The annotated frame before or the one after, a second away.
            reference=dict(frame_range=1, include_key=False),
        ),
    ),
)
val_evaluator = [
    dict(
        type='TAOMetric',
        ann_file=f'data/tao/{_base_.val_annotations}',
        metric=('track', 'bbox'),
    ),
    dict(type='MOTMetric', format_only=True, submission=False),
]
test_evaluator = val_evaluator

optim_wrapper = dict(optimizer=dict(lr=0.002))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=1000),
    dict(type='MultiStepLR', by_epoch=True, begin=0, end=12, milestones=[8, 11]),
]
train_cfg = dict(max_epochs=12, val_begin=1, val_interval=1)
default_hooks = dict(checkpoint=dict(save_best='tao/track_AP'))
