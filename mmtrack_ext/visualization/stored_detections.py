"""Detections that were stored, for the frames that they were found in."""

from __future__ import annotations

from pathlib import Path

from mmtrack_ext.fileio import SequenceDetections, SequenceInfo, read_detections
from mmtrack_ext.visualization.frame_source import FrameSource


def stored_detections(path: Path | str, source: FrameSource) -> SequenceDetections:
    """Read the detections of a video.

    Args:
        path: see ``read_detections``.
        source: the video; its name, size and frame rate hold where the file says none.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: the file is not in its format, or has a row beyond the video's end.
        ValueError: the video is of another length, or is a camera or a stream.
    """
    length = source.num_frames
    if length is None:
        raise ValueError(
            f'{path}: detections belong to a video of known length, {source.name} has none'
        )
    info = SequenceInfo(source.name, length, *source.size, source.frame_rate)
    stored = read_detections(path, info=info)
    if len(stored) != length:
        raise ValueError(f'{path}: detections of {len(stored)} frames, the video has {length}')
    return stored
