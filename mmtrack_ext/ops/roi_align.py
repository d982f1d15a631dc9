"""RoIAlign (He et al. 2017): the mean, or the maximum, of samples in the bins of boxes.

Every bin holds a grid of bilinear samples. A sample is the product of one along y and one along
x, so the mean over a bin is a product too: of the pixels' mean weights along y, and along x. The
whole operator is one sparse matrix, and its gradient the transposed one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from mmtrack_ext.ops.bilinear import Taps, clamped_taps, product
from mmtrack_ext.ops.roi_bins import RoIAlignOptions, equal_grids, sampled_axes
from mmtrack_ext.ops.sparse_sums import (
    SparseMatrix,
    counted,
    to_images,
    to_rows,
    weighted_sums,
)
from mmtrack_ext.ops.threads import one_thread

MAX_ENTRIES = 2**22  # of a matrix at a time: some 250 MB of indices and weights
EMPTY_MAXIMUM = -10000.0  # of a bin without samples, at NOWHERE (mmcv, cpu/roi_align.cpp)
NOWHERE = -1.0


def roi_align(features: Tensor, rois: Tensor, options: RoIAlignOptions) -> Tensor:
    """Mean of the samples of each bin.

    Args:
        features: (N, C, H, W).
        rois: (R, 5) image number and xyxy in image pixels.
        options: see ``RoIAlignOptions``.

    Returns:
        (R, C, bins along y, bins along x); samples outside the map, and bins without samples,
        count as zero.
    """
    table = to_rows(features)
    sums = [table[:0], *(matrix @ table for _, matrix in _matrices(rois, features.shape, options))]
    return to_images(torch.cat(sums) if len(sums) != 2 else sums[1], *options.output_size)


def roi_align_gradient(
    gradient: Tensor, rois: Tensor, shape: torch.Size, options: RoIAlignOptions
) -> Tensor:
    """(N, C, H, W) gradient by features of that ``shape``, from (R, C, ...) by the means."""
    table = gradient.new_zeros(shape[0] * shape[2] * shape[3], shape[1])
    for boxes, matrix in _matrices(rois, shape, options):
        table += matrix.transposed() @ to_rows(gradient[boxes])
    return to_images(table, shape[2], shape[3])


def _matrices(
    rois: Tensor, shape: torch.Size, options: RoIAlignOptions
) -> Iterator[tuple[slice, SparseMatrix]]:
    """Some boxes, and the matrix from pixels to their bins; few at a time, for memory."""
    y, x = (axis.mean_weights() for axis in sampled_axes(rois, shape, options))
    first_line = rois[:, 0].long() * shape[2]
    end = 0
    for length in _parts(y, x):
        boxes = slice(end, end := end + length)
        yield boxes, _outer_product(y[boxes], x[boxes], first_line[boxes], shape)


@one_thread()
def _parts(y: Tensor, x: Tensor) -> list[int]:
    """How many boxes at a time, so that their matrix holds about ``MAX_ENTRIES``."""
    entries = (y != 0).sum((1, 2)) * (x != 0).sum((1, 2))
    _, lengths = torch.unique_consecutive(entries.cumsum(0) // MAX_ENTRIES, return_counts=True)
    return lengths.tolist()


@one_thread()
def _outer_product(y: Tensor, x: Tensor, first_line: Tensor, shape: torch.Size) -> SparseMatrix:
    """Rows (box, y bin, x bin), columns (image, line, pixel), of nonzero weights.

    ``y`` (R, bins, H) and ``x`` (R, bins, W) are mean weights; ``first_line`` (R,) numbers the
    lines of all images.
    """
    box, _, line = y_places = y.nonzero(as_tuple=True)
    line = (line + first_line[box]) * shape[3]
    _, _, pixel = x_places = x.nonzero(as_tuple=True)
    y_count, x_count = (y != 0).sum(2)[:, :, None], (x != 0).sum(2)[:, None, :]
    row, place = counted((y_count * x_count).flatten())

    def of_row(values: Tensor) -> Tensor:
        return values.expand(-1, y.shape[1], x.shape[1]).flatten()[row]

    width = of_row(x_count)
    at_y = of_row(_starts(y_count)) + place // width
    at_x = of_row(_starts(x_count)) + place % width
    weight = y[y_places][at_y] * x[x_places][at_x]
    size = len(y) * y.shape[1] * x.shape[1], shape[0] * shape[2] * shape[3]
    return SparseMatrix(row, line[at_y] + pixel[at_x], weight, *size)


def _starts(counts: Tensor) -> Tensor:
    """Where each of consecutive lists of these lengths begins, in the same shape."""
    return (counts.flatten().cumsum(0) - counts.flatten()).view_as(counts)


def roi_align_max(
    features: Tensor, rois: Tensor, options: RoIAlignOptions
) -> tuple[Tensor, Tensor, Tensor]:
    """Largest sample of each bin, the first of several, and where it was taken.

    Returns:
        Maximum, y and x in feature pixels, each (R, C, bins along y, bins along x).
    """
    shape = len(rois), features.shape[1], *options.output_size
    maximum = features.new_full(shape, EMPTY_MAXIMUM)
    at_y, at_x = features.new_full(shape, NOWHERE), features.new_full(shape, NOWHERE)
    table = to_rows(features)
    axes = sampled_axes(rois, features.shape, options)
    first_pixel = rois[:, 0].long() * features.shape[2] * features.shape[3]
    for boxes in equal_grids(axes[0].grid, axes[1].grid, values=math.prod(shape[1:])):
        y, x = (axis.of(boxes).grid_positions() for axis in axes)
        pixels, weights = _corners(y, x, features.shape)
        pixels += first_pixel[boxes].view(-1, 1, 1, 1, 1)
        values, place = weighted_sums(table, pixels, weights).max(3)
        maximum[boxes] = values.permute(0, 3, 1, 2)
        place = place.permute(0, 3, 1, 2)[..., None]
        at_y[boxes] = y[:, None, :, None].take_along_dim(place // x.shape[2], 4)[..., 0]
        at_x[boxes] = x[:, None, None].take_along_dim(place % x.shape[2], 4)[..., 0]
    return maximum, at_y, at_x


def _corners(y: Tensor, x: Tensor, shape: torch.Size) -> Taps:
    """From (r, bins, grid) coordinates along each axis, (r, bins, bins, grid * grid, 4) taps."""
    y_taps, x_taps = clamped_taps(y, shape[2]), clamped_taps(x, shape[3])
    y_taps = Taps(*(t[:, :, None, :, None] for t in y_taps))
    x_taps = Taps(*(t[:, None, :, None, :] for t in x_taps))
    return Taps(*(t.flatten(3, 4) for t in product(y_taps, x_taps, shape[3])))


def roi_align_max_gradient(
    gradient: Tensor, rois: Tensor, at_y: Tensor, at_x: Tensor, shape: torch.Size
) -> Tensor:
    """(N, C, H, W) gradient by features of that ``shape``, given where the maxima were."""
    taps = product(clamped_taps(at_y, shape[2]), clamped_taps(at_x, shape[3]), shape[3])
    plane = rois[:, :1].long() * shape[1] + torch.arange(shape[1], device=rois.device)
    pixels = taps.index + (plane * shape[2] * shape[3])[:, :, None, None, None]
    shares = (gradient * (at_y != NOWHERE))[..., None] * taps.weight
    total = gradient.new_zeros(shape.numel())
    return total.scatter_add_(0, pixels.flatten(), shares.flatten()).view(shape)
