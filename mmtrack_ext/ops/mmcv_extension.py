"""Stands in for ``mmcv._ext``: its functions, with their argument lists and outputs in place.

Argument lists are those with which mmcv 2.1.0 calls (mmcv/ops/*.py). Each function is served by
torchvision's kernels or by this folder's forms in torch. mmcv looks up all 112 names when it is
imported; those that nobody serves exist therefore, and fail when they are called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from types import ModuleType
from typing import Any, NoReturn

import torch
from torch import Tensor

from mmtrack_ext.ops import BUILD_COMMAND, torchvision_kernels
from mmtrack_ext.ops import deform_conv as deform_conv_forms
from mmtrack_ext.ops import focal_loss as focal_loss_forms
from mmtrack_ext.ops import nms as nms_forms
from mmtrack_ext.ops import roi_align as roi_align_forms
from mmtrack_ext.ops import roi_pool as roi_pool_forms
from mmtrack_ext.ops.deform_conv import ConvolutionOptions
from mmtrack_ext.ops.roi_bins import RoIAlignOptions
from mmtrack_ext.ops.unserved import UNSERVED

MAXIMUM = 0  # mmcv's pool_mode; 1 is the mean


def __getattr__(name: str) -> Callable[..., NoReturn]:
    if name not in UNSERVED:
        raise AttributeError(f'mmcv._ext has no operator {name!r}')
    return partial(_unserved, name)


def _unserved(name: str, *_: Any, **__: Any) -> NoReturn:
    raise NotImplementedError(
        f'The operator {name!r} is not among those that mmtrack_ext.ops serves in place of '
        f"mmcv's compiled ones. It needs a compiled mmcv: pip uninstall -y mmcv-lite && "
        f'{BUILD_COMMAND}'
    )


def get_compiler_version() -> str:
    """For reports on the environment."""
    return 'not available (operators of mmtrack_ext.ops)'


def get_compiling_cuda_version() -> str:
    """For reports on the environment."""
    return 'not available'


def _kernels(tensor: Tensor, forms: ModuleType) -> ModuleType:
    """The module that serves tensors of this device."""
    return torchvision_kernels if torchvision_kernels.serve(tensor.device.type) else forms


def _full(tensor: Tensor) -> Tensor:
    """Half precision holds no coordinates of a large image: compute in single."""
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int) -> Tensor:
    """Indices that are kept, by falling score."""
    kernels = _kernels(boxes, nms_forms)
    return kernels.nms(_full(boxes), _full(scores), iou_threshold, offset)


def softnms(
    boxes: Tensor,
    scores: Tensor,
    dets: Tensor,
    iou_threshold: float,
    sigma: float,
    min_score: float,
    method: int,
    offset: int,
) -> Tensor:
    """Fill the first rows of ``dets`` (N, 5) and return as many indices; all on the CPU."""
    kept, indices = nms_forms.soft_nms(
        _full(boxes).numpy(),
        _full(scores).numpy(),
        iou_threshold,
        sigma=sigma,
        min_score=min_score,
        method=nms_forms.METHODS[method],
        offset=offset,
    )
    dets[: len(kept)] = torch.from_numpy(kept)
    return torch.from_numpy(indices)


def roi_align_forward(
    input: Tensor,
    rois: Tensor,
    output: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Fill ``output``, and where maxima were for their gradient."""
    options = RoIAlignOptions(
        (aligned_height, aligned_width), spatial_scale, sampling_ratio, aligned
    )
    features, rois = _full(input), _full(rois)
    if pool_mode == MAXIMUM:
        maxima = roi_align_forms.roi_align_max(features, rois, options)
        for target, values in zip((output, argmax_y, argmax_x), maxima, strict=True):
            target.copy_(values)
    else:
        output.copy_(_kernels(input, roi_align_forms).roi_align(features, rois, options))


def roi_align_backward(
    grad_output: Tensor,
    rois: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    grad_input: Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Fill ``grad_input``."""
    options = RoIAlignOptions(
        (aligned_height, aligned_width), spatial_scale, sampling_ratio, aligned
    )
    gradient, rois, shape = _full(grad_output), _full(rois), grad_input.shape
    if pool_mode == MAXIMUM:
        places = _full(argmax_y), _full(argmax_x)
        total = roi_align_forms.roi_align_max_gradient(gradient, rois, *places, shape)
    else:
        kernels = _kernels(grad_output, roi_align_forms)
        total = kernels.roi_align_gradient(gradient, rois, shape, options)
    grad_input.copy_(total)


def roi_pool_forward(
    input: Tensor,
    rois: Tensor,
    output: Tensor,
    argmax: Tensor,
    pooled_height: int,
    pooled_width: int,
    spatial_scale: float,
) -> None:
    """Fill ``output`` and ``argmax``."""
    maximum, places = roi_pool_forms.roi_pool(
        input, _full(rois), (pooled_height, pooled_width), spatial_scale
    )
    output.copy_(maximum)
    argmax.copy_(places)


def roi_pool_backward(
    grad_output: Tensor,
    rois: Tensor,
    argmax: Tensor,
    grad_input: Tensor,
    pooled_height: int,
    pooled_width: int,
    spatial_scale: float,
) -> None:
    """Fill ``grad_input``."""
    del pooled_height, pooled_width, spatial_scale  # the places of the maxima say it all
    places = argmax.long()
    grad_input.copy_(
        roi_pool_forms.roi_pool_gradient(_full(grad_output), rois, places, grad_input.shape)
    )


def deform_conv_forward(
    input: Tensor,
    weight: Tensor,
    offset: Tensor,
    output: Tensor,
    columns: Tensor,
    ones: Tensor,
    **geometry: int,
) -> None:
    """Fill ``output``; ``columns`` and ``ones`` are buffers of the compiled operator."""
    del columns, ones
    output.copy_(_deform_conv_v1(geometry)(*map(_full, (input, offset, weight))))


def deform_conv_backward_input(
    input: Tensor,
    offset: Tensor,
    grad_output: Tensor,
    grad_input: Tensor,
    grad_offset: Tensor,
    weight: Tensor,
    columns: Tensor,
    **geometry: int,
) -> None:
    """Fill ``grad_input`` and ``grad_offset``."""
    del columns
    tensors = (input, offset, weight)
    targets = (grad_input, grad_offset, None)
    _fill_gradients(_deform_conv_v1(geometry), tensors, grad_output, targets)


def deform_conv_backward_parameters(
    input: Tensor,
    offset: Tensor,
    grad_output: Tensor,
    grad_weight: Tensor,
    columns: Tensor,
    ones: Tensor,
    *,
    scale: float,
    **geometry: int,
) -> None:
    """Fill ``grad_weight``; the weights themselves do not matter to it."""
    del columns, ones
    tensors = (input, offset, torch.zeros_like(grad_weight))
    targets = (None, None, grad_weight)
    _fill_gradients(_deform_conv_v1(geometry), tensors, grad_output, targets)
    grad_weight *= scale


def modulated_deform_conv_forward(
    input: Tensor,
    weight: Tensor,
    bias: Tensor,
    ones: Tensor,
    offset: Tensor,
    mask: Tensor,
    output: Tensor,
    columns: Tensor,
    **geometry: int,
) -> None:
    """Fill ``output``; ``columns`` and ``ones`` are buffers of the compiled operator."""
    del ones, columns
    output.copy_(_deform_conv_v2(geometry)(*map(_full, (input, offset, weight, mask, bias))))


def modulated_deform_conv_backward(
    input: Tensor,
    weight: Tensor,
    bias: Tensor,
    ones: Tensor,
    offset: Tensor,
    mask: Tensor,
    columns: Tensor,
    grad_input: Tensor,
    grad_weight: Tensor,
    grad_bias: Tensor,
    grad_offset: Tensor,
    grad_mask: Tensor,
    grad_output: Tensor,
    **geometry: int,
) -> None:
    """Fill the five gradients."""
    del ones, columns
    tensors = (input, offset, weight, mask, bias)
    grad_bias_or_none = grad_bias if geometry['with_bias'] else None
    targets = (grad_input, grad_offset, grad_weight, grad_mask, grad_bias_or_none)
    _fill_gradients(_deform_conv_v2(geometry), tensors, grad_output, targets)


def _deform_conv_v1(geometry: dict[str, int]) -> Callable[..., Tensor]:
    """A function of input, offset and weight, from mmcv's names of the geometry."""
    options = ConvolutionOptions(
        stride=(geometry['dH'], geometry['dW']),
        padding=(geometry['padH'], geometry['padW']),
        dilation=(geometry['dilationH'], geometry['dilationW']),
        groups=geometry['group'],
        deform_groups=geometry['deformable_group'],
    )

    def convolve(x: Tensor, offset: Tensor, weight: Tensor) -> Tensor:
        kernels = _kernels(x, deform_conv_forms)
        step = geometry['im2col_step']
        return kernels.deform_conv(x, offset, weight, options, images_at_a_time=step)

    return convolve


def _deform_conv_v2(geometry: dict[str, int]) -> Callable[..., Tensor]:
    """A function of input, offset, weight, mask and bias; image by image, as mmcv does it."""
    options = ConvolutionOptions(
        stride=(geometry['stride_h'], geometry['stride_w']),
        padding=(geometry['pad_h'], geometry['pad_w']),
        dilation=(geometry['dilation_h'], geometry['dilation_w']),
        groups=geometry['group'],
        deform_groups=geometry['deformable_group'],
    )

    def convolve(x: Tensor, offset: Tensor, weight: Tensor, mask: Tensor, bias: Tensor) -> Tensor:
        kernels = _kernels(x, deform_conv_forms)
        bias_or_none = bias if geometry['with_bias'] else None
        return kernels.deform_conv(x, offset, weight, options, mask=mask, bias=bias_or_none)

    return convolve


def _fill_gradients(
    function: Callable[..., Tensor],
    tensors: Sequence[Tensor],
    grad_output: Tensor,
    targets: Sequence[Tensor | None],
) -> None:
    """Write the gradients of ``function(*tensors)`` where a target is given."""
    inputs = [
        _full(tensor).detach().requires_grad_(target is not None)
        for tensor, target in zip(tensors, targets, strict=True)
    ]
    with torch.enable_grad():
        output = function(*inputs)
    wanted = [tensor for tensor in inputs if tensor.requires_grad]
    gradients = iter(torch.autograd.grad(output, wanted, _full(grad_output)))
    for target in targets:
        if target is not None:
            target.copy_(next(gradients))


def sigmoid_focal_loss_forward(
    input: Tensor, target: Tensor, weight: Tensor, output: Tensor, gamma: float, alpha: float
) -> None:
    """Fill ``output``."""
    loss = focal_loss_forms.sigmoid_focal_loss
    output.copy_(loss(_full(input), target, _full(weight), gamma, alpha))


def sigmoid_focal_loss_backward(
    input: Tensor, target: Tensor, weight: Tensor, grad_input: Tensor, gamma: float, alpha: float
) -> None:
    """Fill ``grad_input``."""
    slope = focal_loss_forms.sigmoid_focal_loss_gradient
    grad_input.copy_(slope(_full(input), target, _full(weight), gamma, alpha))
