# NanoDet-Plus-m (1.0x): 1,197,924 parameters in inference and 4,330,904 in training (80 classes).
#
# NanoDet-Plus 1.0, https://github.com/RangiLyu/nanodet. Published for COCO: 27.0 mAP at 320 x 320,
# 30.4 mAP at 416 x 416. Images are resized without regard to their proportions.
#
# ImageNet weights for the backbone are torchvision's:
#   backbone.init_cfg = dict(type='Pretrained',
#       checkpoint='https://download.pytorch.org/models/shufflenetv2_x1-5666bf0f80.pth')
# The original evaluates an average of the weights:
#   custom_hooks = [dict(type='EMAHook', ema_type='ExpMomentumEMA', momentum=0.0002, gamma=2000,
#       update_buffers=True)]
model = dict(
    type='NanoDetPlus',
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
    neck=dict(
        type='GhostPAN',
        in_channels=[116, 232, 464],
        out_channels=96,
        kernel_size=5,
        num_extra_levels=1,
    ),
    bbox_head=dict(
        type='NanoDetPlusHead',
        num_classes=80,
        in_channels=96,
        stacked_convs=2,
        kernel_size=5,
        strides=[8, 16, 32, 64],
        reg_max=7,
        loss_cls=dict(type='QualityFocalLoss', beta=2.0, loss_weight=1.0),
        loss_bbox=dict(type='GIoULoss', eps=1e-6, loss_weight=2.0),
        loss_dfl=dict(type='DistributionFocalLoss', loss_weight=0.25),
    ),
    # Classes, levels and channels are taken from head and neck.
    aux_bbox_head=dict(type='NanoDetAuxHead', stacked_convs=4),
    detach_epoch=10,
    train_cfg=dict(assigner=dict(type='DSLAssigner', topk=13, iou_weight=3.0, ignore_iof_thr=-1)),
    test_cfg=dict(
        score_thr=0.05,
        nms=dict(type='nms', iou_threshold=0.6),
        max_per_img=100,  # over all classes; MOT20 needs more
        classes=None,  # e.g. [0] keeps COCO's persons alone
    ),
)
