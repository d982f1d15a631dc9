"""SORT: Simple Online and Realtime Tracking. Bewley et al., ICIP 2016."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmtrack_ext.association.arrays import BoolArray, FloatArray, IntArray
from mmtrack_ext.association.assignment import (
    Matches,
    linear_assignment,
    unambiguous_assignment,
)
from mmtrack_ext.association.base_tracker import BaseTracker
from mmtrack_ext.association.box_spaces import XYSR
from mmtrack_ext.association.parameters import check_number
from mmtrack_ext.association.tracks import TrackState

AREA, AREA_VELOCITY = 2, 6  # columns of the state


class SORTTracker(BaseTracker):
    """Predict, match by IoU, correct.

    Args:
        max_age: a track unseen for more than this many frames, at 30 fps, is removed.
        min_hits: a track is reported after this many further matches in a row; at once in the
            first ``min_hits`` frames of a sequence.
        min_iou: a match needs at least this IoU.
        **common: see ``BaseTracker``.
    """

    space = XYSR

    def __init__(
        self, *, max_age: int = 1, min_hits: int = 3, min_iou: float = 0.3, **common: Any
    ) -> None:
        self.min_hits = min_hits
        self.min_iou = min_iou
        check_number(self, 'min_hits', minimum=0, whole=True)
        check_number(self, 'min_iou', minimum=0, maximum=1)
        super().__init__(max_age=max_age, **common)

    def step(self) -> None:
        """Section 3 of the paper."""
        self._remove_impossible_boxes()
        rows = self.tracks.rows(TrackState.CONFIRMED, TrackState.LOST)
        matches = self._associate(rows, np.arange(len(self.detections)))
        self.hit(matches)
        self.miss(matches.unmatched_tracks)
        self.spawn(matches.unmatched_detections, confirmed=True)
        self.prune()

    def predict(self) -> None:
        """A box that would shrink below zero keeps its area."""
        means = self.tracks.means
        means[means[:, AREA] + means[:, AREA_VELOCITY] <= 0, AREA_VELOCITY] = 0
        super().predict()

    def reported(self) -> BoolArray:
        """Tracks seen now that have been seen often enough in a row."""
        seen_now: BoolArray = self.tracks.last_frame == self.frame
        if self.frame < self.min_hits:
            return seen_now
        reported: BoolArray = seen_now & (self.frame - self.tracks.streak_start >= self.min_hits)
        return reported

    def _associate(self, rows: IntArray, columns: IntArray) -> Matches:
        """Pairs that leave no choice; where there is a choice, the assignment of largest IoU."""
        if not (len(rows) and len(columns)):
            return Matches.none(rows, columns)
        cost = self.cost_matrix(rows, columns, self._negative_iou)
        matches = unambiguous_assignment(cost, -self.min_iou)
        if matches is None:  # solver and detections as rows as released: their order gives the ids
            by_detection = linear_assignment(cost.T, -self.min_iou, reject='after', solver='scipy')
            matches = by_detection.swapped()
        return matches.of(rows, columns)

    def _negative_iou(self, rows: IntArray, columns: IntArray) -> FloatArray:
        return np.negative(self.iou(rows, columns))

    def _remove_impossible_boxes(self) -> None:
        """A negative aspect ratio or area has no box."""
        impossible = ~np.isfinite(self.tracks.boxes).all(axis=1)
        self.tracks.states[impossible] = TrackState.REMOVED
