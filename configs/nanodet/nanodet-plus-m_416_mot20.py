# NanoDet-Plus-m on the first half of MOT20 at 416 x 416, persons alone;
# tested on its second half.
#
# Paper: none; NanoDet-Plus 1.0, https://github.com/RangiLyu/nanodet. Model and augmentation;
#        50 epochs are our choice: 4,500 frames, which look much alike.
# Run:   tools/train.py THIS
#        from COCO weights (recommended; only the last layers are left out):
#        tools/train.py THIS --cfg-options load_from=NANODET_PLUS_M_416_CHECKPOINT
#        on all of MOT20, for its test sequences: --cfg-options
#          train_dataloader.dataset.ann_file=annotations/train_cocoformat.json
# Time:  not measured.
# Score: none measured, and none published.
_base_ = [
    '../_base_/models/nanodet_plus_m.py',
    '../_base_/datasets/mot20_half.py',
    '../_base_/schedules/nanodet_plus.py',
    '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(
        init_cfg=dict(  # ImageNet
            type='Pretrained',
            checkpoint='https://download.pytorch.org/models/shufflenetv2_x1-5666bf0f80.pth',
        )
    ),
    bbox_head=dict(num_classes=1),
    test_cfg=dict(max_per_img=300),  # frames of MOT20 show more than 100 people
)

train_cfg = dict(max_epochs=50, val_interval=5)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(T_max=50)  # CosineAnnealingLR
custom_hooks = _base_.average_weights
# 'bbox_mAP' counts 100 boxes an image, COCO's limit; 'bbox_mAP_50' counts 1000.
default_hooks = dict(checkpoint=dict(save_best='coco/bbox_mAP_50', rule='greater'))
