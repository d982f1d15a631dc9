# NanoDet with EfficientNet-Lite2: 4,689,460 parameters (80 classes).
# Published for COCO: 32.6 mAP at 512 x 512.
# ImageNet weights as in nanodet_efficientlite0.py: efficientnet_lite2.pth.
_base_ = 'nanodet_efficientlite0.py'

model = dict(
    backbone=dict(arch='lite2'),
    neck=dict(in_channels=[48, 120, 352], out_channels=128),
    bbox_head=dict(in_channels=128, feat_channels=128, stacked_convs=4, reg_max=10),
)
