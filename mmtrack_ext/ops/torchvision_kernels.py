"""The operators that torchvision's compiled kernels serve, where they work.

Its RoIAlign (mean), deformable convolution and NMS compute what mmcv's do. Its RoIPool rounds
boxes otherwise, and it has no maximum in RoIAlign, so those are not taken from it. Nor is any
operator on a CPU: there the forms in torch of this folder are the faster ones
(tools/analysis/benchmark_operators.py), and results do not depend on what is installed.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from mmtrack_ext.ops.deform_conv import ConvolutionOptions
from mmtrack_ext.ops.roi_bins import RoIAlignOptions

DEVICES = ('cuda',)


@cache
def serve(device: str) -> bool:
    """Whether torchvision is installed, matches this torch, and was built for the device type."""
    if device not in DEVICES:
        return False
    try:
        from torchvision.ops import nms as torchvision_nms

        box = torch.tensor([[0.0, 0.0, 1.0, 1.0]], device=device)
        return torchvision_nms(box, box[:, 3], 0.5).tolist() == [0]
    except Exception:  # missing, without its library, for another torch, without the device
        return False


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int) -> Tensor:
    """See ``mmtrack_ext.ops.nms.nms``."""
    ends = boxes.new_tensor([0, 0, offset, offset])
    return torch.ops.torchvision.nms(boxes + ends, scores, iou_threshold)


def roi_align(features: Tensor, rois: Tensor, options: RoIAlignOptions) -> Tensor:
    """See ``mmtrack_ext.ops.roi_align.roi_align``."""
    return torch.ops.torchvision.roi_align(
        features, rois, options.spatial_scale, *options.output_size, *options[2:]
    )


def roi_align_gradient(
    gradient: Tensor, rois: Tensor, shape: torch.Size, options: RoIAlignOptions
) -> Tensor:
    """See ``mmtrack_ext.ops.roi_align.roi_align_gradient``."""
    return torch.ops.torchvision._roi_align_backward(
        gradient, rois, options.spatial_scale, *options.output_size, *shape, *options[2:]
    )


def deform_conv(
    x: Tensor,
    offset: Tensor,
    weight: Tensor,
    options: ConvolutionOptions,
    *,
    mask: Tensor | None = None,
    bias: Tensor | None = None,
    images_at_a_time: int = 1,
) -> Tensor:
    """See ``mmtrack_ext.ops.deform_conv.deform_conv``; it divides the images itself."""
    del images_at_a_time
    return torch.ops.torchvision.deform_conv2d(
        x,
        weight,
        offset,
        x.new_ones(len(x), 1) if mask is None else mask,
        weight.new_zeros(len(weight)) if bias is None else bias,
        *options.stride,
        *options.padding,
        *options.dilation,
        options.groups,
        options.deform_groups,
        mask is not None,
    )
