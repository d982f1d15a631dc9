"""Sequences on disk as MOTChallenge lays them out.

``SEQ/seqinfo.ini``, ``SEQ/img1/000001.jpg``, ``SEQ/gt/gt.txt``, ``SEQ/det/det.txt``. This file
needs ``fileio`` alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from mmtrack_ext.fileio import FileFormatError, SequenceInfo, read_sequence_info

LAYOUT = 'SEQ/seqinfo.ini with SEQ/img1/000001.jpg and SEQ/gt/gt.txt'
# A folder with one of these is meant to be a sequence.
PARTS = ('img1', 'gt', 'det')
# DanceTrack names its images 00000001.jpg, MOTChallenge 000001.jpg.
NUM_DIGITS, NUM_DIGITS_DANCETRACK = 6, 8


def sequence_folders(root: Path | str) -> dict[str, Path]:
    """The sequences under a folder by name, sorted; the folder itself may be one.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: it holds no sequence, or one without ``seqinfo.ini``.
    """
    root = Path(root)
    if not root.is_dir():
        raise FileNotFoundError(f'{root}: no such folder; expected {LAYOUT} in it')
    if (root / 'seqinfo.ini').is_file():
        return {root.absolute().name: root}
    found = {}
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        if (folder / 'seqinfo.ini').is_file():
            found[folder.name] = folder
        elif any((folder / part).is_dir() for part in PARTS):
            raise ValueError(f'{folder}: seqinfo.ini is missing; it says how long the sequence is')
    if not found:
        raise ValueError(f'{root}: no sequences; expected {LAYOUT} in it')
    return found


def read_info(folder: Path) -> SequenceInfo:
    """``seqinfo.ini`` of a sequence folder, errors as ``read_sequence_info``."""
    return read_sequence_info(folder / 'seqinfo.ini')


def frame_files(folder: Path, info: SequenceInfo) -> list[Path]:
    """The image of every frame, first to last; names that fit if there are no images.

    Args:
        folder: the sequence.
        info: its ``seqinfo.ini``. Images beyond its length are left out.

    Raises:
        FileFormatError: some frames have images, others have none.
    """
    images = folder / info.image_folder
    found = {}
    if images.is_dir():
        suffix = info.image_extension.lower()
        files = (path for path in images.iterdir() if path.suffix.lower() == suffix)
        found = {int(path.stem): path for path in files if path.stem.isdecimal()}
    numbers = range(1, info.num_frames + 1)
    if not found:
        digits = NUM_DIGITS_DANCETRACK if info.name.startswith('dancetrack') else NUM_DIGITS
        return [images / f'{number:0{digits}d}{info.image_extension}' for number in numbers]
    absent = [number for number in numbers if number not in found]
    if absent:
        problem = (
            f"'seqLength' is {info.num_frames}, but {images} lacks {len(absent)} of these images, "
            f'the first that of frame {absent[0]}; unpack the images again'
        )
        raise FileFormatError(folder / 'seqinfo.ini', problem)
    return [found[number] for number in numbers]


def match_names(patterns: Sequence[str], names: Iterable[str], *, where: Any) -> list[str]:
    """The names that the patterns match, in the order of the patterns.

    Args:
        patterns: names, or patterns of names as the shell has them.
        names: of the sequences that there are.
        where: they are, for the message.

    Raises:
        ValueError: a pattern matches none.
    """
    known = list(names)
    matched: dict[str, None] = {}
    for pattern in patterns:
        found = [pattern] if pattern in known else [n for n in known if fnmatchcase(n, pattern)]
        if not found:
            raise ValueError(f'{where}: there is no sequence {pattern!r}, only {", ".join(known)}')
        matched |= dict.fromkeys(found)
    return list(matched)
