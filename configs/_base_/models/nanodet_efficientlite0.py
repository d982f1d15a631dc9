# NanoDet with EfficientNet-Lite0: 3,099,824 parameters (80 classes).
# Published for COCO: 24.7 mAP at 320 x 320.
#
# ImageNet weights for the backbone are those of release v1.0 of
# https://github.com/RangiLyu/EfficientNet-Lite:
#   backbone.init_cfg = dict(type='Pretrained', checkpoint='efficientnet_lite0.pth')
_base_ = 'nanodet_m.py'

model = dict(
    data_preprocessor=dict(mean=[127.0, 127.0, 127.0], std=[128.0, 128.0, 128.0]),
    backbone=dict(
        _delete_=True,
        type='EfficientNetLite',
        arch='lite0',
        drop_connect_rate=0.2,
        norm_cfg=dict(type='BN', eps=1e-3, momentum=0.01),  # TensorFlow's; neck and head: torch's
        act_cfg=dict(type='ReLU6'),
    ),
    neck=dict(in_channels=[40, 112, 320]),
    bbox_head=dict(act_cfg=dict(_delete_=True, type='ReLU6')),
)
