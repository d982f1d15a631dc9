"""``seqinfo.ini``: length, size and frame rate of a MOTChallenge sequence."""

from __future__ import annotations

import configparser
from dataclasses import dataclass
from pathlib import Path

from mmtrack_ext.fileio.atomic import atomic_write
from mmtrack_ext.fileio.errors import FileFormatError

MAX_FRAMES = 10_000_000  # 92 hours at 30 frames a second; more is a mistake, and fills memory


@dataclass(frozen=True)
class SequenceInfo:
    """What ``seqinfo.ini`` says; keys that the file leaves out are None."""

    name: str
    num_frames: int
    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None
    image_folder: str = 'img1'
    image_extension: str = '.jpg'


def read_sequence_info(path: Path | str) -> SequenceInfo:
    """Read a ``seqinfo.ini``.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: it has no ``seqLength``, or a value is no number.
    """
    path = Path(path)
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text(encoding='utf-8-sig'))
        section = parser['Sequence']
        num_frames = section.getint('seqLength')
        if num_frames is None:
            raise FileFormatError(path, "key 'seqLength' is missing in section [Sequence]")
        if not 1 <= num_frames <= MAX_FRAMES:
            problem = f"'seqLength' must be between 1 and {MAX_FRAMES}, got {num_frames}"
            raise FileFormatError(path, problem)
        return SequenceInfo(
            name=section.get('name', path.absolute().parent.name),
            num_frames=num_frames,
            width=section.getint('imWidth'),
            height=section.getint('imHeight'),
            frame_rate=section.getfloat('frameRate'),
            image_folder=section.get('imDir', 'img1'),
            image_extension=section.get('imExt', '.jpg'),
        )
    except FileFormatError:
        raise
    except KeyError:
        raise FileFormatError(path, 'section [Sequence] is missing') from None
    except (configparser.Error, ValueError) as error:
        raise FileFormatError(path, str(error).splitlines()[0]) from None


def write_sequence_info(path: Path | str, info: SequenceInfo) -> None:
    """Write a ``seqinfo.ini`` as MOTChallenge has it."""
    values = {
        'name': info.name,
        'imDir': info.image_folder,
        'frameRate': None if info.frame_rate is None else str(info.frame_rate).removesuffix('.0'),
        'seqLength': info.num_frames,
        'imWidth': info.width,
        'imHeight': info.height,
        'imExt': info.image_extension,
    }
    with atomic_write(path) as file:
        file.write('[Sequence]\n')
        file.writelines(f'{key}={value}\n' for key, value in values.items() if value is not None)


def second_half_start(num_frames: int) -> int:
    """The 0-based frame at which the validation half of a training sequence starts.

    Counted from 1, the halves of CenterTrack and ByteTrack are the frames up to and the frames
    after ``num_frames // 2 + 1``.
    """
    return num_frames // 2 + 1
