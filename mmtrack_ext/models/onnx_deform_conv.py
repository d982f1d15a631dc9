"""Deformable convolution (v2) in ONNX: mmcv's own as the standard's ``DeformConv``.

Traced as it is, mmcv's becomes an operator of mmcv's own, or hundreds of small ones. The standard
has one since opset 19, with the same layout of offsets (y before x, tap by tap) and masks.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from mmcv.ops import ModulatedDeformConv2d, modulated_deform_conv, modulated_deform_conv2d
from torch import Tensor, nn
from torch.onnx.symbolic_helper import parse_args

OPSET = 19  # the first with DeformConv
NAME = 'mmtrack_ext::modulated_deform_conv2d'


@torch.library.custom_op(NAME, mutates_args=())
def as_one_operator(
    x: Tensor, offset: Tensor, mask: Tensor, weight: Tensor, bias: Tensor | None,
    stride: Sequence[int], padding: Sequence[int], dilation: Sequence[int],
    groups: int, deform_groups: int,
) -> Tensor:  # fmt: skip
    """The function of mmcv, of which a tracer sees one operator."""
    return modulated_deform_conv2d(
        x, offset, mask, weight, bias, stride, padding, dilation, groups, deform_groups
    )


@parse_args('v', 'v', 'v', 'v', 'v', 'is', 'is', 'is', 'i', 'i')
def _symbolic(
    g: Any, x: Any, offset: Any, mask: Any, weight: Any, bias: Any,
    stride: list[int], padding: list[int], dilation: list[int], groups: int, deform_groups: int,
) -> Any:  # fmt: skip
    """The node of the standard, whose inputs stand in another order."""
    outputs, _, *kernel = weight.type().sizes()
    node = g.op(
        'DeformConv', x, weight, offset, bias, mask,
        kernel_shape_i=kernel, strides_i=stride, pads_i=padding * 2, dilations_i=dilation,
        group_i=groups, offset_group_i=deform_groups,
    )  # fmt: skip
    return node.setType(x.type().with_sizes([None, outputs, None, None]))


def has_deform_conv(network: nn.Module) -> bool:
    """Whether a network needs ``OPSET``."""
    return any(isinstance(module, ModulatedDeformConv2d) for module in network.modules())


@contextlib.contextmanager
def standard_deform_conv() -> Iterator[None]:
    """Within the block ``torch.onnx.export(dynamo=False)`` writes ``DeformConv``."""
    torch.onnx.register_custom_op_symbolic(NAME, _symbolic, OPSET)
    modulated_deform_conv.modulated_deform_conv2d = as_one_operator  # what mmcv's modules call
    try:
        yield
    finally:
        modulated_deform_conv.modulated_deform_conv2d = modulated_deform_conv2d
        torch.onnx.unregister_custom_op_symbolic(NAME, OPSET)
