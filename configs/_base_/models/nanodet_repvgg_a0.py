# NanoDet with RepVGG-A0: 7,387,380 parameters in training, 6,737,556 in deploy form (80 classes).
# Published for COCO: 27.8 mAP at 416 x 416. It was trained without ImageNet weights.
#
# Deploy form, faster and the same up to rounding: model.backbone.deploy=True with a checkpoint in
# either form, or backbone.switch_to_deploy() after loading.
_base_ = 'nanodet_m.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='RepVGG',
        arch='A0',
        last_channels=512,
        deploy=False,
        act_cfg=dict(type='ReLU'),
    ),
    neck=dict(in_channels=[96, 192, 512], out_channels=128),
    bbox_head=dict(
        in_channels=128,
        feat_channels=128,
        stacked_convs=2,
        conv='conv',
        reg_max=10,
        octave_base_scale=8,
        act_cfg=dict(_delete_=True, type='ReLU'),
    ),
)
