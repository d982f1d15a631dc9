# NanoDet-m (1.0x): 950,036 parameters (80 classes). The original's files hold 9,312 more, a last
# layer that takes part in nothing.
#
# NanoDet, https://github.com/RangiLyu/nanodet. Published for COCO: 20.6 mAP at 320 x 320, 23.5 mAP
# at 416 x 416. Images are resized with their proportions kept (all of this family but the Plus).
#
# ImageNet weights for the backbone are torchvision's:
#   backbone.init_cfg = dict(type='Pretrained',
#       checkpoint='https://download.pytorch.org/models/shufflenetv2_x1-5666bf0f80.pth')
model = dict(
    type='NanoDet',
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[103.53, 116.28, 123.675],  # ImageNet's, BGR
        std=[57.375, 57.12, 58.395],
        bgr_to_rgb=False,
        pad_size_divisor=32,
    ),
    backbone=dict(
        type='ShuffleNetV2',
        model_size='1.0x',
        act_cfg=dict(type='LeakyReLU', negative_slope=0.1),
    ),
    neck=dict(type='PAN', in_channels=[116, 232, 464], out_channels=96),
    bbox_head=dict(
        type='NanoDetHead',
        num_classes=80,
        in_channels=96,
        feat_channels=96,
        stacked_convs=2,
        conv='depthwise',
        strides=[8, 16, 32],
        reg_max=7,
        octave_base_scale=5,  # side of the cells that ATSS compares with objects, in strides
        act_cfg=dict(type='LeakyReLU', negative_slope=0.1),
        loss_cls=dict(type='QualityFocalLoss', beta=2.0, loss_weight=1.0),
        loss_bbox=dict(type='GIoULoss', eps=1e-6, loss_weight=2.0),
        loss_dfl=dict(type='DistributionFocalLoss', loss_weight=0.25),
    ),
    train_cfg=dict(assigner=dict(type='ATSSAssigner', topk=9)),
    test_cfg=dict(
        score_thr=0.05,
        nms=dict(type='nms', iou_threshold=0.6),
        max_per_img=100,  # over all classes; MOT20 needs more
        classes=None,  # e.g. [0] keeps COCO's persons alone
    ),
)
