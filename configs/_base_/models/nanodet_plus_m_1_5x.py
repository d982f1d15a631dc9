# NanoDet-Plus-m-1.5x: 2,477,792 parameters in inference and 7,962,196 in training (80 classes).
# Published for COCO: 29.9 mAP at 320 x 320, 34.1 mAP at 416 x 416.
#
# ImageNet weights for the backbone are torchvision's:
#   backbone.init_cfg = dict(type='Pretrained',
#       checkpoint='https://download.pytorch.org/models/shufflenetv2_x1_5-3c479a10.pth')
_base_ = 'nanodet_plus_m.py'

model = dict(
    backbone=dict(model_size='1.5x'),
    neck=dict(in_channels=[176, 352, 704], out_channels=128),
    bbox_head=dict(in_channels=128),
)
