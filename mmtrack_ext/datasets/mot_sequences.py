"""Sequences straight from their folders, for testing without an annotation file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmtrack_ext.datasets.flat_video import FlatVideoDataset
from mmtrack_ext.datasets.mot_folders import (
    frame_files,
    match_names,
    read_info,
    sequence_folders,
)
from mmtrack_ext.fileio import SequenceInfo, second_half_start
from mmtrack_ext.registry import DATASETS

FRAMES = ('all', 'first-half', 'second-half')


@DATASETS.register_module()
class MOTSequenceDataset(FlatVideoDataset):
    """Frames of MOTChallenge folders, without annotations.

    The images may be absent, for trackers over detections from files: ``img_path`` is where the
    image would be, so that the sequence's folder is two above.

    Args:
        data_root: folder of ``SEQ/seqinfo.ini``, or one such SEQ.
        sequences: names of those wanted, or patterns of names as the shell has them
            (``'MOT17-*-FRCNN'``), in this order; None takes all.
        frames: 'all', 'first-half' or 'second-half' of each sequence, cut as
            ``fileio.second_half_start`` says. ``frame_id`` counts from 0 in the half,
            ``mot_frame_id`` from 1 in the whole sequence.
        kwargs: ``pipeline, metainfo`` and the other arguments of mmengine's ``BaseDataset``.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: a sequence or its ``seqinfo.ini`` is missing or broken.
    """

    def __init__(
        self,
        data_root: str,
        *,
        sequences: Sequence[str] | None = None,
        frames: str = 'all',
        test_mode: bool = True,
        **kwargs: Any,
    ) -> None:
        if frames not in FRAMES:
            raise ValueError(
                f"The 'frames' parameter of MOTSequenceDataset must be one of {FRAMES}. "
                f'Got {frames!r} instead.'
            )
        if isinstance(sequences, str):
            raise ValueError(
                "The 'sequences' parameter of MOTSequenceDataset must be a list of names. "
                f'Got {sequences!r} instead.'
            )
        self.sequences = sequences
        self.frames = frames
        super().__init__(data_root=str(data_root), test_mode=test_mode, **kwargs)

    def load_data_list(self) -> list[dict]:
        """The frames of every sequence, in order."""
        folders = self._wanted_folders()
        items: list[dict] = []
        for video_id, (name, folder) in enumerate(folders.items(), start=1):
            info = read_info(folder)
            files = frame_files(folder, info)
            start, stop = _span(info, self.frames)
            shared = _shared(info, video_id, name, stop - start)
            for frame in range(start, stop):
                own = dict(img_id=len(items) + 1, img_path=str(files[frame]), instances=[])
                items.append(shared | own | dict(frame_id=frame - start, mot_frame_id=frame + 1))
        return items

    def _wanted_folders(self) -> dict[str, Path]:
        found = sequence_folders(self.data_root)
        if self.sequences is None:
            return found
        names = match_names(self.sequences, found, where=self.data_root)
        return {name: found[name] for name in names}


def _span(info: SequenceInfo, frames: str) -> tuple[int, int]:
    middle = min(second_half_start(info.num_frames), info.num_frames)
    return {
        'all': (0, info.num_frames),
        'first-half': (0, middle),
        'second-half': (middle, info.num_frames),
    }[frames]


def _shared(info: SequenceInfo, video_id: int, name: str, num_frames: int) -> dict:
    """What all frames of a sequence have in common; keys that seqinfo.ini lacks are left out."""
    known = dict(height=info.height, width=info.width, frame_rate=info.frame_rate)
    known = {key: value for key, value in known.items() if value is not None}
    return dict(video_id=video_id, video_name=name, video_length=num_frames, **known)
