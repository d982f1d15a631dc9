# NanoDet with EfficientNet-Lite1: 3,994,740 parameters (80 classes).
# Published for COCO: 30.3 mAP at 416 x 416.
# ImageNet weights as in nanodet_efficientlite0.py: efficientnet_lite1.pth.
_base_ = 'nanodet_efficientlite0.py'

model = dict(
    backbone=dict(arch='lite1'),
    neck=dict(out_channels=128),
    bbox_head=dict(
        in_channels=128, feat_channels=128, stacked_convs=3, reg_max=10, octave_base_scale=8
    ),
)
