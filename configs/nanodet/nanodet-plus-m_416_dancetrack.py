# NanoDet-Plus-m on DanceTrack at 416 x 416, persons alone;
# tested on its validation sequences.
#
# Paper: none; NanoDet-Plus 1.0, https://github.com/RangiLyu/nanodet. Model and augmentation;
#        20 epochs are our choice: 41,800 frames, which look much alike.
# Run:   tools/train.py THIS
#        from COCO weights (recommended; only the last layers are left out):
#        tools/train.py THIS --cfg-options load_from=NANODET_PLUS_M_416_CHECKPOINT
# Time:  not measured.
# Score: none measured, and none published.
_base_ = [
    '../_base_/models/nanodet_plus_m.py',
    '../_base_/datasets/dancetrack.py',
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
)

train_cfg = dict(max_epochs=20, val_interval=5)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(T_max=20)  # CosineAnnealingLR
custom_hooks = _base_.average_weights
default_hooks = dict(checkpoint=dict(save_best='coco/bbox_mAP', rule='greater'))
