"""Detections from files instead of a detector."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import numpy as np
from mmcv.transforms import BaseTransform

from mmtrack_ext.association import Detections
from mmtrack_ext.fileio import SequenceDetections, find_detections, read_detections
from mmtrack_ext.registry import TRANSFORMS

NUMBERINGS = ('auto', 'original', 'split')
# Frames come video by video, so few files are in use at a time; one with embeddings is large.
MAX_CACHED = 4


@TRANSFORMS.register_module()
class LoadDetections(BaseTransform):
    """The cached detections of a frame.

    Adds ``detections`` (``mmtrack_ext.association.Detections``, pixels of the original image) and,
    where the file has it, ``camera_motion``, the (2, 3) warp from the previous frame.

    Args:
        path: a folder of ``SEQ.npz``, ``SEQ.npy``, ``SEQ.txt`` or ``SEQ/det/det.txt``, or the file
            of a single sequence.
        numbering: what the frame numbers of the files count. 'original': the whole sequence
            (``mot_frame_id``), 'split': the frames of the dataset alone, such as a second half
            numbered from 1 (``frame_id``), 'auto': whichever of the two the length of the file
            allows; refused where both are possible.
        mot_columns: how many columns of a ``.npy`` stand before the embedding.

    Raises:
        ValueError: the folder has no file of the sequence, or the numbering is not clear.
    """

    def __init__(self, path: str, *, numbering: str = 'auto', mot_columns: int = 10) -> None:
        if numbering not in NUMBERINGS:
            raise ValueError(
                f"The 'numbering' parameter of LoadDetections must be one of {NUMBERINGS}. "
                f'Got {numbering!r} instead.'
            )
        self.path = str(path)
        self.numbering = numbering
        self.mot_columns = mot_columns
        self._files: dict[str, Path] | None = None
        self._cache: OrderedDict[str, SequenceDetections] = OrderedDict()

    def transform(self, results: dict) -> dict:
        """Add the detections of the item's ``video_name`` and frame."""
        name = results['video_name']
        path, sequence = self._sequence(name)
        start = self._start(results, path, sequence)
        frame = start + results['frame_id']
        if frame < len(sequence):
            results['detections'] = sequence[frame]
        else:  # a text file ends with its last detection
            last = sequence[len(sequence) - 1] if len(sequence) else Detections.empty()
            results['detections'] = last[:0]
        if sequence.camera_motion is not None:
            results['camera_motion'] = np.array(sequence.camera_motion[frame])
        return results

    def _sequence(self, name: str) -> tuple[Path, SequenceDetections]:
        if self._files is None:
            self._files = find_detections(self.path)
            if Path(self.path).is_file():  # it may have any name, and serves one sequence
                self._files = {name: Path(self.path)}
        if name not in self._files:
            known = ', '.join(self._files)
            raise ValueError(f'{self.path}: no detections of sequence {name}, only of {known}')
        path = self._files[name]
        if name not in self._cache:
            self._cache[name] = read_detections(path, mot_columns=self.mot_columns)
            if len(self._cache) > MAX_CACHED:
                self._cache.popitem(last=False)
        self._cache.move_to_end(name)
        return path, self._cache[name]

    def _start(self, results: dict, path: Path, sequence: SequenceDetections) -> int:
        """The frame of the file, from 0, that is the first of the dataset's video."""
        length = results['video_length']
        offset = results.get('mot_frame_id', results['frame_id'] + 1) - 1 - results['frame_id']
        numbering = self.numbering
        if numbering == 'auto':
            numbering = _infer_numbering(path, len(sequence), offset, length)
        start = offset if numbering == 'original' else 0
        too_long = numbering == 'split' and offset > 0 and len(sequence) > length
        if too_long or (_knows_length(path) and len(sequence) < start + length):
            raise ValueError(
                f'{path}: holds {len(sequence)} frames, where {start + length} are expected for '
                f'{results["video_name"]} with numbering={numbering!r}'
            )
        return start


def _knows_length(path: Path) -> bool:
    """Whether the file says how long its sequence is; text and ``.npy`` end with a detection."""
    return path.suffix == '.npz'


def _infer_numbering(path: Path, num_frames: int, offset: int, length: int) -> str:
    """Whether a file counts the frames of the whole sequence or of the dataset's part of it.

    Args:
        path: the file.
        num_frames: its length, or that of its last detected frame.
        offset: how many frames of the sequence come before the part.
        length: of the part.
    """
    if offset == 0 or num_frames == 0:
        return 'original'  # the same
    if _knows_length(path):
        fits = {'split': num_frames == length, 'original': num_frames >= offset + length}
    else:  # frames without detections may follow
        fits = {'split': num_frames <= length, 'original': num_frames > min(offset, length)}
    if sum(fits.values()) != 1:
        raise ValueError(
            f'{path}: {num_frames} frames fit {"both" if all(fits.values()) else "neither"} the '
            f'whole sequence {"and" if all(fits.values()) else "nor"} its frames {offset + 1} to '
            f"{offset + length}; give LoadDetections numbering='original' or 'split'"
        )
    return 'original' if fits['original'] else 'split'
