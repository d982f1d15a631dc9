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

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mmtrack_ext.association.arrays import BoolArray, FloatArray, IntArray
from mmtrack_ext.association.boxes import tlwh_to_xyxy, xyxy_to_tlwh
from mmtrack_ext.association.detections import TrackedBoxes
from mmtrack_ext.fileio.atomic import atomic_write
from mmtrack_ext.fileio.errors import FileFormatError

EMPTY_FIELD = re.compile(r'(?:^|,)[ \t]*,', re.MULTILINE)


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


def read_detections_text(path: Path | str) -> TextDetections:
    """Read detections in any layout of the table above; an empty file has no rows.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: a line is not a detection; names file, line and what is wrong.
    """
    path = Path(path)
    table = _read_table(path, widths=(6, 7, 10))
    width = table.shape[1]
    # A height under one pixel does not occur, so a sixth column of at most 1 is a score.
    is_det_results = width == 6 or (width == 7 and bool((table[:, 5] <= 1).all()))
    first_box_column = 1 if is_det_results else 2
    boxes_tlwh = table[:, first_box_column : first_box_column + 4]
    _check_sizes(path, boxes_tlwh)
    labels = np.zeros(len(table), np.int64)
    if is_det_results and width == 7:
        labels = _whole_numbers(path, table[:, 6], 'class', minimum=0)
    elif width == 10:
        labels = labels_of_class_column(table[:, 7:10])
    frames = _frames(path, table)
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
    table = _read_table(path, widths=(9, 10))
    has_classes = table.shape[1] == 9
    frames = _frames(path, table)
    _check_sizes(path, table[:, 2:6])
    ones = np.ones(len(table))
    truth = GroundTruth(
        frames,
        _whole_numbers(path, table[:, 1], 'id'),
        table[:, 2:6],
        # TrackEval truncates this column to a whole number too.
        table[:, 6].astype(np.int64),
        _whole_numbers(path, table[:, 7] if has_classes else ones, 'class'),
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
    table = _read_table(path, widths=(7, 8, 9, 10))
    frames = _frames(path, table)
    ids = _whole_numbers(path, table[:, 1], 'id')
    _check_sizes(path, table[:, 2:6])
    classes = table[:, 7] if table.shape[1] > 7 else np.full(len(table), -1.0)
    class_ids = _whole_numbers(path, classes, 'class')
    order = np.argsort(frames, kind='stable')
    _check_unique_ids(path, frames, ids)
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
                left, top, width, height = tlwh
                class_id = label + 1 if multi_class else -1
                file.write(
                    f'{frame + 1},{track_id},{left:.2f},{top:.2f},{width:.2f},{height:.2f},'
                    f'{score:.2f},{class_id},-1,-1\n'
                )


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


def labels_of_class_column(last_columns: FloatArray) -> IntArray:
    """Class indices from 0, from columns 8-10 of detections: ``class from 1, -1, -1``.

    World coordinates or a -1 in the class column mean that there are no classes: all 0.
    """
    classes = last_columns[:, 0]
    are_classes = (last_columns[:, 1:] == -1).all() and (classes >= 1).all()
    if not (are_classes and (classes == np.floor(classes)).all()):
        return np.zeros(len(last_columns), np.int64)
    return classes.astype(np.int64) - 1


def _read_table(path: Path, *, widths: tuple[int, ...]) -> FloatArray:
    """The numbers of a comma- or space-separated file, (N, K); K is the smallest width if empty."""
    try:
        text = path.read_text(encoding='utf-8-sig')
    except UnicodeDecodeError:
        raise FileFormatError(path, 'this is not a text file') from None
    lines = text.split('\n')
    if not text.strip():
        return np.empty((0, widths[0]))
    try:
        if EMPTY_FIELD.search(text):
            raise ValueError('a field is empty')
        table = np.loadtxt(text.replace(',', ' ').split('\n'), ndmin=2, comments=None)
    except ValueError:
        raise _first_bad_line(path, lines, widths) from None
    if table.shape[1] not in widths:
        raise _first_bad_line(path, lines, widths)
    finite = np.isfinite(table).all(axis=1)
    if not finite.all():
        problem = 'NaN or infinity is not a number that can be tracked or scored'
        raise FileFormatError(path, problem, line=_line_of_row(path, int(np.argmin(finite))))
    return table


def _first_bad_line(path: Path, lines: list[str], widths: tuple[int, ...]) -> FileFormatError:
    """The error for the first line that is no row, or whose width differs from the first row's."""
    first_width = None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        fields = re.split(r'\s*,\s*|\s+', line.strip().removesuffix(',').rstrip())
        for field in fields:
            if not _is_number(field):
                return FileFormatError(path, f'{field!r} is not a number', line=number)
        if len(fields) not in widths:
            expected = ', '.join(map(str, widths[:-1])) + f' or {widths[-1]}'
            problem = f'{len(fields)} columns where {expected} are expected'
            return FileFormatError(path, problem, line=number)
        first_width = first_width or len(fields)
        if len(fields) != first_width:
            problem = f'{len(fields)} columns, but the lines before have {first_width}'
            return FileFormatError(path, problem, line=number)
    return FileFormatError(path, 'the rows cannot be read as numbers')


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return field.isascii() and '_' not in field  # float() takes more than np.loadtxt does


def _line_of_row(path: Path, row: int) -> int:
    """The line, from 1, that holds a row of the table (blank lines hold none)."""
    with path.open(encoding='utf-8-sig') as file:
        filled = (number for number, line in enumerate(file, start=1) if line.strip())
        return next(number for index, number in enumerate(filled) if index == row)


def _frames(path: Path, table: FloatArray) -> IntArray:
    """The frame column, counted from 0."""
    return _whole_numbers(path, table[:, 0], 'frame', minimum=1) - 1


def _whole_numbers(
    path: Path, column: FloatArray, name: str, minimum: int | None = None
) -> IntArray:
    with np.errstate(invalid='ignore'):  # what int64 cannot hold differs afterwards
        whole = column.astype(np.int64)
    bad = whole != column
    if bad.any():
        row = int(np.argmax(bad))
        problem = f'the {name} must be a whole number, got {column[row]:g}'
        raise FileFormatError(path, problem, line=_line_of_row(path, row))
    if minimum is not None and (whole < minimum).any():
        row = int(np.argmax(whole < minimum))
        problem = f'{name} numbers start at {minimum}, got {whole[row]}'
        raise FileFormatError(path, problem, line=_line_of_row(path, row))
    return whole


def _check_sizes(path: Path, boxes_tlwh: FloatArray) -> None:
    negative = (boxes_tlwh[:, 2:] < 0).any(axis=1)
    if negative.any():
        row = int(np.argmax(negative))
        problem = f'a box of negative size, {boxes_tlwh[row, 2]:g} x {boxes_tlwh[row, 3]:g}'
        raise FileFormatError(path, problem, line=_line_of_row(path, row))


def _check_unique_ids(path: Path, frames: IntArray, ids: IntArray) -> None:
    order = np.lexsort((ids, frames))
    repeated = (np.diff(frames[order]) == 0) & (np.diff(ids[order]) == 0)
    if repeated.any():
        row = int(order[1:][repeated].min())
        problem = f'id {ids[row]} stands twice in frame {frames[row] + 1}'
        raise FileFormatError(path, problem, line=_line_of_row(path, row))


def _shortest(value: float) -> str:
    """The shortest text that reads back as the same number, without '.0'."""
    return repr(float(value)).removesuffix('.0')
