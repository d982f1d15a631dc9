"""Box formats and overlaps.

Boxes are rows of float64 arrays, in pixels, continuous (a box from 0 to 10 is 10 wide):

* ``xyxy``: left, top, right, bottom; the format of everything outside a Kalman filter
* ``tlwh``: left, top, width, height; MOTChallenge text
* ``cxcywh``: centre x, centre y, width, height
* ``cxcyah``: centre x, centre y, aspect ratio width / height, height
* ``cxcysr``: centre x, centre y, area width * height, aspect ratio width / height
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from mmtrack_ext.association.arrays import BoolArray, FloatArray, IntArray

# (N, 4) xyxy boxes and their (N,) classes.
LabelledBoxes: TypeAlias = tuple[FloatArray, IntArray]

_ONE_MORE_PIXEL = np.array([0.0, 0.0, 1.0, 1.0])
# Both formats are linear in each other; one small product is the fastest way between them.
_XYXY_TO_CXCYWH = np.array(
    [[0.5, 0.0, -1.0, 0.0], [0.0, 0.5, 0.0, -1.0], [0.5, 0.0, 1.0, 0.0], [0.0, 0.5, 0.0, 1.0]]
)
_CXCYWH_TO_XYXY = np.array(
    [[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0], [-0.5, 0.0, 0.5, 0.0], [0.0, -0.5, 0.0, 0.5]]
)
# Arrays, because NumPy takes longer to read a Python number than to compare a row of boxes.
_ZERO = np.zeros(())
_ROUNDING = np.array(1e-3)  # pixels; far more than the rounding of coordinates up to a billion
_ANYTHING = 1e100  # times the smallest width there is: wider than all images
_SMALLEST = np.array(np.finfo(np.float64).tiny)


def xyxy_to_tlwh(boxes_xyxy: FloatArray) -> FloatArray:
    """(N, 4) to (N, 4)."""
    return np.concatenate((boxes_xyxy[:, :2], boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]), axis=1)


def tlwh_to_xyxy(boxes_tlwh: FloatArray) -> FloatArray:
    """(N, 4) to (N, 4)."""
    return np.concatenate((boxes_tlwh[:, :2], boxes_tlwh[:, :2] + boxes_tlwh[:, 2:]), axis=1)


def xyxy_to_cxcywh(boxes_xyxy: FloatArray) -> FloatArray:
    """(N, 4) to (N, 4)."""
    boxes: FloatArray = boxes_xyxy @ _XYXY_TO_CXCYWH
    return boxes


def cxcywh_to_xyxy(boxes_cxcywh: FloatArray) -> FloatArray:
    """(N, 4) to (N, 4)."""
    boxes: FloatArray = boxes_cxcywh @ _CXCYWH_TO_XYXY
    return boxes


def xyxy_to_cxcyah(boxes_xyxy: FloatArray) -> FloatArray:
    """(N, 4) to (N, 4); a box without height has no aspect ratio (NaN or infinity)."""
    boxes = xyxy_to_cxcywh(boxes_xyxy)
    ratios = boxes[:, 2]
    ratios /= boxes[:, 3]
    return boxes


def cxcyah_to_xyxy(boxes_cxcyah: FloatArray) -> FloatArray:
    """(N, 4) to (N, 4)."""
    boxes: FloatArray = boxes_cxcyah.copy()
    widths = boxes[:, 2]
    widths *= boxes[:, 3]
    return cxcywh_to_xyxy(boxes)


def xyxy_to_cxcysr(boxes_xyxy: FloatArray) -> FloatArray:
    """(N, 4) to (N, 4); a box without height has no aspect ratio (NaN or infinity)."""
    boxes = xyxy_to_cxcywh(boxes_xyxy)
    widths, heights = boxes[:, 2].copy(), boxes[:, 3].copy()
    boxes[:, 2], boxes[:, 3] = widths * heights, widths / heights
    return boxes


def cxcysr_to_xyxy(boxes_cxcysr: FloatArray) -> FloatArray:
    """(N, 4) to (N, 4); NaN where area and aspect ratio have different signs."""
    boxes = boxes_cxcysr.copy()
    areas, ratios = boxes_cxcysr[:, 2], boxes_cxcysr[:, 3]
    with np.errstate(invalid='ignore'):
        boxes[:, 2] = np.sqrt(areas * ratios)
        boxes[:, 3] = areas / boxes[:, 2]
    return cxcywh_to_xyxy(boxes)


def widths_and_heights(boxes_xyxy: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(N, 4) to (N,) and (N,), in pixels."""
    left, top, right, bottom = boxes_xyxy.T
    return right - left, bottom - top


def centers(boxes_xyxy: FloatArray) -> FloatArray:
    """(N, 4) to (N, 2), in pixels."""
    return (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2


def area(boxes_xyxy: FloatArray) -> FloatArray:
    """(N, 4) to (N,), in square pixels."""
    widths, heights = widths_and_heights(boxes_xyxy)
    return widths * heights


def is_wider_than(boxes_xyxy: FloatArray, max_aspect_ratio: float) -> BoolArray:
    """(N,) bool: width over height is above the limit; a box without height is."""
    widths, heights = widths_and_heights(boxes_xyxy)
    return np.asarray(widths > max_aspect_ratio * heights)


def iou(boxes_a: FloatArray, boxes_b: FloatArray, *, plus_one: bool = False) -> FloatArray:
    """Intersection over union of every pair.

    Args:
        boxes_a: (A, 4) xyxy.
        boxes_b: (B, 4) xyxy.
        plus_one: count a box from 0 to 10 as 11 wide, as the released ByteTrack family does
            (cython_bbox; the convention of PASCAL VOC).

    Returns:
        (A, B) float64 in 0..1; 0 where both boxes have no area.

    Example:
        >>> float(iou(np.array([[0., 0., 10., 10.]]), np.array([[5., 0., 15., 10.]]))[0, 0])
        0.3333333333333333
    """
    if plus_one:
        boxes_a, boxes_b = boxes_a + _ONE_MORE_PIXEL, boxes_b + _ONE_MORE_PIXEL
    return _iou(boxes_a.T.copy()[:, :, None], boxes_b.T.copy())


def overlapping_pairs(
    boxes_a: FloatArray, boxes_b: FloatArray, *, min_iou: float, plus_one: bool = False
) -> tuple[IntArray, IntArray]:
    """The pairs whose intersection over union is above a limit; quick where there are few.

    The left edges of such a pair are no farther apart than (1 - limit) times the wider width, and
    the other width is at least limit times that; of pairs farther apart nothing else is looked at.

    Args:
        boxes_a: (A, 4) xyxy.
        boxes_b: (B, 4) xyxy.
        min_iou: the limit, 0..1; a pair at exactly this IoU is none.
        plus_one: see ``iou``.

    Returns:
        (P,) rows of ``boxes_a``, ascending, and (P,) rows of ``boxes_b``.
    """
    if plus_one:
        boxes_a, boxes_b = boxes_a + _ONE_MORE_PIXEL, boxes_b + _ONE_MORE_PIXEL
    left_b = boxes_b[:, 0]
    apart = boxes_a[:, 0, None] - left_b
    np.abs(apart, out=apart)
    share = (1 - min_iou) / min_iou if min_iou else _ANYTHING
    rows, columns = (apart <= (boxes_b[:, 2] - left_b) * share + _ROUNDING).nonzero()
    if not len(rows):
        return rows, columns
    overlap = _iou(boxes_a.take(rows, axis=0).T, boxes_b.take(columns, axis=0).T)
    above = (overlap > min_iou).nonzero()[0]
    return rows[above], columns[above]


def _iou(corners_a: FloatArray, corners_b: FloatArray) -> FloatArray:
    """Of (4, ...) coordinates that broadcast against each other."""
    left_a, top_a, right_a, bottom_a = corners_a
    left_b, top_b, right_b, bottom_b = corners_b
    overlap: FloatArray = np.minimum(right_a, right_b)
    overlap -= np.maximum(left_a, left_b)
    np.maximum(overlap, _ZERO, out=overlap)
    heights = np.minimum(bottom_a, bottom_b)
    heights -= np.maximum(top_a, top_b)
    np.maximum(heights, _ZERO, out=heights)
    overlap *= heights
    union = (right_a - left_a) * (bottom_a - top_a) + (right_b - left_b) * (bottom_b - top_b)
    union -= overlap
    np.maximum(union, _SMALLEST, out=union)  # two boxes without area overlap by 0 / smallest
    overlap /= union
    return overlap
