"""Intersection over union of boxes, and of tracks over all their frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmtrack_ext.association.arrays import FloatArray, IntArray
from mmtrack_ext.evaluation.tao.objects import Objects


@dataclass(frozen=True, eq=False)
class Pairs:
    """P pairs of a found and a true object that overlap, of one unit and category."""

    found: IntArray  # (P,)
    truth: IntArray  # (P,)
    ious: FloatArray  # (P,)


def overlaps(found: Objects, truth: Objects, *, num_categories: int) -> Pairs:
    """Every pair of the same unit and category that overlaps, by found object, then true one.

    The union of two tracks is the sum of all their boxes less the sum of the intersections, since
    a frame with one of them only adds that box (specification of TAO's 3D IoU).
    """
    of_found, of_truth = _rows_together(found, truth, num_categories)
    corners = np.minimum(*(_bottom_right(o, r) for o, r in ((found, of_found), (truth, of_truth))))
    sides = corners - np.maximum(found.boxes[of_found, :2], truth.boxes[of_truth, :2])
    shared = np.prod(np.maximum(sides, 0), axis=1)
    names = found.owners[of_found] * max(len(truth), 1) + truth.owners[of_truth]
    pairs, which = np.unique(names[shared > 0], return_inverse=True)
    intersections = np.bincount(which, shared[shared > 0], len(pairs))
    i, j = np.divmod(pairs, max(len(truth), 1))
    unions = _sums_of_areas(found)[i] + _sums_of_areas(truth)[j] - intersections
    return Pairs(i, j, intersections / unions)


def _rows_together(
    found: Objects, truth: Objects, num_categories: int
) -> tuple[IntArray, IntArray]:
    """Row numbers of every pair of boxes in the same image and of the same category."""
    of_found, of_truth = (
        o.images * num_categories + o.categories[o.owners] for o in (found, truth)
    )
    order = np.argsort(of_truth, kind='stable')
    starts = np.searchsorted(of_truth[order], of_found, side='left')
    counts = np.searchsorted(of_truth[order], of_found, side='right') - starts
    rows = np.repeat(np.arange(len(of_found)), counts)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows, order[starts[rows] + within]


def _bottom_right(objects: Objects, rows: IntArray) -> FloatArray:
    boxes = objects.boxes[rows]
    corners: FloatArray = boxes[:, :2] + boxes[:, 2:]
    return corners


def _sums_of_areas(objects: Objects) -> FloatArray:
    areas = objects.boxes[:, 2] * objects.boxes[:, 3]
    sums: FloatArray = np.bincount(objects.owners, areas, len(objects)).astype(np.float64)
    return sums  # (astype: of no rows NumPy counts in integers)
