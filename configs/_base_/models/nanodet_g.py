# NanoDet-g, for accelerators: plain convolutions. 3,788,628 parameters (80 classes). Published for
# COCO: 22.9 mAP at 416 x 416. It was trained without ImageNet weights.
_base_ = 'nanodet_m.py'

model = dict(
    backbone=dict(
        _delete_=True, type='CustomCspNet', act_cfg=dict(type='LeakyReLU', negative_slope=0.1)
    ),
    neck=dict(in_channels=[128, 256, 512], out_channels=128),
    bbox_head=dict(
        in_channels=128,
        feat_channels=128,
        stacked_convs=1,
        conv='conv',
        reg_max=10,
        octave_base_scale=8,
    ),
)
