"""The seam between networks and trackers: validated tables of one frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from mmtrack_ext.association.arrays import BoolArray, Float32Array, FloatArray, IntArray
from mmtrack_ext.association.boxes import centers

FARTHEST = 1e9  # pixels; a network that diverged, or numbers that are no boxes
Rows: TypeAlias = BoolArray | IntArray | slice | int | np.integer[Any]


@dataclass(frozen=True, eq=False)
class Detections:
    """The detections of one frame, one row each.

    Columns are stored as read-only arrays of the types below; what can be converted is converted.

    Args:
        boxes: (D, 4) float64, ``x1, y1, x2, y2`` in pixels of the original image.
        scores: (D,) float64.
        labels: (D,) int64 class indices from 0. Zeros if left out.
        embeddings: (D, C) float32 appearance vectors.
        displacements: (D, 2) float64, previous minus current centre in pixels.
        centers: (D, 2) float64, the point a displacement starts from, where that is not the
            centre of the box.

    Raises:
        ValueError: a column has the wrong shape or length, holds NaN or infinity, or a box has
            x2 < x1 or y2 < y1 or lies a billion pixels away. The message names the column and the
            first bad row.

    Example:
        >>> detections = Detections([[0, 0, 10, 20], [5, 5, 9, 9]], [0.9, 0.4])
        >>> len(detections), detections[detections.scores > 0.5].boxes.tolist()
        (2, [[0.0, 0.0, 10.0, 20.0]])
    """

    boxes: FloatArray
    scores: FloatArray
    labels: IntArray = None  # type: ignore[assignment]  # filled in below
    embeddings: Float32Array | None = None
    displacements: FloatArray | None = None
    centers: FloatArray | None = None

    def __post_init__(self) -> None:
        boxes = _column('boxes', self.boxes, np.float64, width=4)
        num_rows = len(boxes)
        _check_corners(boxes)
        object.__setattr__(self, 'boxes', boxes)
        object.__setattr__(self, 'scores', _column('scores', self.scores, np.float64, num_rows))
        labels = np.zeros(num_rows, np.int64) if self.labels is None else self.labels
        object.__setattr__(self, 'labels', _label_column(labels, num_rows))
        for name, dtype, width in (
            ('embeddings', np.float32, None),
            ('displacements', np.float64, 2),
            ('centers', np.float64, 2),
        ):
            values = getattr(self, name)
            if values is not None:
                matrix = _column(name, values, dtype, num_rows, width=width, matrix=True)
                object.__setattr__(self, name, matrix)

    @classmethod
    def empty(cls) -> Detections:
        """A frame without detections."""
        return cls(np.empty((0, 4)), np.empty(0))

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, rows: Rows) -> Detections:
        """The detections at a boolean mask, an array of indices, a slice or one index."""
        rows = _as_rows(rows)
        columns = (
            None if column is None else _read_only(column[rows]) for column in vars(self).values()
        )
        return Detections._of_valid(*columns)

    @classmethod
    def _of_valid(cls, *columns: Any) -> Detections:
        """Rows of valid detections are valid: skip the checks."""
        detections = object.__new__(cls)
        names = ('boxes', 'scores', 'labels', 'embeddings', 'displacements', 'centers')
        for name, column in zip(names, columns, strict=True):
            object.__setattr__(detections, name, column)
        return detections


def motion_starts(detections: Detections) -> FloatArray:
    """(D, 2) the points that displacements start from, in pixels."""
    return centers(detections.boxes) if detections.centers is None else detections.centers


def wanted_rows(
    scores: FloatArray,
    labels: IntArray,
    *,
    min_score: float | None = None,
    classes: Sequence[int] | None = None,
) -> BoolArray:
    """(D,) mask of the detections that a user's choice of scores and classes leaves.

    Args:
        scores: (D,) float64.
        labels: (D,) int64 class indices from 0.
        min_score: leave out scores below; None keeps all.
        classes: class indices to keep; None keeps all.
    """
    keep = np.ones(len(scores), bool)
    if min_score is not None:
        keep &= scores >= min_score
    if classes is not None:
        keep &= np.isin(labels, classes)
    return keep


def required_embeddings(owner: object, detections: Detections) -> Float32Array:
    """The (D, C) embeddings of detections, for a tracker that cannot do without.

    Raises:
        ValueError: the detections have none; names the tracker and what makes embeddings.
    """
    if detections.embeddings is None:
        raise ValueError(
            f'{type(owner).__name__} needs detections with embeddings, and these have none: '
            'add a re-identification network (model.reid) or cache them by '
            'tools/extract_features.py.'
        )
    return detections.embeddings


@dataclass(frozen=True, eq=False)
class TrackedBoxes:
    """What a tracker reports for one frame: one row a track, ascending by id.

    Attributes:
        ids: (N,) int64 from 1.
        boxes: (N, 4) float64 ``x1, y1, x2, y2``: the filter's posterior for Kalman trackers, the
            detection's box for others.
        scores: (N,) float64 score of the last matched detection.
        labels: (N,) int64 class of the last matched detection.
        detection_index: (N,) int64 row of the ``Detections`` given to ``update``; -1 where the
            track was matched to nothing in this frame.
    """

    ids: IntArray
    boxes: FloatArray
    scores: FloatArray
    labels: IntArray
    detection_index: IntArray

    @classmethod
    def empty(cls) -> TrackedBoxes:
        """A frame without tracks."""
        none = np.empty(0, np.int64)
        return cls(none, np.empty((0, 4)), np.empty(0), none, none)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, rows: Rows) -> TrackedBoxes:
        """The tracks at a boolean mask, an array of indices, a slice or one index."""
        rows = _as_rows(rows)
        return TrackedBoxes(
            self.ids[rows],
            self.boxes[rows],
            self.scores[rows],
            self.labels[rows],
            self.detection_index[rows],
        )


def _as_rows(rows: Rows) -> BoolArray | IntArray | slice:
    """One index as an array of one, so that columns stay columns."""
    return np.array([rows]) if isinstance(rows, int | np.integer) else rows


def _column(
    name: str,
    values: Any,
    dtype: type,
    num_rows: int | None = None,
    *,
    width: int | None = None,
    matrix: bool = False,
) -> Any:
    """``values`` as a read-only finite array of ``num_rows`` rows (and ``width`` columns)."""
    column: Any = np.asarray(values, dtype)
    is_matrix = matrix or width is not None
    if is_matrix and column.shape == (0,):
        column = column.reshape(0, width or 0)  # an empty list is a frame without rows
    if column.ndim != (2 if is_matrix else 1) or (width and column.shape[1] != width):
        shape = f'(D, {width or "C"})' if is_matrix else '(D,)'
        raise ValueError(
            f"The '{name}' column of Detections must have shape {shape}. Got {column.shape}."
        )
    if num_rows is not None and len(column) != num_rows:
        raise ValueError(
            f"The '{name}' column of Detections must have as many rows as 'boxes', "
            f'{num_rows}. Got {len(column)}.'
        )
    finite = np.isfinite(column)
    if not finite.all():
        row = int(np.argmin(finite.all(axis=1) if is_matrix else finite))
        raise ValueError(
            f"The '{name}' column of Detections must be finite. Row {row} is {column[row]}."
        )
    return _read_only(column)


def _label_column(values: Any, num_rows: int) -> IntArray:
    labels = np.asarray(values)
    if labels.dtype.kind not in 'iu':
        as_float = _column('labels', labels, np.float64, num_rows)
        labels = as_float.astype(np.int64)
        if not (labels == as_float).all():
            row = int(np.argmax(labels != as_float))
            raise ValueError(
                f"The 'labels' column of Detections must hold whole numbers. "
                f'Row {row} is {as_float[row]}.'
            )
    checked: IntArray = _column('labels', labels, np.int64, num_rows)
    if num_rows and checked.min() < 0:
        row = int(np.argmax(checked < 0))
        raise ValueError(
            f"The 'labels' column of Detections must be >= 0. Row {row} is {checked[row]}."
        )
    return checked


def _check_corners(boxes: FloatArray) -> None:
    far = (np.abs(boxes) > FARTHEST).any(axis=1)
    if far.any():
        row = int(np.argmax(far))
        raise ValueError(
            "The 'boxes' column of Detections must be in pixels, within a billion of 0. "
            f'Row {row} is {boxes[row]}.'
        )
    bad = (boxes[:, 2] < boxes[:, 0]) | (boxes[:, 3] < boxes[:, 1])
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(
            "The 'boxes' column of Detections needs x1 <= x2 and y1 <= y2. "
            f'Row {row} is {boxes[row]}.'
        )


def _read_only(array: Any) -> Any:
    view = array.view()
    view.flags.writeable = False
    return view
