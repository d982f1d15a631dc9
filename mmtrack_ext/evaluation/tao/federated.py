"""Federated average precision: the rules that boxes and tracks share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmtrack_ext.association.arrays import BoolArray, FloatArray, IntArray
from mmtrack_ext.evaluation.tao.annotations import FederatedLists
from mmtrack_ext.evaluation.tao.matching import MATCHED, UNMATCHED, match
from mmtrack_ext.evaluation.tao.objects import Objects
from mmtrack_ext.evaluation.tao.overlaps import overlaps
from mmtrack_ext.evaluation.tao.rows import Rows

RECALLS = np.linspace(0.0, 1.0, 101)  # COCO's


@dataclass(frozen=True)
class Range:
    """Objects counted together; both ends belong to it."""

    name: str
    measure: str = 'areas'  # of Objects
    low: float = 0.0
    high: float = np.inf

    def holds(self, objects: Objects) -> BoolArray:
        """(M,) objects inside."""
        values = getattr(objects, self.measure)
        return np.asarray((values >= self.low) & (values <= self.high))


@dataclass(frozen=True, eq=False)
class FederatedScores:
    """Average precision and recall; NaN where a class has no object in a range."""

    precisions: FloatArray  # (C, R, T)
    recalls: FloatArray  # (C, R, T)

    def mean(self, values: FloatArray) -> float:
        """Over classes with objects (and whatever else is in ``values``); -1 if there are none."""
        return float(np.nanmean(values)) if np.isfinite(values).any() else -1.0


def evaluated_rows(
    rows: Rows, units: IntArray, annotated: IntArray, lists: FederatedLists, *, num_categories: int
) -> Rows:
    """Results of the categories that are annotated or known to be absent in their unit.

    Args:
        rows: of results.
        units: (N,) their images or videos.
        annotated: unit * num_categories + category of the annotations.
        lists: of those units.
        num_categories: in the file.
    """
    keys = units * num_categories + rows.categories
    return rows[np.isin(keys, annotated) | np.isin(keys, lists.negative)]


def federated_scores(
    found: Objects,
    truth: Objects,
    lists: FederatedLists,
    *,
    num_categories: int,
    ranges: Sequence[Range],
    thresholds: FloatArray,
    slack: float = 0.0,
) -> FederatedScores:
    """Average precision and recall by category, range and IoU threshold.

    A found object without a match is wrong, unless it is out of the range or its category is not
    annotated exhaustively in its unit; then, as one matched to an object out of the range, it does
    not count.
    """
    inside = np.stack([r.holds(truth) for r in ranges])
    excused = np.isin(found.units * num_categories + found.categories, lists.not_exhaustive)
    may_miss = np.stack([excused | ~r.holds(found) for r in ranges])
    truth_ignored = ~inside | truth.ignored
    pairs = overlaps(found, truth, num_categories=num_categories)
    fate = match(pairs, found.scores, truth_ignored, thresholds=thresholds, slack=slack)
    shape = (num_categories, len(ranges), len(thresholds))
    scores = FederatedScores(np.full(shape, np.nan), np.full(shape, np.nan))
    order = np.lexsort((-found.scores, found.categories))
    ends = np.searchsorted(found.categories[order], np.arange(num_categories + 1))
    for category in np.unique(truth.categories):
        rows = order[ends[category] : ends[category + 1]]
        counts = (~truth_ignored[:, truth.categories == category]).sum(axis=1)
        for r in np.flatnonzero(counts):
            hits, misses = fate[rows, r] == MATCHED, fate[rows, r] == UNMATCHED
            misses &= ~may_miss[r, rows, None]
            for t in range(len(thresholds)):
                scores.precisions[category, r, t], scores.recalls[category, r, t] = _curve(
                    hits[:, t], misses[:, t], counts[r]
                )
    return scores


def _curve(hits: BoolArray, misses: BoolArray, count: int) -> tuple[float, float]:
    """Interpolated average precision at 101 recalls, and the highest recall.

    Args:
        hits: (M,) right results, best score first.
        misses: (M,) wrong results.
        count: of the true objects, above 0.
    """
    if len(hits) == 0:
        return 0.0, 0.0
    right, wrong = np.cumsum(hits), np.cumsum(misses)
    recalls = right / count
    precisions = right / (right + wrong + np.spacing(1))
    best_later = np.maximum.accumulate(precisions[::-1])[::-1]
    places = np.searchsorted(recalls, RECALLS, side='left')
    reached = np.append(best_later, 0.0)[places]
    return float(reached.mean()), float(recalls[-1])
