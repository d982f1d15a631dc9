# NanoDet-Plus-m-1.5x on COCO at 416 x 416, stretched.
#
# Paper: none; NanoDet-Plus 1.0, https://github.com/RangiLyu/nanodet. Model, augmentation, schedule.
# Run:   tools/train.py THIS
#        tools/test.py THIS CHECKPOINT
#        tools/dist_train.sh THIS GPUS: with more or fewer images a step, --auto-scale-lr
# Time:  not measured.
# Score: published for COCO val2017: mAP 34.1
#        (AP50 50.6, AP75 35.7, small 14.3, medium 36.3, large 53.9).
#        None measured here.
_base_ = [
    '../_base_/models/nanodet_plus_m_1_5x.py',
    '../_base_/datasets/coco_nanodet.py',
    '../_base_/schedules/nanodet_plus.py',
    '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(
        init_cfg=dict(  # ImageNet
            type='Pretrained',
            checkpoint='https://download.pytorch.org/models/shufflenetv2_x1_5-3c479a10.pth',
        )
    ),
)

custom_hooks = _base_.average_weights
default_hooks = dict(checkpoint=dict(save_best='coco/bbox_mAP', rule='greater'))
