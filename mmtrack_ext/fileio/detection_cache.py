"""The detections of a whole sequence: from text, ``.npy`` or ``.npz``, to ``.npz``.

Tracking from ``SEQ.npz`` equals tracking live, because everything that a tracker sees is in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from mmtrack_ext.association.arrays import BoolArray, Float32Array, FloatArray, IntArray
from mmtrack_ext.association.boxes import tlwh_to_xyxy
from mmtrack_ext.association.detections import Detections
from mmtrack_ext.fileio.atomic import atomic_write
from mmtrack_ext.fileio.errors import FileFormatError
from mmtrack_ext.fileio.mot_text import has_class_column, read_detections_text
from mmtrack_ext.fileio.sequence_info import MAX_FRAMES, SequenceInfo

ROW_COLUMNS = ('boxes', 'scores', 'labels', 'embeddings', 'displacements', 'centers')


@dataclass(frozen=True, eq=False)
class SequenceDetections:
    """The detections of one sequence; ``sequence[t]`` is frame ``t`` (from 0) as ``Detections``.

    Attributes:
        frames: (N,) int64 frame of each row, from 0, ascending.
        boxes, scores, labels, embeddings, displacements, centers: as in ``Detections``, N rows.
        num_frames: length of the sequence; frames without rows are frames without detections.
        camera_motion: (F, 2, 3) warp from the previous to the current frame, or None.
        width, height, frame_rate: of the video, or None where unknown.

    Raises:
        ValueError: a row is no valid detection (see ``Detections``), or the frames are not
            ascending or outside the sequence.
    """

    frames: IntArray
    boxes: FloatArray
    scores: FloatArray
    labels: IntArray
    num_frames: int
    embeddings: Float32Array | None = None
    displacements: FloatArray | None = None
    centers: FloatArray | None = None
    camera_motion: FloatArray | None = None
    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None
    _rows: Detections = field(init=False, repr=False)
    _starts: IntArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        columns = {name: getattr(self, name) for name in ROW_COLUMNS}
        rows = Detections(**columns)
        for name in ROW_COLUMNS:
            object.__setattr__(self, name, getattr(rows, name))
        starts = np.searchsorted(self.frames, np.arange(self.num_frames + 1))
        if (np.diff(self.frames) < 0).any() or starts[-1] - starts[0] != len(self.frames):
            raise ValueError(
                "The 'frames' of SequenceDetections must be ascending, from 0 to "
                f'{self.num_frames - 1}.'
            )
        object.__setattr__(self, '_rows', rows)
        object.__setattr__(self, '_starts', starts)

    def __len__(self) -> int:
        return self.num_frames

    def __getitem__(self, frame: int) -> Detections:
        if not 0 <= frame < self.num_frames:
            raise IndexError(f'frame {frame} of a sequence of {self.num_frames} frames')
        return self._rows[self._starts[frame] : self._starts[frame + 1]]

    def __iter__(self) -> Iterator[tuple[Detections, FloatArray | None]]:
        """Frame by frame: the detections and the camera motion (None where unknown)."""
        for frame in range(self.num_frames):
            warp = None if self.camera_motion is None else self.camera_motion[frame]
            yield self[frame], warp

    def select(self, rows: BoolArray) -> SequenceDetections:
        """The same sequence with only the rows at a boolean mask."""
        columns = {name: getattr(self, name) for name in ('frames', *ROW_COLUMNS)}
        kept = {name: column[rows] for name, column in columns.items() if column is not None}
        return replace(self, **kept)

    def span(self, start: int, stop: int) -> SequenceDetections:
        """Frames ``start`` to ``stop - 1`` as a sequence of their own, counted from 0 again."""
        part = self.select((self.frames >= start) & (self.frames < stop))
        warps = None if self.camera_motion is None else self.camera_motion[start:stop]
        return replace(
            part, frames=part.frames - start, num_frames=stop - start, camera_motion=warps
        )


def sequence_of_frames(
    frames: Sequence[Detections],
    *,
    camera_motion: Sequence[FloatArray | None] = (),
    width: int | None = None,
    height: int | None = None,
    frame_rate: float | None = None,
) -> SequenceDetections:
    """The detections of consecutive frames as one sequence.

    Args:
        frames: the detections, frame by frame; optional columns that not every frame has are left
            out (frames without rows aside).
        camera_motion: (2, 3) warp of every frame; left out unless every frame has one.
        width: of the video in pixels.
        height: of the video in pixels.
        frame_rate: frames a second.
    """
    with_rows = [detections for detections in frames if len(detections)]
    columns: dict[str, Any] = {}
    for name in ROW_COLUMNS:
        parts = [getattr(detections, name) for detections in with_rows or [Detections.empty()]]
        if all(part is not None for part in parts):
            columns[name] = np.concatenate(parts)
    motions = [warp for warp in camera_motion if warp is not None]
    return SequenceDetections(
        frames=np.repeat(np.arange(len(frames)), [len(detections) for detections in frames]),
        num_frames=len(frames),
        camera_motion=np.stack(motions) if motions and len(motions) == len(frames) else None,
        width=width,
        height=height,
        frame_rate=frame_rate,
        **columns,
    )


def read_detections(
    path: Path | str, *, info: SequenceInfo | None = None, mot_columns: int = 10
) -> SequenceDetections:
    """Read a sequence's detections from ``.npz``, ``.npy`` or text.

    Args:
        path: ``SEQ.npz`` (see ``write_detections``), ``SEQ.npy`` (N, mot_columns + C) or any text
            that ``read_detections_text`` knows.
        info: length, size and frame rate where the file does not hold them. Without, the length is
            that of the last detected frame.
        mot_columns: how many columns of a ``.npy`` stand before the embedding.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: the file is not in its format, or has a row beyond the sequence's end.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(2, 'no such file', str(path))
    if path.suffix == '.npz':
        sequence = _read_npz(path)
        names = ('width', 'height', 'frame_rate') if info is not None else ()
        unknown = [name for name in names if getattr(sequence, name) is None]
        return replace(sequence, **{name: getattr(info, name) for name in unknown})
    if path.suffix == '.npy':
        columns = _read_npy(path, mot_columns)
    else:
        num_frames = None if info is None else info.num_frames
        columns = dict(vars(read_detections_text(path, num_frames=num_frames)))
    if info is None:
        last_frame = int(columns['frames'][-1]) + 1 if len(columns['frames']) else 0
        return _checked(path, num_frames=last_frame, **columns)
    return _checked(
        path,
        num_frames=info.num_frames,
        width=info.width,
        height=info.height,
        frame_rate=info.frame_rate,
        **columns,
    )


def write_detections(path: Path | str, sequence: SequenceDetections) -> None:
    """Write ``SEQ.npz``, atomically and without pickle.

    Arrays: ``frame`` (N,) int64 from 1, ``boxes`` (N, 4) float64 xyxy, ``scores`` (N,) float64,
    ``labels`` (N,) int64; where known ``embeddings`` (N, C) float32, ``displacements`` and
    ``centers`` (N, 2), ``camera_motion`` (F, 2, 3); scalars ``num_frames``, ``width``, ``height``,
    ``frame_rate``.
    """
    names = (*ROW_COLUMNS, 'camera_motion', 'num_frames', 'width', 'height', 'frame_rate')
    columns = {name: getattr(sequence, name) for name in names}
    known: dict[str, Any] = {
        name: np.asarray(value) for name, value in columns.items() if value is not None
    }
    with atomic_write(path, 'wb') as file:
        np.savez_compressed(file, frame=sequence.frames + 1, **known)


def find_detections(path: Path | str) -> dict[str, Path]:
    """The detection file of every sequence at ``path``, by sequence name, sorted.

    ``path`` is one file, or a folder of ``SEQ.npz``, ``SEQ.npy``, ``SEQ.txt`` (in this order of
    preference) or ``SEQ/det/det.txt``, or one of these SEQ.

    Raises:
        FileNotFoundError: there is no such file or folder.
        ValueError: the folder holds none of these.
    """
    path = Path(path)
    if path.is_file():
        in_sequence_folder = path.name == 'det.txt' and path.parent.name == 'det'
        return {path.absolute().parts[-3] if in_sequence_folder else path.stem: path}
    if not path.is_dir():
        raise FileNotFoundError(2, 'no such file or folder', str(path))
    for single in (path / 'det.txt', path / 'det' / 'det.txt'):  # a sequence, or its det folder
        if single.parent.name == 'det' and single.is_file():
            return find_detections(single)
    found = {file.parent.parent.name: file for file in path.glob('*/det/det.txt')}
    for suffix in ('.txt', '.npy', '.npz'):
        found |= {file.stem: file for file in path.glob(f'*{suffix}') if file.is_file()}
    if not found:
        raise ValueError(
            f'{path}: no detections; expected SEQ.npz, SEQ.npy, SEQ.txt or SEQ/det/det.txt'
        )
    return dict(sorted(found.items()))


def _read_npy(path: Path, mot_columns: int) -> dict[str, Any]:
    try:
        with path.open('rb') as file:
            table: Any = np.load(file, allow_pickle=False)
    except Exception as error:  # a damaged file raises anything, tokenize.TokenError too
        raise FileFormatError(path, f'this is no .npy of numbers ({error})') from None
    if not isinstance(table, np.ndarray):
        raise FileFormatError(path, 'this is an .npz under the name of an .npy')
    if table.ndim != 2 or table.dtype.kind not in 'fiu' or table.shape[1] < mot_columns:
        problem = f'expected numbers of shape (N, {mot_columns} + C), got {table.shape}'
        raise FileFormatError(path, problem)
    table = table.astype(np.float64)
    if mot_columns == 10 and not (table[:, 8:10] == -1).all():
        problem = (
            'columns 9 and 10 are not -1, so these are not 10 columns of det.txt and then the '
            'embedding; give the number of columns before the embedding as mot_columns'
        )
        raise FileFormatError(path, problem)
    frames = _frames_from_zero(path, table[:, 0])
    if ((frames < 0) | (frames >= MAX_FRAMES)).any():
        raise FileFormatError(path, f'column 1 must hold frame numbers from 1 to {MAX_FRAMES}')
    order = np.argsort(frames, kind='stable')
    table = table[order]
    features = table[:, mot_columns:].astype(np.float32)
    return {
        'frames': frames[order],
        'boxes': tlwh_to_xyxy(table[:, 2:6]),
        'scores': table[:, 6],
        'labels': _labels_of(path, table, mot_columns),
        'embeddings': features if features.shape[1] else None,
    }


def _labels_of(path: Path, table: FloatArray, mot_columns: int) -> IntArray:
    if mot_columns != 10 or not has_class_column(table[:, :10]):
        return np.zeros(len(table), np.int64)
    classes = table[:, 7].astype(np.int64)
    if not ((classes == table[:, 7]) & (classes >= 1)).all():
        raise FileFormatError(path, 'column 8 must hold whole class numbers from 1, or -1 only')
    return classes - 1


def _read_npz(path: Path) -> SequenceDetections:
    try:
        with path.open('rb') as file, np.load(file, allow_pickle=False) as archive:
            arrays: dict[str, Any] = {name: np.asarray(archive[name]) for name in archive}
    except Exception as error:  # a damaged file raises anything, zlib.error too
        raise FileFormatError(path, f'this is no .npz of arrays ({error})') from None
    missing = {'frame', 'boxes', 'scores', 'labels', 'num_frames'} - arrays.keys()
    if missing:
        raise FileFormatError(path, f'array {sorted(missing)[0]!r} is missing')
    frames = _frames_from_zero(path, arrays.pop('frame'))
    arrays.pop('frames', None)
    known = {name: arrays[name] for name in SequenceDetections.__match_args__ if name in arrays}
    for name in ('num_frames', 'width', 'height', 'frame_rate'):
        if name in known:
            known[name] = _scalar(path, name, known[name])
    for name in ROW_COLUMNS:
        if name in known and known[name].shape[:1] != frames.shape:
            problem = f"array {name!r} has shape {known[name].shape}, 'frame' has {frames.shape}"
            raise FileFormatError(path, problem)
        if name in known and known[name].dtype.kind not in 'iuf':
            raise FileFormatError(path, f'array {name!r} must hold real numbers')
    order = np.argsort(frames, kind='stable')
    rows = {name: known.pop(name)[order] for name in ROW_COLUMNS if name in known}
    return _checked(path, frames=frames[order], **rows, **known)


def _scalar(path: Path, name: str, value: Any) -> int | float:
    """The length, a side or the frame rate, out of its array."""
    if value.ndim or value.dtype.kind not in 'iuf':
        raise FileFormatError(path, f'array {name!r} must hold one number')
    number = float(value)
    if name == 'frame_rate':
        if not 0 < number < np.inf:
            raise FileFormatError(path, f'array {name!r} must be above 0, got {number:g}')
        return number
    smallest = 0 if name == 'num_frames' else 1
    if not (number.is_integer() and smallest <= number <= MAX_FRAMES):
        limits = f'a whole number from {smallest} to {MAX_FRAMES}'
        raise FileFormatError(path, f'array {name!r} must be {limits}, got {number:g}')
    return int(number)


def _frames_from_zero(path: Path, frames: Any) -> IntArray:
    """Frame numbers from 1, as they stand in the file, counted from 0."""
    problem = 'frame numbers must be a column of whole numbers from 1'
    if frames.ndim != 1 or frames.dtype.kind not in 'iuf':
        raise FileFormatError(path, problem)
    with np.errstate(invalid='ignore'):  # what int64 cannot hold differs afterwards
        whole: IntArray = frames.astype(np.int64)
    if not (whole == frames).all():
        raise FileFormatError(path, problem)
    return whole - 1


def _checked(path: Path, **columns: Any) -> SequenceDetections:
    """A ``SequenceDetections`` whose rows are valid detections inside the sequence."""
    frames, num_frames = columns['frames'], columns['num_frames']
    if len(frames) and not 0 <= frames[0] <= frames[-1] < num_frames:
        outside = frames[0] if frames[0] < 0 else frames[-1]
        problem = f'a row of frame {outside + 1}, but the sequence has frames 1 to {num_frames}'
        raise FileFormatError(path, problem)
    motion = columns.get('camera_motion')
    if motion is not None and motion.shape != (num_frames, 2, 3):
        problem = f"'camera_motion' must have shape ({num_frames}, 2, 3), got {motion.shape}"
        raise FileFormatError(path, problem)
    if motion is not None and not (motion.dtype.kind in 'iuf' and np.isfinite(motion).all()):
        raise FileFormatError(path, "'camera_motion' must hold finite numbers")
    try:
        return SequenceDetections(**columns)
    except ValueError as error:
        raise FileFormatError(path, str(error)) from None
