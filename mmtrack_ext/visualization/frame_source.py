"""Frames from a video file, a camera, a network stream, an image folder or a glob."""

from __future__ import annotations

import contextlib
import glob
import itertools
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np

from mmtrack_ext.fileio import read_sequence_info
from mmtrack_ext.utils.command_line import warn

Image: TypeAlias = np.ndarray  # (H, W, 3) BGR uint8

IMAGE_SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp')
TIMEOUT = 10_000  # milliseconds that a stream may take to answer; OpenCV waits 30 s by itself
MAX_FRAME_RATE = 1000  # formats without one say 90000, the ticks of their clock


class FrameSource:
    """The frames of one video, once, in order; a context manager.

    Attributes:
        name: of the video: the file's or folder's name without suffix.
        size: (width, height) of the first frame, in pixels.
        frame_rate: frames a second, or None where unknown.
        num_frames: as the source says, or None for cameras and streams. Headers may be wrong.
        is_live: whether this is a camera or a stream.
    """

    def __init__(
        self,
        name: str,
        reads: Iterator[Image | None],
        *,
        num_frames: int | None = None,
        frame_rate: float | None = None,
        is_live: bool = False,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self.num_frames = num_frames
        self.frame_rate = frame_rate
        self.is_live = is_live
        self._close = close
        first = next(reads, None)
        if first is None:
            close()
            raise ValueError(f'{name}: no frame can be read')
        self.size = (first.shape[1], first.shape[0])
        self._reads = itertools.chain([first], reads)

    def __iter__(self) -> Iterator[Image]:
        """Frame by frame. For a damaged one the frame before it stands in, with a warning."""
        last: Image | None = None
        damaged = done = 0
        for frame in self._reads:
            if frame is None:
                damaged += 1
                continue
            if damaged and last is not None:
                warn(f'{self.name}: {_frames(done + 1, damaged)} damaged; frame {done} stands in')
                yield from itertools.repeat(last, damaged)
            done += damaged + 1
            damaged, last = 0, frame
            yield frame
        if self.num_frames is not None and done != self.num_frames:
            expected = f'{self.num_frames} were expected'
            warn(f'{self.name}: nothing can be read after frame {done}; {expected}')

    def __enter__(self) -> FrameSource:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()


def open_frames(source: Path | str) -> FrameSource:
    """Open a video and read its first frame.

    Args:
        source: a video file; the number of a camera ('0'); an address (``rtsp://``, ``http://``);
            a folder of images, or of a sequence with ``seqinfo.ini``; an image; a glob of images.
            Images are taken in natural order: ``2.jpg`` before ``10.jpg``.

    Raises:
        FileNotFoundError: there is no such file or folder.
        ValueError: it is empty, or no video.
    """
    text, path = str(source), Path(source)
    if text.isdecimal():
        return _open_live(f'camera {text}', f'camera-{text}', int(text))
    if '://' in text:
        name = re.sub(r'\W+', '-', text.split('://')[1].split('@')[-1].split('?')[0])
        return _open_live(text, name.strip('-'), text)
    if path.is_dir():
        return _open_folder(path)
    if path.is_file():
        if path.suffix.lower() in IMAGE_SUFFIXES:
            return _open_images(path.stem, [path])
        return _open_file(path)
    if glob.has_magic(text):
        files = [Path(file) for file in glob.glob(text, recursive=True)]
        if images := _only_images(files):
            return _open_images(_sequence_name(images[0].parent), images)
        raise ValueError(f'{text}: no images match')
    raise FileNotFoundError(2, 'no such file or folder', text)


def read_image(path: Path | str) -> Image | None:
    """An image as (H, W, 3) BGR uint8, or None where there is none or it is damaged."""
    with quiet():
        image: Image | None = cv2.imread(str(path), cv2.IMREAD_COLOR)
    return image


def natural_order(path: Path) -> list[tuple[int, int, str]]:
    """A sort key that counts: ``frame2`` before ``frame10``.

    Example:
        >>> sorted([Path('f10.jpg'), Path('f2.jpg')], key=natural_order)[0].name
        'f2.jpg'
    """
    parts = re.split(r'(\d+)', str(path))
    return [(1, int(p), p) if p.isdecimal() else (0, 0, p) for p in parts]


def _open_folder(folder: Path) -> FrameSource:
    images = _only_images(folder.iterdir())
    frame_rate = None
    for place in (folder, folder.absolute().parent):
        if (place / 'seqinfo.ini').is_file():
            info = read_sequence_info(place / 'seqinfo.ini')
            if place == folder and not images and (folder / info.image_folder).is_dir():
                images = _only_images((folder / info.image_folder).iterdir())
            frame_rate = info.frame_rate
            break
    if not images:
        raise ValueError(f'{folder}: no images ({", ".join(IMAGE_SUFFIXES)}) in this folder')
    return _open_images(_sequence_name(folder), images, frame_rate)


def _open_images(name: str, images: list[Path], frame_rate: float | None = None) -> FrameSource:
    reads = map(read_image, images)
    try:
        return FrameSource(name, reads, num_frames=len(images), frame_rate=frame_rate)
    except ValueError:
        raise ValueError(f'{images[0]}: this image cannot be read') from None


def _open_file(path: Path) -> FrameSource:
    if _is_text(path):  # FFmpeg renders text files as a video of their letters
        raise ValueError(f'{path}: this is a text file, not a video')
    with quiet():
        capture = cv2.VideoCapture(str(path))
        count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if capture.isOpened() else 0
        num_frames = count if count > 0 else None  # unknown, or below 0, in streams
        try:
            return FrameSource(
                path.stem,
                _reads(capture, num_frames),
                num_frames=num_frames,
                frame_rate=_frame_rate(capture),
                close=capture.release,
            )
        except ValueError:
            raise ValueError(f'{path}: OpenCV cannot read this as a video') from None


def _open_live(what: str, name: str, address: int | str) -> FrameSource:
    with quiet():
        if isinstance(address, int):
            capture = cv2.VideoCapture(address)
        else:
            options = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, TIMEOUT, cv2.CAP_PROP_READ_TIMEOUT_MSEC]
            capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, [*options, TIMEOUT])
        rate = _frame_rate(capture)
        reads = _reads(capture, None)
        try:
            return FrameSource(name, reads, frame_rate=rate, is_live=True, close=capture.release)
        except ValueError:
            raise ValueError(f'{what}: cannot be opened, or gives no frame') from None


def _reads(capture: cv2.VideoCapture, num_frames: int | None) -> Iterator[Image | None]:
    """What can be read; None for a frame that cannot be while others should follow it."""
    for number in itertools.count():
        found, frame = capture.read()
        if found:
            yield frame
        elif num_frames is not None and 0 < number < num_frames:
            yield None
        else:
            return


def _frame_rate(capture: cv2.VideoCapture) -> float | None:
    rate = capture.get(cv2.CAP_PROP_FPS)
    return rate if 0 < rate <= MAX_FRAME_RATE else None


def _only_images(files: Iterable[Path]) -> list[Path]:
    images = (file for file in files if file.suffix.lower() in IMAGE_SUFFIXES)
    visible = (image for image in images if not image.name.startswith('.'))
    return sorted(visible, key=natural_order)


def _sequence_name(folder: Path) -> str:
    """``SEQ`` for ``SEQ/img1``, otherwise the folder's own name."""
    folder = folder.absolute()
    is_part = (folder.parent / 'seqinfo.ini').is_file() or folder.name == 'img1'
    return (folder.parent if is_part else folder).name or 'images'


def _is_text(path: Path) -> bool:
    """Whether a file starts like text: every container of videos has control bytes there."""
    with path.open('rb') as file:
        start = file.read(4096)
    return bool(start) and not any(byte < 9 or 13 < byte < 27 for byte in start)


def _frames(first: int, count: int) -> str:
    return f'frame {first} is' if count == 1 else f'frames {first} to {first + count - 1} are'


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """OpenCV and FFmpeg print nothing: their complaints become one line of ours."""
    os.environ.setdefault('OPENCV_FFMPEG_LOGLEVEL', '-8')  # read once, at the first video
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(level)
