"""Bilinear interpolation along one axis, in the two conventions of mmcv, and of both axes."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Taps(NamedTuple):
    """Pixels that a sample is made of: ``index`` (..., K) int64, ``weight`` (..., K)."""

    index: Tensor
    weight: Tensor


def clamped_taps(position: Tensor, size: int) -> Taps:
    """RoIAlign: at the border pixel up to one pixel outside, zero beyond.

    Positions (...) along an axis of ``size`` pixels, whose centres are the integers; two taps
    each. Beyond -1 and beyond ``size`` the weights are zero (mmcv, ``bilinear_interpolate``).
    """
    inside = (position >= -1) & (position <= size)
    position = torch.where(inside, position, 0).clamp(0, size - 1)
    low = position.floor()
    fraction = position - low
    weight = torch.stack([1 - fraction, fraction], -1) * inside[..., None]
    index = torch.stack([low, (low + 1).clamp(max=size - 1)], -1).long()
    return Taps(index, weight)


def zero_padded_taps(position: Tensor, size: int) -> Taps:
    """Deformable convolution: pixels outside are zero, so samples fade out over one pixel.

    The weights can be differentiated; on an integer the slope is that of the right-hand side, and
    from -1 downwards and ``size`` upwards it is zero (mmcv, ``get_coordinate_weight``).
    """
    inside = (position > -1) & (position < size)
    position = torch.where(inside, position, 0)
    low = position.detach().floor()
    fraction = position - low
    index = torch.stack([low, low + 1], -1).long()
    exists = inside[..., None] & (index >= 0) & (index < size)
    weight = torch.where(exists, torch.stack([1 - fraction, fraction], -1), 0)
    return Taps(index.clamp(0, size - 1), weight)


def product(y: Taps, x: Taps, width: int) -> Taps:
    """The corners y * width + x of every pair: (..., K) and (..., L) to (..., K * L)."""
    index = y.index[..., :, None] * width + x.index[..., None, :]
    weight = y.weight[..., :, None] * x.weight[..., None, :]
    return Taps(index.flatten(-2), weight.flatten(-2))
