"""The table of live tracks: one array a column, one row a track."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from mmtrack_ext.association.arrays import BoolArray, Float32Array, FloatArray, IntArray
from mmtrack_ext.association.boxes import LabelledBoxes


class TrackState:
    """Where a track stands in its life; see ``life_cycle`` for the transitions.

    Plain numbers, because members of an ``IntEnum`` are slow to compare with arrays.
    """

    TENTATIVE = 0
    CONFIRMED = 1
    LOST = 2
    REMOVED = 3


@cache
def _lookup(states: tuple[int, ...]) -> BoolArray:
    """Whether a state is one of ``states``, by state: one look instead of a comparison each."""
    return np.array([state in states for state in range(4)])


class Tracks:
    """T tracks, rows ascending by id. Rows stay where they are during a frame.

    A tracker adds columns of its own with ``add_column``; they grow and shrink with the others.

    Attributes:
        ids: (T,) int64.
        states: (T,) int64, ``TrackState``.
        boxes: (T, 4) float64 xyxy: predicted, updated, or (without a filter) last detected.
        scores, labels: (T,) of the last matched detection.
        detection_index: (T,) int64 row of the detection matched in this frame, or -1.
        hits: (T,) int64 matched detections, the first one counted.
        streak_start: (T,) int64 frame of the first match or of the last miss after it.
        first_frame, last_frame: (T,) int64 frames of the first and of the last match.
        expired: (T,) bool, see ``BaseTracker.prune``.
        gaussians: (T, n, n + 1) float64 of the filter, see ``kalman_filter``; n = 0 without one.
    """

    def __init__(self, num_states: int = 0) -> None:
        self._names: list[str] = []
        integers = ('ids', 'states', 'labels', 'detection_index', 'hits', 'streak_start')
        for name in (*integers, 'first_frame', 'last_frame'):
            self.add_column(name, np.int64)
        self.add_column('boxes', np.float64, (4,))
        self.add_column('scores', np.float64)
        self.add_column('expired', np.bool_)
        self.add_column('gaussians', np.float64, (num_states, num_states + 1))

    ids: IntArray
    states: IntArray
    labels: IntArray
    detection_index: IntArray
    hits: IntArray
    streak_start: IntArray
    first_frame: IntArray
    last_frame: IntArray
    boxes: FloatArray
    scores: FloatArray
    expired: BoolArray
    gaussians: FloatArray
    embeddings: Float32Array  # (T, C), only where a tracker adds this column

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def means(self) -> FloatArray:
        """(T, n) view of the filter's states."""
        means: FloatArray = self.gaussians[:, :, -1]
        return means

    @property
    def covariances(self) -> FloatArray:
        """(T, n, n) view of their uncertainty."""
        covariances: FloatArray = self.gaussians[:, :, :-1]
        return covariances

    def add_column(self, name: str, dtype: Any, shape: tuple[int, ...] = ()) -> None:
        """A further column of ``shape`` a row, zeros in the rows that exist."""
        rows = len(self.ids) if self._names else 0
        setattr(self, name, np.zeros((rows, *shape), dtype))
        self._names.append(name)

    def are(self, *states: int) -> BoolArray:
        """(T,) whether the state of each track is one of ``states``."""
        return _lookup(states)[self.states]

    def rows(self, *states: int) -> IntArray:
        """The rows whose state is one of ``states``, ascending."""
        rows: IntArray = _lookup(states)[self.states].nonzero()[0]
        return rows

    def boxes_of(self, rows: IntArray) -> LabelledBoxes:
        """Boxes and classes of these rows."""
        return self.boxes.take(rows, axis=0), self.labels[rows]

    def append(self, num_rows: int, **columns: Any) -> None:
        """Add rows at the end; columns that are not given are zero in them."""
        for name in self._names:
            old = getattr(self, name)
            new = np.empty((len(old) + num_rows, *old.shape[1:]), old.dtype)
            new[: len(old)] = old
            new[len(old) :] = columns.get(name, 0)
            setattr(self, name, new)

    def drop_removed(self) -> None:
        """Forget the rows in state REMOVED."""
        kept = self.rows(TrackState.TENTATIVE, TrackState.CONFIRMED, TrackState.LOST)
        if len(kept) < len(self):
            for name in self._names:
                setattr(self, name, getattr(self, name).take(kept, axis=0))
