# NanoDet-Plus-m on COCO at 416 x 416, stretched.
#
# Paper: none; NanoDet-Plus 1.0, https://github.com/RangiLyu/nanodet. Model, augmentation, schedule.
# Run:   tools/train.py THIS
#        tools/test.py THIS CHECKPOINT
#        tools/dist_train.sh THIS GPUS: with more or fewer images a step, --auto-scale-lr
# Time:  not measured.
# Score: published for COCO val2017: mAP 30.4
#        (AP50 45.9, AP75 31.7, small 10.6, medium 32.2, large 47.7).
#        None measured here.
_base_ = [
    '../_base_/models/nanodet_plus_m.py',
    '../_base_/datasets/coco_nanodet.py',
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
)

custom_hooks = _base_.average_weights
default_hooks = dict(checkpoint=dict(save_best='coco/bbox_mAP', rule='greater'))
