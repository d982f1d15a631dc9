"""Everything that the tracking of one video can be written to."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

import numpy as np

from mmtrack_ext.association.detections import Detections, TrackedBoxes
from mmtrack_ext.fileio import sequence_of_frames, write_detections, write_results
from mmtrack_ext.utils.command_line import warn
from mmtrack_ext.visualization.frame_source import FrameSource
from mmtrack_ext.visualization.video import VideoWriter, write_image


class TrackingOutputs:
    """Takes frame after frame, and writes the files that are asked for.

    A context manager. On Ctrl-C the frames done so far are kept in every file; after an error only
    single images are.

    Args:
        source: the video; its size and frame rate go into the files.
        frame_rate: of the video to write.
        video: ``F.mp4`` or ``F.avi``.
        images: folder for ``000001.jpg``, ``000002.jpg``, ...
        text: tracks in MOTChallenge's format.
        detections: ``F.npz`` of all detections, for ``tools/track_detections.py``.

    Raises:
        ValueError: a path is of the wrong kind, or nothing can be written there.
    """

    def __init__(
        self,
        source: FrameSource,
        *,
        frame_rate: float,
        video: Path | None = None,
        images: Path | None = None,
        text: Path | None = None,
        detections: Path | None = None,
    ) -> None:
        for path in (video, images, text, detections):
            if path is not None:
                check_writable(path, is_folder=path is images)
        self.writer = None if video is None else VideoWriter(video, frame_rate)
        self.images, self.text, self.detections = images, text, detections
        self.num_frames = 0
        self._source = source
        self._tracked: list[TrackedBoxes] = []
        self._detected: list[Detections] = []
        self._multi_class = False

    @property
    def takes_images(self) -> bool:
        """Whether frames need to be drawn."""
        return self.writer is not None or self.images is not None

    def add(self, detections: Detections, tracked: TrackedBoxes, image: np.ndarray) -> None:
        """Add a frame.

        Args:
            detections: all of the frame, whether they reached the tracker or not.
            tracked: its tracks.
            image: its picture, (H, W, 3) BGR uint8.
        """
        self._multi_class |= bool(detections.labels.any())
        if self.text is not None:
            self._tracked.append(tracked)
        if self.detections is not None:
            self._detected.append(detections)
        if self.writer is not None:
            self.writer.write(image)
        if self.images is not None:
            write_image(self.images / f'{self.num_frames + 1:06d}.jpg', image)
        self.num_frames += 1

    def written(self) -> list[str]:
        """What has been written, for the user to read."""
        video = None if self.writer is None else self.writer.path
        images = self.images and f'{self.num_frames} images to {self.images}'
        return [str(path) for path in (video, images, self.text, self.detections) if path]

    def __enter__(self) -> TrackingOutputs:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        interrupted = kind is not None and issubclass(kind, KeyboardInterrupt)
        if (kind is not None and not interrupted) or not self.num_frames:
            if self.writer is not None:
                self.writer.discard()
            return
        if self.writer is not None:
            self.writer.close()
        self._write_tables()
        if interrupted:
            files = ', '.join(self.written()) or 'no file'
            warn(f'interrupted; the {self.num_frames} frames so far are in {files}')

    def _write_tables(self) -> None:
        if self.text is not None:
            tracked = self._tracked[: self.num_frames]
            write_results(self.text, tracked, multi_class=self._multi_class)
        if self.detections is not None:
            width, height = self._source.size
            sequence = sequence_of_frames(
                self._detected[: self.num_frames],
                width=width,
                height=height,
                frame_rate=self._source.frame_rate,
            )
            write_detections(self.detections, sequence)


def check_writable(path: Path, *, is_folder: bool = False) -> None:
    """Find out before the work whether its result can be written.

    Raises:
        ValueError: the path is a folder instead of a file, or the other way round, or lies where
            nothing can be written.
    """
    if is_folder and path.exists() and not path.is_dir():
        raise ValueError(f'{path}: this is a file where a folder is needed')
    if not is_folder and path.is_dir():
        raise ValueError(f'{path}: this is a folder where a file is needed')
    folder = path.absolute() if is_folder else path.absolute().parent
    place = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not place.is_dir():
        raise ValueError(f'{place}: this is a file where a folder is needed')
    if not os.access(place, os.W_OK):
        raise ValueError(f'{path}: {place} cannot be written to')
