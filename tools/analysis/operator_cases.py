"""What ``benchmark_operators.py`` times: mmcv's operators as mmdet's detectors call them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from mmcv import ops
from small_faster_rcnn import faster_rcnn
from torch import Tensor

Case = Callable[[], list[Tensor]]
HEIGHT, WIDTH = 192, 320  # images of the smallest QDTrack here, which a CPU can train
LEVELS = (2000, 2000, 720, 180, 45)  # its proposals by level, at most 2000 each
CHANNELS = 256  # of the feature pyramid
NUM_ROIS = 512  # sampled proposals of an image (mmdet, faster-rcnn_r50_fpn.py)


def random_boxes(n: int, smallest: float, largest: float) -> Tensor:
    """(n, 4) boxes inside the image, sides log-uniform."""
    ratio = torch.rand(n, 2)
    size = smallest * (largest / smallest) ** ratio
    size = size.minimum(torch.tensor([WIDTH, HEIGHT]))
    start = torch.rand(n, 2) * (torch.tensor([WIDTH, HEIGHT]) - size)
    return torch.cat([start, start + size], 1)


def nms_case(device: str, *, num_boxes: int) -> Case:
    """The indices kept of random boxes."""
    boxes, scores = random_boxes(num_boxes, 8, 200).to(device), torch.rand(num_boxes).to(device)
    return lambda: [ops.nms(boxes, scores, 0.7)[1]]


def batched_nms_case(device: str, *, groups: tuple[int, ...], iou_threshold: float) -> Case:
    """The same, each group for itself: levels of a pyramid, or classes."""
    n = sum(groups)
    boxes, scores = random_boxes(n, 8, 200).to(device), torch.rand(n).to(device)
    group = torch.arange(len(groups)).repeat_interleave(torch.tensor(groups)).to(device)
    options = dict(type='nms', iou_threshold=iou_threshold)
    return lambda: [ops.batched_nms(boxes, scores, group, options)[1]]


def soft_nms_case(device: str, *, num_boxes: int, method: str) -> Case:
    """Indices and lowered scores of random boxes."""
    boxes, scores = random_boxes(num_boxes, 8, 200).to(device), torch.rand(num_boxes).to(device)
    return lambda: list(ops.soft_nms(boxes, scores, 0.5, method=method))


def roi_case(device: str, *, layer: Callable[..., Any], num_rois: int, stride: int) -> Case:
    """Boxes of two images on one level, of the sizes that mmdet assigns to it."""
    smallest, largest = (8, 112) if stride == 4 else (14 * stride, 28 * stride)
    boxes = random_boxes(num_rois, smallest, largest)
    rois = torch.cat([torch.arange(num_rois)[:, None] % 2, boxes], 1).to(device)
    features = torch.randn(2, CHANNELS, HEIGHT // stride, WIDTH // stride, device=device)
    operator = layer(output_size=7, spatial_scale=1 / stride)
    return with_gradients(operator, [features], [rois])


def deform_conv_case(device: str, *, modulated: bool, groups: int = 1) -> Case:
    """A 3 x 3 layer of a ResNet's third stage on two images."""
    layer = ops.ModulatedDeformConv2d if modulated else ops.DeformConv2d
    operator = layer(CHANNELS, CHANNELS, 3, padding=1, groups=groups, deform_groups=groups)
    size = HEIGHT // 16, WIDTH // 16
    tensors = [torch.randn(2, CHANNELS, *size), torch.randn(2, 18 * groups, *size) * 2]
    if modulated:
        tensors.append(torch.rand(2, 9 * groups, *size))
    return with_gradients(operator.to(device), [t.to(device) for t in tensors], [])


def focal_loss_case(device: str) -> Case:
    """The classification of a one-stage detector with 80 classes."""
    num_anchors = HEIGHT * WIDTH // 64 * 2
    target = torch.randint(0, 81, (num_anchors,)).to(device)
    logits = torch.randn(num_anchors, 80, device=device)
    return with_gradients(ops.SigmoidFocalLoss(2.0, 0.25), [logits], [target])


def with_gradients(
    operator: Callable[..., Tensor], tensors: list[Tensor], constants: list[Tensor]
) -> Case:
    """Output and gradients of an operator by its tensors and parameters."""
    leaves = [tensor.requires_grad_() for tensor in tensors]
    leaves += list(operator.parameters()) if isinstance(operator, torch.nn.Module) else []
    weight = torch.randn_like(operator(*tensors, *constants))

    def case() -> list[Tensor]:
        output = operator(*tensors, *constants)
        return [output, *torch.autograd.grad(output, leaves, weight)]

    return case


def detector_case(device: str) -> Case:
    """Losses of Faster R-CNN (ResNet-18, FPN) on two images, and the size of each gradient."""
    from mmdet.registry import MODELS
    from mmdet.structures import DetDataSample
    from mmdet.utils import register_all_modules
    from mmengine.config import ConfigDict
    from mmengine.structures import InstanceData

    register_all_modules()
    model = (
        MODELS.build(ConfigDict(faster_rcnn(channels=CHANNELS, num_rois=NUM_ROIS)))
        .to(device)
        .train()
    )
    images = torch.randint(0, 255, (2, 3, HEIGHT, WIDTH)).float().to(device)
    samples = []
    for _ in images:
        meta = dict(
            img_shape=(HEIGHT, WIDTH), pad_shape=(HEIGHT, WIDTH), batch_input_shape=(HEIGHT, WIDTH)
        )
        truth = InstanceData(bboxes=random_boxes(8, 20, 120), labels=torch.zeros(8).long())
        samples.append(DetDataSample(metainfo=meta, gt_instances=truth.to(device)))

    def case() -> list[Tensor]:
        model.zero_grad()
        losses, _ = model.parse_losses(model.loss((images - 128) / 58, samples))
        losses.backward()
        gradients = [p.grad.norm() for p in model.parameters() if p.grad is not None]
        return [losses[None], torch.stack(gradients)]

    return case


mean_align = partial(ops.RoIAlign, sampling_ratio=0)
max_align = partial(ops.RoIAlign, sampling_ratio=2, pool_mode='max')
CASES: dict[str, Callable[[str], Case]] = {
    'nms, 1000 boxes': partial(nms_case, num_boxes=1000),
    'nms, 4000 boxes': partial(nms_case, num_boxes=4000),
    'batched_nms, 5 levels': partial(batched_nms_case, groups=LEVELS, iou_threshold=0.7),
    'batched_nms, 80 classes': partial(batched_nms_case, groups=(25,) * 80, iou_threshold=0.5),
    'soft_nms, linear': partial(soft_nms_case, num_boxes=500, method='linear'),
    'soft_nms, gaussian': partial(soft_nms_case, num_boxes=500, method='gaussian'),
    'roi_align, stride 4': partial(roi_case, layer=mean_align, num_rois=NUM_ROIS, stride=4),
    'roi_align, stride 16': partial(roi_case, layer=mean_align, num_rois=NUM_ROIS, stride=16),
    'roi_align, maximum': partial(roi_case, layer=max_align, num_rois=128, stride=8),
    'roi_pool': partial(roi_case, layer=ops.RoIPool, num_rois=128, stride=8),
    'deform_conv v1': partial(deform_conv_case, modulated=False),
    'deform_conv v2': partial(deform_conv_case, modulated=True),
    'deform_conv v2, 4 groups': partial(deform_conv_case, modulated=True, groups=4),
    'sigmoid_focal_loss': focal_loss_case,
    'Faster R-CNN training step': detector_case,
}
