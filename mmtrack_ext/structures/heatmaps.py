"""Heat maps of object centres, in NumPy: targets, and the prior heat map drawn from tracks.

Source of the arithmetic: CenterNet and CenterTrack (MIT). A heat map is (H, W) float32 with values
in [0, 1]; all functions draw into it in place, by maximum, and cut off what lies outside.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np

Heatmap: TypeAlias = np.ndarray

MIN_OVERLAP = 0.7  # CenterNet: IoU that a box displaced by the radius still has


def gaussian_radius(height: float, width: float, min_overlap: float = MIN_OVERLAP) -> float:
    """How far a centre may move, before it is rounded down.

    CenterNet's form of CornerNet's three cases, which divides each root by 2 where the quadratic
    formula divides by 2a. Its third case is the smallest; mmdet's ``gaussian_radius`` is the
    corrected formula and gives other numbers (4 instead of 15 for 100 x 40).

    Example:
        >>> round(gaussian_radius(100, 40), 2)
        15.86
    """
    total, area = height + width, height * width
    cases = (
        (total, (1 - min_overlap) / (1 + min_overlap)),
        (2 * total, 4 * (1 - min_overlap)),
        (-2 * min_overlap * total, -4 * min_overlap * (1 - min_overlap)),
    )
    return min((b + math.sqrt(b * b - 4 * c * area)) / 2 for b, c in cases)


def box_radius(width: float, height: float) -> int:
    """The radius drawn for a box: both sides are rounded up, the result down."""
    return max(0, int(gaussian_radius(math.ceil(height), math.ceil(width))))


def draw_gaussian(heatmap: Heatmap, center: Any, radius: int, amplitude: float = 1.0) -> None:
    """Draw a Gaussian with sigma (2r + 1) / 6 over the window of 2r + 1 cells.

    Args:
        heatmap: (H, W), changed in place.
        center: x, y, cast to ints toward zero (-0.5 is cell 0). It may lie outside: the visible
            part of the window is drawn.
        radius: r, an int >= 0.
        amplitude: value at the centre.
    """
    height, width = heatmap.shape
    x, y = int(center[0]), int(center[1])
    columns = np.arange(max(0, x - radius), min(width, x + radius + 1))
    rows = np.arange(max(0, y - radius), min(height, y + radius + 1))
    if not len(columns) or not len(rows):
        return
    sigma = (2 * radius + 1) / 6
    distance = (rows[:, None] - y) ** 2 + (columns - x) ** 2
    window = heatmap[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    gaussian = (amplitude * np.exp(-distance / (2 * sigma**2))).astype(heatmap.dtype)
    np.maximum(window, gaussian, out=window)


def fill_box(heatmap: Heatmap, box_xyxy: Any) -> None:
    """Set the cells of a box, its right and lower ends included, to 1.

    For regions to ignore: the negative term of the focal loss is weighted by (1 - y)^4.
    """
    left, top, right, bottom = (int(value) for value in box_xyxy)
    heatmap[top : bottom + 1, left : right + 1] = 1


def clip_boxes(boxes_xyxy: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """(N, 4) boxes within [0, W - 1] x [0, H - 1] of a map of (H, W); a copy."""
    height, width = shape
    limits = np.array([width - 1, height - 1] * 2, boxes_xyxy.dtype)
    return np.clip(boxes_xyxy, 0, limits)


def draw_prior_heatmap(boxes_xyxy: Any, shape: tuple[int, int]) -> Heatmap:
    """What the network is told of the tracks of the frame before.

    Args:
        boxes_xyxy: (N, 4) in pixels of the network's input; clipped here, and left out where
            nothing remains.
        shape: (H, W) of the network's input.

    Returns:
        (H, W) float32, a Gaussian of amplitude 1 at each centre.
    """
    heatmap = np.zeros(shape, np.float32)
    for left, top, right, bottom in clip_boxes(np.asarray(boxes_xyxy).reshape(-1, 4), shape):
        if right > left and bottom > top:
            center = ((left + right) / 2, (top + bottom) / 2)
            draw_gaussian(heatmap, center, box_radius(right - left, bottom - top))
    return heatmap
