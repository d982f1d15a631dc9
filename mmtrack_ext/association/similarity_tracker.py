"""What QDTrack's trackers share: greedy matching by appearance, in the order of score."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmtrack_ext.association.appearance_tracker import AppearanceTracker
from mmtrack_ext.association.arrays import BoolArray, Float32Array, FloatArray, IntArray
from mmtrack_ext.association.assignment import Matches
from mmtrack_ext.association.boxes import iou
from mmtrack_ext.association.costs import class_gate
from mmtrack_ext.association.detections import Detections
from mmtrack_ext.association.parameters import check_choice, check_number
from mmtrack_ext.association.similarity import METRICS, greedy_by_similarity

_ROWS_AT_ONCE = 100  # measured: 400 boxes in a third of the time of one 400 x 400 matrix


class SimilarityTracker(AppearanceTracker):
    """What trackers by appearance share: detections by falling score, one embedding a track.

    Args:
        min_similarity: a match needs a similarity above this.
        momentum: share of the **new** vector in a track's embedding after a match.
        metric: 'bisoftmax', 'softmax' or 'cosine'.
        max_age, class_aware, **common: see ``BaseTracker``.
    """

    def __init__(
        self, *, min_similarity: float, momentum: float, metric: str, max_age: int, **common: Any
    ) -> None:
        self.min_similarity = min_similarity
        self.momentum = momentum
        self.metric = metric
        # Not below 0, the similarity of pairs of different classes.
        check_number(self, 'min_similarity', minimum=0, maximum=1)
        check_number(self, 'momentum', minimum=0, maximum=1)
        check_choice(self, 'metric', *METRICS)
        super().__init__(max_age=max_age, **common)

    def prepare(self, detections: Detections) -> tuple[Detections, IntArray]:
        """Also order them by falling score and drop duplicates."""
        detections, rows = super().prepare(detections)
        order = np.argsort(-detections.scores, kind='stable')
        kept = order[~self.duplicates(detections[order])]
        return detections[kept], rows[kept]

    def duplicates(self, detections: Detections) -> BoolArray:
        """(D,) which of the detections, ordered by falling score, are not looked at."""
        return np.zeros(len(detections), np.bool_)

    def overlaps_better(
        self,
        detections: Detections,
        rows: IntArray,
        *,
        min_iou: float | FloatArray,
        same_class: bool = False,
    ) -> BoolArray:
        """(N,) which of the detections at ``rows`` overlap one that stands before them.

        Args:
            detections: ordered by falling score.
            rows: (N,) ascending.
            min_iou: an overlap is an IoU above this; one number, or (N,).
            same_class: look only at detections of the same class.
        """
        boxes, labels = detections.boxes, detections.labels
        limits = np.broadcast_to(min_iou, rows.shape)
        found = np.zeros(len(rows), np.bool_)
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            some, end = rows[part], rows[part][-1]
            overlap = iou(boxes[:end], boxes[some], plus_one=self.plus_one_iou) > limits[part]
            overlap &= np.arange(end)[:, None] < some
            if same_class:
                overlap &= ~class_gate(labels[:end], labels[some])
            found[part] = overlap.any(axis=0)
        return found

    def match_greedily(self, similarity: FloatArray, allowed: BoolArray) -> Matches:
        """Detections in the order of score take tracks, the first rows of the similarity."""
        taken = greedy_by_similarity(similarity, allowed, min_similarity=self.min_similarity)
        columns = (taken >= 0).nonzero()[0]
        free = np.ones(len(self.tracks), np.bool_)
        free[taken[columns]] = False
        return Matches(taken[columns], columns, free.nonzero()[0], (taken < 0).nonzero()[0])

    def blend(self, old: Float32Array, new: Float32Array) -> Float32Array:
        """Moving average; lengths count, so nothing is normalised."""
        return (1 - self.momentum) * old + self.momentum * new
