"""Deformable convolution, without (Dai et al. 2017) and with modulation (Zhu et al. 2019).

Each tap of the kernel reads the map where an offset says, by bilinear interpolation, and v2
multiplies what it reads by a mask. Gathered, the samples are the columns of an ordinary
convolution. The gradients are torch's own.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from mmtrack_ext.ops.bilinear import Taps, product, zero_padded_taps
from mmtrack_ext.ops.sparse_sums import weighted_sums
from mmtrack_ext.ops.threads import one_thread


class ConvolutionOptions(NamedTuple):
    """``stride``, ``padding`` and ``dilation`` along y and x; groups of weights and of offsets."""

    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    groups: int
    deform_groups: int


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
    """Differentiable by every tensor that it is given.

    Args:
        x: (N, C, H, W).
        offset: (N, deform_groups * taps * 2, h, w) in pixels, y before x.
        weight: (C_out, C / groups, kernel height, kernel width).
        options: see ``ConvolutionOptions``.
        mask: (N, deform_groups * taps, h, w); None for v1.
        bias: (C_out,).
        images_at_a_time: bounds the memory that the columns take.

    Returns:
        (N, C_out, h, w).

    Raises:
        ValueError: an offset or a mask has another shape.
    """
    taps = options.deform_groups * weight.shape[2] * weight.shape[3]
    size = _output_size(x, weight, options)
    _check('offset', offset, (len(x), taps * 2, *size))
    if mask is not None:
        _check('mask', mask, (len(x), taps, *size))
    parts = []
    for begin in range(0, len(x), images_at_a_time):
        some = slice(begin, begin + images_at_a_time)
        some_mask = None if mask is None else mask[some]
        columns = _columns(x[some], offset[some], some_mask, weight.shape[2:], options)
        parts.append(_multiply(columns, weight, options.groups, size))
    output = torch.cat(parts) if parts else x.new_zeros(0, len(weight), *size)
    return output if bias is None else output + bias[:, None, None]


def _output_size(x: Tensor, weight: Tensor, options: ConvolutionOptions) -> tuple[int, ...]:
    geometry = zip(
        x.shape[2:],
        weight.shape[2:],
        options.stride,
        options.padding,
        options.dilation,
        strict=True,
    )
    return tuple((s + 2 * p - d * (k - 1) - 1) // step + 1 for s, k, step, p, d in geometry)


def _check(name: str, tensor: Tensor, shape: tuple[int, ...]) -> None:
    if tensor.shape != shape:
        problem = f'needs {name} of shape {shape}, got {tuple(tensor.shape)}'
        raise ValueError(f'The deformable convolution {problem}')


def _columns(
    x: Tensor,
    offset: Tensor,
    mask: Tensor | None,
    kernel: torch.Size,
    options: ConvolutionOptions,
) -> Tensor:
    """(N, h * w, taps, C): what every tap of the kernel reads at every output pixel."""
    offset = offset.view(len(x), options.deform_groups, *kernel, 2, *offset.shape[2:])
    corners = _corners(offset, x.shape, options)
    weight = corners.weight
    if mask is not None:
        weight = weight * mask.view(*weight.shape[:-1], 1)
    # A table of rows (image, deformable group, pixel), of that group's channels.
    pixels = x.shape[2] * x.shape[3]
    table = x.reshape(len(x) * options.deform_groups, -1, pixels).transpose(1, 2).flatten(0, 1)
    first_row = torch.arange(0, len(table), pixels, device=x.device)
    index = corners.index + first_row.view(len(x), -1, 1, 1, 1, 1, 1)
    order = (0, 4, 5, 2, 3, 1, 6)  # image, y, x, kernel y, kernel x, deformable group, corner
    columns = weighted_sums(table, index.permute(order), weight.permute(order))
    return columns.flatten(5).flatten(3, 4).flatten(1, 2)


@one_thread()
def _corners(offset: Tensor, shape: torch.Size, options: ConvolutionOptions) -> Taps:
    """The pixels that samples are made of, from offsets (N, groups, kernel y, x, 2, h, w)."""
    axes = []
    for axis in (0, 1):
        taps = torch.arange(offset.shape[2 + axis], device=offset.device)
        outputs = torch.arange(offset.shape[5 + axis], device=offset.device)
        grid = taps[:, None] * options.dilation[axis] + outputs * options.stride[axis]
        grid = grid[:, None, :, None] if axis == 0 else grid[None, :, None, :]
        position = grid - options.padding[axis] + offset.select(4, axis)
        axes.append(zero_padded_taps(position, shape[2 + axis]))
    return product(*axes, shape[3])


def _multiply(columns: Tensor, weight: Tensor, groups: int, size: tuple[int, ...]) -> Tensor:
    """(N, C_out, h, w) from columns (N, h * w, taps, C)."""
    n, positions, taps, _ = columns.shape
    columns = columns.unflatten(3, (groups, -1)).permute(3, 0, 1, 2, 4)
    matrix = weight.flatten(2).unflatten(0, (groups, -1)).permute(0, 3, 2, 1)
    product = columns.reshape(groups, n * positions, -1) @ matrix.reshape(
        groups, taps * weight.shape[1], -1
    )
    return product.view(groups, n, *size, -1).permute(1, 0, 4, 2, 3).flatten(1, 2)
