# NanoDet-m-1.5x: 2,065,392 parameters (80 classes). Published for COCO: 23.5 mAP at 320 x 320, 26.8
# mAP at 416 x 416.
#
# ImageNet weights for the backbone are torchvision's:
#   backbone.init_cfg = dict(type='Pretrained',
#       checkpoint='https://download.pytorch.org/models/shufflenetv2_x1_5-3c479a10.pth')
_base_ = 'nanodet_m.py'

model = dict(
    backbone=dict(model_size='1.5x'),
    neck=dict(in_channels=[176, 352, 704], out_channels=128),
    bbox_head=dict(in_channels=128, feat_channels=128),
)
