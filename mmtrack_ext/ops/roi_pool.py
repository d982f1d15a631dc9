"""RoIPool (Girshick 2015): the largest feature in each bin of a box, without interpolation."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from mmtrack_ext.ops.roi_bins import equal_grids
from mmtrack_ext.ops.sparse_sums import to_rows

NOTHING = -1  # the place of the maximum of an empty bin, which is zero


def roi_pool(
    features: Tensor, rois: Tensor, output_size: tuple[int, int], spatial_scale: float
) -> tuple[Tensor, Tensor]:
    """Largest pixel of each bin, as mmcv's roi_pool_cuda_kernel.cuh defines the bins.

    A box ends at its last pixel + 1; its bins are rounded outwards to pixels and clipped to the
    map, so that neighbours may share pixels.

    Args:
        features: (N, C, H, W).
        rois: (R, 5) image number and xyxy in image pixels.
        output_size: bins along y and x.
        spatial_scale: feature pixels per image pixel.

    Returns:
        Maximum and its place y * W + x (the first of several), (R, C, bins along y, along x);
        zero and -1 where a bin is empty.
    """
    shape = len(rois), features.shape[1], *output_size
    maximum = features.new_zeros(shape)
    argmax = torch.full(shape, NOTHING, dtype=torch.int64, device=features.device)
    height, width = features.shape[2:]
    y1, y2 = _bins(rois[:, 2], rois[:, 4], output_size[0], height, spatial_scale)
    x1, x2 = _bins(rois[:, 1], rois[:, 3], output_size[1], width, spatial_scale)
    table, first_pixel = to_rows(features), rois[:, 0].long() * height * width
    y_most, x_most = (y2 - y1).amax(1), (x2 - x1).amax(1)
    for boxes in equal_grids(y_most, x_most, values=math.prod(shape[1:])):
        y = _pixels(y1[boxes], y2[boxes])[:, :, None, :, None]
        x = _pixels(x1[boxes], x2[boxes])[:, None, :, None, :]
        pixels = (y * width + x).flatten(3)  # (r, bins, bins, pixels of a bin)
        values, best = table[pixels + first_pixel[boxes, None, None, None]].max(3)
        empty = ((y2 <= y1)[boxes, :, None] | (x2 <= x1)[boxes, None, :])[:, None]
        maximum[boxes] = values.permute(0, 3, 1, 2).masked_fill(empty, 0)
        place = pixels[:, None].take_along_dim(best.permute(0, 3, 1, 2)[..., None], 4)[..., 0]
        argmax[boxes] = place.masked_fill(empty, NOTHING)
    return maximum, argmax


def _bins(
    first: Tensor, last: Tensor, bins: int, size: int, spatial_scale: float
) -> tuple[Tensor, Tensor]:
    """First pixel, and the one after the last, (R, bins) int64; equal where a bin is empty."""
    start = first * spatial_scale
    length = (last + 1) * spatial_scale - start
    edges = torch.arange(bins + 1, device=first.device) * (length / bins)[:, None] + start[:, None]
    begin = edges[:, :-1].floor().clamp(0, size).long()
    end = edges[:, 1:].ceil().clamp(0, size).long()
    return begin, torch.where(length[:, None] > 0, end, begin).maximum(begin)


def _pixels(begin: Tensor, end: Tensor) -> Tensor:
    """(r, bins, n) pixels of each bin; shorter bins repeat their last, which changes no maximum."""
    place = torch.arange(int((end - begin).max()), device=begin.device)
    return (begin[..., None] + place).minimum((end[..., None] - 1).clamp(min=0))


def roi_pool_gradient(gradient: Tensor, rois: Tensor, argmax: Tensor, shape: torch.Size) -> Tensor:
    """(N, C, H, W) gradient by features of that ``shape``, given the places of the maxima."""
    plane = rois[:, :1].long() * shape[1] + torch.arange(shape[1], device=rois.device)
    pixels = (plane * shape[2] * shape[3])[:, :, None, None] + argmax.clamp(min=0)
    total = gradient.new_zeros(shape.numel())
    total.scatter_add_(0, pixels.flatten(), (gradient * (argmax != NOTHING)).flatten())
    return total.view(shape)
