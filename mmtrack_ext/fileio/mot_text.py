"""MOTChallenge text: detections, ground truth and results.

The only place where frames count from 1. Widths in the wild (``f`` frame, ``c`` class):

========  ========================================================  ===========================
columns   layout                                                    where
========  ========================================================  ===========================
6         f, left, top, width, height, score                        det_results (PaddleDetection)
7         f, left, top, width, height, score, c from 0              det_results (PaddleDetection)
7         f, -1, left, top, width, height, score                    MOT17 public FRCNN, SDP
9         f, id, left, top, width, height, flag, c, visibility      ground truth of MOT16 and later
10        f, id, left, top, width, height, flag, x, y, z            ground truth of MOT15
10        f, id, left, top, width, height, score, c or -1, -1, -1   detections, results
========  ========================================================  ===========================
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mmtrack_ext.association.arrays import BoolArray, FloatArray, IntArray
from mmtrack_ext.association.boxes import tlwh_to_xyxy, xyxy_to_tlwh
from mmtrack_ext.association.detections import TrackedBoxes
from mmtrack_ext.fileio.atomic import atomic_write
from mmtrack_ext.fileio.errors import FileFormatError
from mmtrack_ext.fileio.sequence_info import MAX_FRAMES
from mmtrack_ext.fileio.text_table import line_of_row, read_table, whole_numbers

DECIMALS = 2  # of boxes and scores in result files


@dataclass(frozen=True, eq=False)
class TextDetections:
    """The rows of a detection file, by frame (rows of one frame keep the order of the file).

    Attributes:
        frames: (N,) int64 from 0.
        boxes: (N, 4) float64 ``x1, y1, x2, y2``.
        scores: (N,) float64.
        labels: (N,) int64 class index from 0; 0 where the file has no classes.
    """

    frames: IntArray
    boxes: FloatArray
    scores: FloatArray
    labels: IntArray


@dataclass(frozen=True, eq=False)
class GroundTruth:
    """The rows of a ``gt.txt``, by frame.

    Boxes stay ``left, top, width, height`` as read, so that scoring sees the numbers of the file.

    Attributes:
        frames: (N,) int64 from 0.
        ids: (N,) int64.
        boxes_tlwh: (N, 4) float64.
        flags: (N,) int64, 0 = not to be scored.
        classes: (N,) int64 from 1; 1 in MOT15's files, which have none.
        visibilities: (N,) float64; 1 in MOT15's files.
    """

    frames: IntArray
    ids: IntArray
    boxes_tlwh: FloatArray
    flags: IntArray
    classes: IntArray
    visibilities: FloatArray

    def __getitem__(self, rows: BoolArray | IntArray | slice) -> GroundTruth:
        """The rows at a boolean mask, an array of indices or a slice."""
        return GroundTruth(*(column[rows] for column in vars(self).values()))

    def span(self, start: int, stop: int) -> GroundTruth:
        """Frames ``start`` to ``stop - 1``, counted from 0 again."""
        part = self[(self.frames >= start) & (self.frames < stop)]
        return replace(part, frames=part.frames - start)


@dataclass(frozen=True, eq=False)
class Results:
    """The rows of a result file, by frame.

    Attributes:
        frames: (N,) int64 from 0.
        ids: (N,) int64.
        boxes_tlwh: (N, 4) float64.
        scores: (N,) float64.
        classes: (N,) int64 from 1, or -1 for the only class.
    """

    frames: IntArray
    ids: IntArray
    boxes_tlwh: FloatArray
    scores: FloatArray
    classes: IntArray


def read_detections_text(path: Path | str, *, num_frames: int | None = None) -> TextDetections:
    """Read detections in any layout of the table above; an empty file has no rows.

    Args:
        path: the file.
        num_frames: length of the sequence, if rows beyond its end are to be refused.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: a line is not a detection; names file, line and what is wrong.
    """
    path = Path(path)
    table = read_table(path, widths=(6, 7, 10))
    width = table.shape[1]
    # A height under one pixel does not occur, so a sixth column of at most 1 is a score.
    is_det_results = width == 6 or (width == 7 and bool((table[:, 5] <= 1).all()))
    first_box_column = 1 if is_det_results else 2
    boxes_tlwh = table[:, first_box_column : first_box_column + 4]
    _check_sizes(path, boxes_tlwh)
    labels = np.zeros(len(table), np.int64)
    if is_det_results and width == 7:
        labels = whole_numbers(path, table[:, 6], 'class', minimum=0)
    elif width == 10 and has_class_column(table):
        labels = whole_numbers(path, table[:, 7], 'class', minimum=1) - 1
    frames = _frames(path, table)
    if num_frames is not None and (frames >= num_frames).any():
        row = int(np.argmax(frames >= num_frames))
        problem = f'a row of frame {frames[row] + 1}, but the sequence ends at frame {num_frames}'
        raise FileFormatError(path, problem, line=line_of_row(path, row))
    order = np.argsort(frames, kind='stable')
    scores = table[:, first_box_column + 4]
    return TextDetections(
        frames[order], tlwh_to_xyxy(boxes_tlwh[order]), scores[order], labels[order]
    )


def read_ground_truth(path: Path | str) -> GroundTruth:
    """Read a ``gt.txt``: 9 columns with class and visibility, or MOT15's 10.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: a line is no ground truth; names file, line and what is wrong.
    """
    path = Path(path)
    table = read_table(path, widths=(9, 10))
    has_classes = table.shape[1] == 9
    frames = _frames(path, table)
    _check_sizes(path, table[:, 2:6])
    ones = np.ones(len(table))
    truth = GroundTruth(
        frames,
        whole_numbers(path, table[:, 1], 'id'),
        table[:, 2:6],
        # TrackEval truncates this column to a whole number too.
        table[:, 6].astype(np.int64),
        whole_numbers(path, table[:, 7] if has_classes else ones, 'class'),
        table[:, 8] if has_classes else ones,
    )
    return truth[np.argsort(frames, kind='stable')]


def read_results(path: Path | str) -> Results:
    """Read a result file: 10 columns, or 7 or more of them with class -1.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: a line is no result; names file, line and what is wrong.
    """
    path = Path(path)
    table = read_table(path, widths=(7, 8, 9, 10))
    frames = _frames(path, table)
    ids = whole_numbers(path, table[:, 1], 'id')
    _check_sizes(path, table[:, 2:6])
    classes = table[:, 7] if table.shape[1] > 7 else np.full(len(table), -1.0)
    class_ids = whole_numbers(path, classes, 'class')
    order = np.argsort(frames, kind='stable')
    _check_unique_ids(path, frames, ids, class_ids)
    return Results(frames[order], ids[order], table[order, 2:6], table[order, 6], class_ids[order])


def write_results(
    path: Path | str,
    tracked: Sequence[TrackedBoxes],
    *,
    multi_class: bool = False,
    frames: Iterable[int] | None = None,
) -> None:
    """Write one sequence's results, atomically.

    Args:
        path: the file to write.
        tracked: what the tracker reported, frame by frame.
        multi_class: write class ``label + 1`` instead of -1.
        frames: 0-based frame number of each entry; 0, 1, 2, ... if left out.
    """
    numbers = range(len(tracked)) if frames is None else frames
    with atomic_write(path) as file:
        for frame, boxes in zip(numbers, tracked, strict=True):
            for track_id, tlwh, score, label in zip(
                boxes.ids, xyxy_to_tlwh(boxes.boxes), boxes.scores, boxes.labels, strict=True
            ):
                left, top, width, height = (f'{value:.{DECIMALS}f}' for value in tlwh)
                class_id = label + 1 if multi_class else -1
                file.write(
                    f'{frame + 1},{track_id},{left},{top},{width},{height},'
                    f'{score:.{DECIMALS}f},{class_id},-1,-1\n'
                )


def results_as_written(tracked: Sequence[TrackedBoxes], *, multi_class: bool = False) -> Results:
    """What ``read_results`` reads back of what ``write_results`` writes, without the file."""
    counts = [len(boxes) for boxes in tracked]
    rows = tracked if tracked else [TrackedBoxes.empty()]
    labels = np.concatenate([boxes.labels for boxes in rows])
    return Results(
        frames=np.repeat(np.arange(len(tracked)), counts),
        ids=np.concatenate([boxes.ids for boxes in rows]),
        boxes_tlwh=_as_text_has_it(xyxy_to_tlwh(np.concatenate([boxes.boxes for boxes in rows]))),
        scores=_as_text_has_it(np.concatenate([boxes.scores for boxes in rows])),
        classes=labels + 1 if multi_class else np.full_like(labels, -1),
    )


def _as_text_has_it(values: FloatArray) -> FloatArray:
    """Rounded by the same rule as formatting (np.round multiplies first, and can differ)."""
    rounded = [round(float(value), DECIMALS) for value in values.ravel()]
    return np.array(rounded, np.float64).reshape(values.shape)


def write_ground_truth(path: Path | str, truth: GroundTruth) -> None:
    """Write a 9-column ``gt.txt``, atomically; numbers read back as they were."""
    with atomic_write(path) as file:
        for row in range(len(truth.frames)):
            left, top, width, height = (_shortest(value) for value in truth.boxes_tlwh[row])
            file.write(
                f'{truth.frames[row] + 1},{truth.ids[row]},{left},{top},{width},{height},'
                f'{truth.flags[row]},{truth.classes[row]},{_shortest(truth.visibilities[row])}\n'
            )


def write_detections_text(path: Path | str, detections: TextDetections) -> None:
    """Write a 10-column ``det.txt``, atomically. The class column is -1 if all labels are 0."""
    multi_class = bool(detections.labels.any())
    boxes_tlwh = xyxy_to_tlwh(detections.boxes)
    with atomic_write(path) as file:
        for row, frame in enumerate(detections.frames):
            left, top, width, height = (f'{value:.2f}' for value in boxes_tlwh[row])
            class_id = detections.labels[row] + 1 if multi_class else -1
            file.write(
                f'{frame + 1},-1,{left},{top},{width},{height},'
                f'{detections.scores[row]:.4f},{class_id},-1,-1\n'
            )


def has_class_column(table: FloatArray) -> bool:
    """Whether the last three of ten columns are ``class from 1, -1, -1``.

    World coordinates, or -1 in every row, are no classes.
    """
    return bool((table[:, 8:10] == -1).all() and (table[:, 7] >= 1).any())


def _frames(path: Path, table: FloatArray) -> IntArray:
    """The frame column, counted from 0."""
    return whole_numbers(path, table[:, 0], 'frame', minimum=1, maximum=MAX_FRAMES) - 1


def _check_sizes(path: Path, boxes_tlwh: FloatArray) -> None:
    negative = (boxes_tlwh[:, 2:] < 0).any(axis=1)
    if negative.any():
        row = int(np.argmax(negative))
        problem = f'a box of negative size, {boxes_tlwh[row, 2]:g} x {boxes_tlwh[row, 3]:g}'
        raise FileFormatError(path, problem, line=line_of_row(path, row))


def _check_unique_ids(path: Path, frames: IntArray, ids: IntArray, classes: IntArray) -> None:
    order = np.lexsort((classes, ids, frames))
    same = [np.diff(column[order]) == 0 for column in (frames, ids, classes)]
    repeated = same[0] & same[1] & same[2]
    if repeated.any():
        row = int(order[1:][repeated].min())
        problem = f'id {ids[row]} stands twice in frame {frames[row] + 1}'
        raise FileFormatError(path, problem, line=line_of_row(path, row))


def _shortest(value: float) -> str:
    """The shortest text that reads back as the same number, without '.0'."""
    return repr(float(value)).removesuffix('.0')
