"""The stand-in for ``mmcv._ext`` as mmcv and mmdet use it."""

from __future__ import annotations

import math

import mmcv._ext
import mmcv.ops
import pytest
import torch
from mmcv.ops import nms_match

from mmtrack_ext.ops import mmcv_extension

needs_stand_in = pytest.mark.skipif(
    mmcv._ext is not mmcv_extension, reason='a compiled mmcv is installed'
)


@needs_stand_in
def test_what_nobody_serves_fails_when_called():
    with pytest.raises(NotImplementedError) as caught:
        nms_match(torch.zeros(1, 5), 0.5)
    assert "'nms_match'" in str(caught.value)
    assert 'pip install --no-build-isolation mmcv==2.1.0' in str(caught.value)


def test_what_mmcv_does_not_have_we_do_not_have():
    assert not hasattr(mmcv_extension, 'nms_mach')
    assert not [name for name in mmcv_extension.UNSERVED if name in vars(mmcv_extension)]


@needs_stand_in
def test_environment_reports_do_not_fail():
    assert mmcv.ops.get_compiler_version().startswith('not available')
    assert mmcv.ops.get_compiling_cuda_version() == 'not available'


def detector():
    """Faster R-CNN as small as it gets."""
    from mmdet.registry import MODELS
    from mmengine.config import ConfigDict

    from mmtrack_ext.utils.register_all_modules import register_all_modules

    register_all_modules()
    assigner = dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.4, min_pos_iou=0.3)
    sampler = dict(type='RandomSampler', num=64, pos_fraction=0.5, add_gt_as_proposals=True)
    stage = dict(assigner=assigner, sampler=sampler, allowed_border=-1, pos_weight=-1, debug=False)
    suppression = dict(type='nms', iou_threshold=0.5)
    proposals = dict(nms_pre=200, max_per_img=50, nms=suppression, min_bbox_size=0)
    torch.manual_seed(0)
    model = dict(
        type='FasterRCNN',
        backbone=dict(type='ResNet', depth=18, base_channels=8, out_indices=(1, 2)),
        neck=dict(type='FPN', in_channels=[16, 32], out_channels=16, num_outs=2),
        rpn_head=dict(
            type='RPNHead',
            in_channels=16,
            feat_channels=16,
            anchor_generator=dict(
                type='AnchorGenerator', scales=[4], ratios=[1.0], strides=[8, 16]
            ),
        ),
        roi_head=dict(
            type='StandardRoIHead',
            bbox_roi_extractor=dict(
                type='SingleRoIExtractor',
                roi_layer=dict(type='RoIAlign', output_size=7, sampling_ratio=0),
                out_channels=16,
                featmap_strides=[8, 16],
            ),
            bbox_head=dict(
                type='Shared2FCBBoxHead',
                in_channels=16,
                fc_out_channels=32,
                roi_feat_size=7,
                num_classes=2,
                reg_class_agnostic=True,
            ),
        ),
        train_cfg=dict(rpn=stage, rpn_proposal=proposals, rcnn=stage),
        test_cfg=dict(rpn=proposals, rcnn=dict(score_thr=0.0, nms=suppression, max_per_img=200)),
    )
    return MODELS.build(ConfigDict(model))


@pytest.fixture(scope='module')
def trained():
    """A detector after one backward pass, its losses, and what it predicts."""
    from mmdet.structures import DetDataSample
    from mmengine.structures import InstanceData

    model = detector().train()
    images = torch.randn(2, 3, 96, 128, generator=torch.Generator().manual_seed(1))
    boxes = torch.tensor([[10.0, 12, 44, 50], [60, 30, 100, 90]])
    meta = dict(img_shape=(96, 128), ori_shape=(96, 128), pad_shape=(96, 128))
    meta |= dict(batch_input_shape=(96, 128), scale_factor=(1.0, 1.0))
    samples = [
        DetDataSample(
            metainfo=meta, gt_instances=InstanceData(bboxes=boxes, labels=torch.tensor([0, 1]))
        )
        for _ in images
    ]
    losses = model.loss(images, samples)
    model.parse_losses(losses)[0].backward()
    with torch.no_grad():
        predictions = model.eval().predict(images, samples)
    return model, losses, [sample.pred_instances for sample in predictions]


def test_a_fresh_detector_is_undecided_and_learns(trained):
    model, losses, _ = trained
    # Heads begin with small weights: both classify by a coin, of two and of three faces.
    assert sum(losses['loss_rpn_cls']).item() == pytest.approx(math.log(2), abs=0.05)
    assert losses['loss_cls'].item() == pytest.approx(math.log(3), abs=0.1)
    for name, parameter in model.named_parameters():
        assert parameter.grad is None or parameter.grad.isfinite().all(), name
    assert model.backbone.layer1[0].conv1.weight.grad.abs().max() > 0


def test_predictions_are_suppressed_by_class(trained):
    from mmdet.structures.bbox import bbox_overlaps

    for instances in trained[2]:
        assert len(instances) <= 200
        assert instances.labels.unique().tolist() == [0, 1]
        assert (instances.scores.diff() <= 0).all()
        overlap = bbox_overlaps(instances.bboxes, instances.bboxes).triu(1)
        same = instances.labels[:, None] == instances.labels
        assert overlap[same].max() <= 0.5
        assert instances.bboxes.min() >= 0
        assert (instances.bboxes.amax(0) <= torch.tensor([128, 96, 128, 96])).all()
