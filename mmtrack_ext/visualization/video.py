"""Writing videos; reading them is in ``frame_source``."""

from __future__ import annotations

import math
import os
import tempfile
import weakref
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np

from mmtrack_ext.fileio import atomic_write
from mmtrack_ext.utils.command_line import warn
from mmtrack_ext.visualization.drawing import check_image
from mmtrack_ext.visualization.frame_source import FrameSource, open_frames, quiet

__all__ = ['VIDEO_SUFFIXES', 'FrameSource', 'VideoWriter', 'open_frames', 'write_image']

VIDEO_SUFFIXES = ('.mp4', '.avi')
CODEC = 'mp4v'  # MPEG-4 part 2: in every wheel of OpenCV, which has no encoder for H.264
MAX_SIDE = 8191  # of MPEG-4 part 2, whose sizes have 13 bits
MAX_FRAME_RATE = 65535  # of MPEG-4 part 2, whose clock has 16 bits


class VideoWriter:
    """Writes frames to a video; ``path`` appears when it is complete.

    The file is opened at the first frame, beside ``path`` under a temporary name, and renamed by
    ``close``. As a context manager: closed at the end and on Ctrl-C (what has been written by then
    is kept, and a line says so), discarded after an error. A video without frames is not written.

    OpenCV cuts odd sizes to even ones; so the last column or row of such images is repeated.

    Args:
        path: ends in ``.mp4`` or ``.avi``. Missing folders are made.
        frame_rate: frames a second.

    Raises:
        ValueError: another suffix, or a frame rate that the format cannot hold.
    """

    def __init__(self, path: Path | str, frame_rate: float) -> None:
        self.path = Path(path)
        if self.path.suffix.lower() not in VIDEO_SUFFIXES:
            raise ValueError(
                f'{path}: the name of a video must end in {" or ".join(VIDEO_SUFFIXES)}'
            )
        if not (math.isfinite(frame_rate) and 0 < frame_rate <= MAX_FRAME_RATE):
            raise ValueError(
                f'The frame rate of a video must be above 0, up to {MAX_FRAME_RATE}. '
                f'Got {frame_rate}.'
            )
        self.frame_rate = float(frame_rate)
        self.num_frames = 0
        self._size: tuple[int, int] | None = None
        self._temporary: Path | None = None
        self._writer: cv2.VideoWriter | None = None

    def write(self, image: np.ndarray) -> None:
        """Add a frame, (H, W, 3) BGR uint8.

        Raises:
            ValueError: the image is of another size than the first, or no BGR uint8 image.
        """
        check_image(image)
        size = (image.shape[1], image.shape[0])
        if self._writer is None:
            self._open(size)
        if size != self._size:
            (width, height), (first_width, first_height) = size, self._size or size
            raise ValueError(
                f'{self.path}: frame {self.num_frames + 1} is {width}x{height}, but the video is '
                f'{first_width}x{first_height}'
            )
        odd = [(0, side % 2) for side in image.shape[:2]]
        if any(extra for _, extra in odd):
            image = np.pad(image, [*odd, (0, 0)], mode='edge')
        assert self._writer is not None
        self._writer.write(np.ascontiguousarray(image))
        self.num_frames += 1

    def close(self) -> None:
        """Finish the video and give it its name.

        Raises:
            OSError: not all frames arrived in the file; the disk may be full.
        """
        if self._writer is None:
            return
        self._writer.release()
        temporary, self._writer = self._temporary, None
        assert temporary is not None
        with quiet():
            capture = cv2.VideoCapture(str(temporary))
            written = capture.get(cv2.CAP_PROP_FRAME_COUNT) if capture.isOpened() else 0
            capture.release()
        if written < self.num_frames:
            temporary.unlink(missing_ok=True)
            problem = f'{written:.0f} of {self.num_frames} frames could be written'
            raise OSError(f'{self.path}: {problem}; the disk may be full')
        os.replace(temporary, self.path)

    def discard(self) -> None:
        """Stop, and leave nothing behind."""
        if self._writer is not None:
            self._writer.release()
            self._writer = None
            assert self._temporary is not None
            self._temporary.unlink(missing_ok=True)

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None and not issubclass(kind, KeyboardInterrupt):
            self.discard()
            return
        self.close()
        if kind is not None and self.num_frames:
            warn(f'interrupted: {self.path} holds the {self.num_frames} frames done so far')

    def _open(self, size: tuple[int, int]) -> None:
        if max(size) > MAX_SIDE:
            problem = f'images of {size[0]}x{size[1]}, but a side may have {MAX_SIDE} pixels'
            raise ValueError(f'{self.path}: {problem}')
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(self.path.suffix, f'.{self.path.stem}.', self.path.parent)
        os.close(handle)
        os.chmod(name, 0o666 & ~_umask())
        # Whatever ends the program, nothing half-written is left.
        weakref.finalize(self, Path(name).unlink, missing_ok=True)
        even = (size[0] + size[0] % 2, size[1] + size[1] % 2)
        with quiet():
            fourcc = cv2.VideoWriter.fourcc(*CODEC)
            writer = cv2.VideoWriter(name, fourcc, self.frame_rate, even)
        if not writer.isOpened():
            Path(name).unlink(missing_ok=True)
            shape = f'{size[0]}x{size[1]} at {self.frame_rate:g} frames/s'
            raise ValueError(f'{self.path}: OpenCV cannot write a video of {shape} here')
        self._size, self._temporary, self._writer = size, Path(name), writer


def write_image(path: Path | str, image: np.ndarray) -> None:
    """Write a (H, W, 3) BGR uint8 image, atomically, in the format that the suffix names.

    Raises:
        ValueError: OpenCV knows no format of this suffix.
    """
    path = Path(path)
    check_image(image)
    try:
        with quiet():
            _, encoded = cv2.imencode(path.suffix, image)
    except cv2.error:
        raise ValueError(f'{path}: OpenCV writes no images with this suffix') from None
    with atomic_write(path, 'wb') as file:
        file.write(encoded.tobytes())


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
