"""Greedy matching by score, as COCO, LVIS and TAO do it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmtrack_ext.association.arrays import BoolArray, FloatArray, IntArray
from mmtrack_ext.evaluation.tao.overlaps import Pairs

UNMATCHED, MATCHED, MATCHED_IGNORED = 0, 1, 2
_BELOW_ONE = 1 - 1e-10  # a threshold of 1 is met by rounding errors of an IoU of 1 (pycocotools)


def match(
    pairs: Pairs,
    scores: FloatArray,
    truth_ignored: BoolArray,
    *,
    thresholds: FloatArray,
    slack: float = 0.0,
) -> NDArray[np.int8]:
    """What becomes of each found object, in each range and at each threshold.

    The best score takes first: of the true objects not yet taken and with IoU >= threshold the one
    with the highest IoU, of equals the last, an ignored one only where no other is left. Objects of
    different units or categories have no pair, so one pass serves all of them.

    Args:
        pairs: of found and true objects.
        scores: (M,) of the found objects; of equals the first goes first.
        truth_ignored: (R, G) true objects out of a range.
        thresholds: (T,) ascending or not.
        slack: an IoU as much below the threshold, or below the best so far, still counts
            (TrackEval: the float64 epsilon; lvis: none).

    Returns:
        (M, R, T) of UNMATCHED, MATCHED, MATCHED_IGNORED.
    """
    limits = np.minimum(thresholds, _BELOW_ONE)
    fate = np.zeros((len(scores), len(truth_ignored), len(limits)), np.int8)
    ignored = truth_ignored.T[:, :, None]  # (G, R, 1)
    free = np.ones((len(ignored), *fate.shape[1:]), bool)
    for found, rows in _by_score(pairs, scores, limits.min() - slack):
        candidates = [(int(pairs.truth[row]), pairs.ious[row]) for row in rows]
        fate[found] = _take(candidates, free, ignored, limits, slack)
    return fate


def _by_score(pairs: Pairs, scores: FloatArray, least: float) -> list[tuple[int, IntArray]]:
    """Found objects with candidates, best first, and the rows of their pairs."""
    rows = np.flatnonzero(pairs.ious >= least)
    rank = np.empty(len(scores), np.int64)
    order = np.argsort(-scores, kind='stable')
    rank[order] = np.arange(len(scores))
    rows = rows[np.argsort(rank[pairs.found[rows]], kind='stable')]
    _, starts = np.unique(rank[pairs.found[rows]], return_index=True)
    groups = np.split(rows, starts[1:]) if len(rows) else []
    return [(int(pairs.found[group[0]]), group) for group in groups]


def _take(
    candidates: list[tuple[int, float]],
    free: BoolArray,
    ignored: BoolArray,
    limits: FloatArray,
    slack: float,
) -> NDArray[np.int8]:
    """(R, T) fate of one found object; takes its match out of ``free`` (G, R, T)."""
    shape = free.shape[1:]
    chosen = np.full(shape, -1)
    for kind in (False, True):  # counted objects first
        best = np.tile(limits, (shape[0], 1))
        open_still = chosen < 0
        for truth, overlap in candidates:
            fits = open_still & free[truth] & (ignored[truth] == kind) & (overlap >= best - slack)
            best[fits] = overlap
            chosen[fits] = truth
    ranges, thresholds = np.nonzero(chosen >= 0)
    taken = chosen[ranges, thresholds]
    free[taken, ranges, thresholds] = False
    fate = np.zeros(shape, np.int8)
    fate[ranges, thresholds] = np.where(ignored[taken, ranges, 0], MATCHED_IGNORED, MATCHED)
    return fate
