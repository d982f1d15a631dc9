"""The bins of boxes on a feature map, and where RoIAlign samples them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from mmtrack_ext.ops.bilinear import clamped_taps
from mmtrack_ext.ops.sparse_sums import counted
from mmtrack_ext.ops.threads import one_thread

MAX_VALUES = 2**24  # held at a time where all values of a bin are: 64 MB
# Samples along a side of a bin, at one a pixel. Boxes of a diverging detector ask for 10**9, which
# the compiled operator would sample for hours; a bin of this many feature pixels is no object's.
MAX_GRID = 2**10


class RoIAlignOptions(NamedTuple):
    """What mmcv's ``RoIAlign`` is made with.

    ``sampling_ratio`` is the number of samples along each side of a bin; 0 takes one a feature
    pixel, rounded up. ``aligned`` puts pixel centres at .5 of the image; without, they are at the
    integers, and boxes are at least one pixel long.
    """

    output_size: tuple[int, int]
    spatial_scale: float
    sampling_ratio: int
    aligned: bool


class Axis(NamedTuple):
    """The bins of R boxes along one axis of ``size`` feature pixels.

    ``start`` of the box and ``bin_size`` are (R,) in feature pixels, ``grid`` (R,) is the number
    of samples of a bin.
    """

    start: Tensor
    bin_size: Tensor
    grid: Tensor
    bins: int
    size: int

    def of(self, boxes: Tensor) -> Axis:
        """The axis of some of the boxes."""
        return Axis(self.start[boxes], self.bin_size[boxes], self.grid[boxes], self.bins, self.size)

    def positions(self) -> tuple[Tensor, Tensor]:
        """Boxes (S,) and coordinates (S, bins) of the samples, box by box, S = sum of the grids."""
        box, sample = counted(self.grid)
        bin_size = self.bin_size[box]
        bins = torch.arange(self.bins, device=box.device)
        within = (sample + 0.5) * bin_size / self.grid[box]
        return box, self.start[box, None] + bins * bin_size[:, None] + within[:, None]

    def grid_positions(self) -> Tensor:
        """(R, bins, grid) coordinates of the samples of boxes whose grids are equal."""
        _, positions = self.positions()
        return positions.unflatten(0, (len(self.start), -1)).transpose(1, 2)

    @one_thread()
    def mean_weights(self) -> Tensor:
        """(R, bins, size): the weight of each pixel in the mean of each bin's samples."""
        box, positions = self.positions()
        taps = clamped_taps(positions, self.size)
        bin_of = box[:, None] * self.bins + torch.arange(self.bins, device=box.device)
        place = bin_of[..., None] * self.size + taps.index
        weight = taps.weight / self.grid[box, None, None]
        means = self.start.new_zeros(len(self.start) * self.bins * self.size)
        means.scatter_add_(0, place.flatten(), weight.flatten())
        return means.view(-1, self.bins, self.size)


def sampled_axes(rois: Tensor, shape: torch.Size, options: RoIAlignOptions) -> tuple[Axis, Axis]:
    """Axes y and x of (R, 5) boxes on features of (N, C, H, W) ``shape``."""
    corners = rois[:, 1:] * options.spatial_scale - (0.5 if options.aligned else 0.0)
    x1, y1, x2, y2 = corners.unbind(1)
    height, width = options.output_size
    return (
        _sampled_axis(y1, y2 - y1, height, shape[2], options),
        _sampled_axis(x1, x2 - x1, width, shape[3], options),
    )


def _sampled_axis(
    start: Tensor, length: Tensor, bins: int, size: int, options: RoIAlignOptions
) -> Axis:
    bin_size = (length if options.aligned else length.clamp(min=1)) / bins
    if options.sampling_ratio > 0:
        grid = torch.full_like(start, options.sampling_ratio, dtype=torch.int64)
    else:  # boxes of no or negative length, or of NaN, have no samples
        grid = torch.nan_to_num(bin_size.ceil(), posinf=0).clamp(0, MAX_GRID).long()
    return Axis(start, bin_size, grid, bins, size)


def equal_grids(y_grid: Tensor, x_grid: Tensor, *, values: int) -> Iterator[Tensor]:
    """Indices (r,) of boxes that share a grid, few at a time; those with an empty one never.

    ``values`` is what a box holds for each place of the grid.
    """
    grids, group = torch.stack([y_grid, x_grid], 1).unique(dim=0, return_inverse=True)
    for number, (height, width) in enumerate(grids.tolist()):
        if height * width > 0:
            boxes = (group == number).nonzero()[:, 0]
            yield from boxes.split(max(1, MAX_VALUES // (height * width * values)))
