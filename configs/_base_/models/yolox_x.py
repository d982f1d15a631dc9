# YOLOX-X of one class, as ByteTrack uses it: 98,995,378 parameters.
#
# YOLOX: Exceeding YOLO Series in 2021, Ge et al., arXiv 2107.08430. Network and names of weights
# are mmdet's (configs/yolox/yolox_x_8xb8-300e_coco.py and configs/bytetrack of mmdet 3.3), so that
# its published weights load, by --detector also those of its whole ByteTrack:
#   https://download.openmmlab.com/mmtracking/mot/bytetrack/bytetrack_yolox_x/
#     bytetrack_yolox_x_crowdhuman_mot17-private-half_20211218_205500-1985c9f0.pth
#     bytetrack_yolox_x_crowdhuman_mot20-private_20220506_101040-9ce38a60.pth
# It sees BGR from 0 to 255 without normalisation. The weights of ByteTrack's own repository have
# other names, and want RGB with ImageNet's mean and deviation.
model = dict(
    type='YOLOX',
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        pad_size_divisor=32,
        pad_value=114,  # the grey that it was trained with; mmdet pads in its pipeline
    ),
    backbone=dict(
        type='CSPDarknet',
        deepen_factor=1.33,
        widen_factor=1.25,
        out_indices=(2, 3, 4),
        use_depthwise=False,
        spp_kernal_sizes=(5, 9, 13),
        norm_cfg=dict(type='BN', momentum=0.03, eps=0.001),
        act_cfg=dict(type='Swish'),
    ),
    neck=dict(
        type='YOLOXPAFPN',
        in_channels=[320, 640, 1280],
        out_channels=320,
        num_csp_blocks=4,
        use_depthwise=False,
        upsample_cfg=dict(scale_factor=2, mode='nearest'),
        norm_cfg=dict(type='BN', momentum=0.03, eps=0.001),
        act_cfg=dict(type='Swish'),
    ),
    bbox_head=dict(
        type='YOLOXHead',
        num_classes=1,
        in_channels=320,
        feat_channels=320,
        stacked_convs=2,
        strides=(8, 16, 32),
        use_depthwise=False,
        norm_cfg=dict(type='BN', momentum=0.03, eps=0.001),
        act_cfg=dict(type='Swish'),
        loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=True, reduction='sum', loss_weight=1.0),
        loss_bbox=dict(type='IoULoss', mode='square', eps=1e-16, reduction='sum', loss_weight=5.0),
        loss_obj=dict(type='CrossEntropyLoss', use_sigmoid=True, reduction='sum', loss_weight=1.0),
        loss_l1=dict(type='L1Loss', reduction='sum', loss_weight=1.0),
    ),
    train_cfg=dict(assigner=dict(type='SimOTAAssigner', center_radius=2.5)),
    # Scores from 0.01 and NMS at 0.7, as ByteTrack: its second stage wants the low scores.
    test_cfg=dict(score_thr=0.01, nms=dict(type='nms', iou_threshold=0.7)),
)
