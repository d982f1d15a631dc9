"""A Faster R-CNN that a CPU can train, for ``benchmark_operators.py``."""

from __future__ import annotations

from typing import Any


def faster_rcnn(*, channels: int, num_rois: int) -> dict[str, Any]:
    """The model of mmdet's faster-rcnn_r50_fpn.py, with ResNet-18 and one class.

    ``channels`` of the feature pyramid, ``num_rois`` sampled proposals of an image.
    """

    def coder(*stds: float) -> dict[str, Any]:
        return dict(type='DeltaXYWHBBoxCoder', target_stds=stds)

    def assigner(positive: float, negative: float, low_quality: bool) -> dict[str, Any]:
        return dict(
            type='MaxIoUAssigner',
            pos_iou_thr=positive,
            neg_iou_thr=negative,
            min_pos_iou=0.3 if low_quality else 0.5,
            match_low_quality=low_quality,
            ignore_iof_thr=-1,
        )

    def sampler(num: int, positive: float, truth: bool) -> dict[str, Any]:
        return dict(
            type='RandomSampler',
            num=num,
            pos_fraction=positive,
            neg_pos_ub=-1,
            add_gt_as_proposals=truth,
        )

    proposals = dict(
        nms_pre=2000, max_per_img=1000, nms=dict(type='nms', iou_threshold=0.7), min_bbox_size=0
    )
    return dict(
        type='FasterRCNN',
        backbone=dict(type='ResNet', depth=18, out_indices=(0, 1, 2, 3)),
        neck=dict(type='FPN', in_channels=[64, 128, 256, 512], out_channels=channels, num_outs=5),
        rpn_head=dict(
            type='RPNHead',
            in_channels=channels,
            feat_channels=channels,
            anchor_generator=dict(
                type='AnchorGenerator',
                scales=[8],
                ratios=[0.5, 1.0, 2.0],
                strides=[4, 8, 16, 32, 64],
            ),
            bbox_coder=coder(1.0, 1.0, 1.0, 1.0),
            loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=True),
            loss_bbox=dict(type='L1Loss'),
        ),
        roi_head=dict(
            type='StandardRoIHead',
            bbox_roi_extractor=dict(
                type='SingleRoIExtractor',
                roi_layer=dict(type='RoIAlign', output_size=7, sampling_ratio=0),
                out_channels=channels,
                featmap_strides=[4, 8, 16, 32],
            ),
            bbox_head=dict(
                type='Shared2FCBBoxHead',
                in_channels=channels,
                roi_feat_size=7,
                num_classes=1,
                bbox_coder=coder(0.1, 0.1, 0.2, 0.2),
                loss_cls=dict(type='CrossEntropyLoss'),
                loss_bbox=dict(type='L1Loss'),
            ),
        ),
        train_cfg=dict(
            rpn=dict(
                assigner=assigner(0.7, 0.3, True),
                sampler=sampler(256, 0.5, False),
                allowed_border=-1,
                pos_weight=-1,
            ),
            rpn_proposal=proposals,
            rcnn=dict(
                assigner=assigner(0.5, 0.5, False),
                sampler=sampler(num_rois, 0.25, True),
                pos_weight=-1,
            ),
        ),
        test_cfg=dict(rpn=proposals, rcnn=dict(score_thr=0.05, nms=proposals['nms'])),
    )
