# NanoDet-m-0.5x: 271,056 parameters (80 classes). Published for COCO: 13.5 mAP at 320 x 320.
#
# ImageNet weights for the backbone are torchvision's:
#   backbone.init_cfg = dict(type='Pretrained',
#       checkpoint='https://download.pytorch.org/models/shufflenetv2_x0.5-f707e7126e.pth')
_base_ = 'nanodet_m.py'

model = dict(
    backbone=dict(model_size='0.5x'),
    neck=dict(in_channels=[48, 96, 192]),
)
