"""The zip archive of results that the MOTChallenge server takes."""

from __future__ import annotations

import re
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from mmtrack_ext.fileio.atomic import atomic_write

# The three public detectors of MOT17: its data has every video once for each of them.
MOT17_DETECTORS = ('DPM', 'FRCNN', 'SDP')
MOT17_NAME = re.compile(rf'(MOT17-\d\d)(?:-({"|".join(MOT17_DETECTORS)}))?')

# The earliest time that a zip archive can hold: equal results make equal bytes on every day.
TIMESTAMP = (1980, 1, 1, 0, 0, 0)
UNIX, ORDINARY_FILE = 3, 0o644 << 16  # else the archive would say which system it was made on


def submission_names(sequences: Iterable[str]) -> dict[str, str]:
    """Which texts the archive holds, and the sequence that each of them is of.

    Every sequence under its own name, except that the server wants MOT17 under the names of all
    three public detectors: where one copy of a video was tracked, by a detector of one's own, its
    result stands for all three.

    Raises:
        ValueError: two copies of a video of MOT17 were tracked and the third was not, so that it
            is not clear what is to stand for it.

    Example:
        >>> submission_names(['MOT17-01-FRCNN'])
        {'MOT17-01-DPM': 'MOT17-01-FRCNN', 'MOT17-01-FRCNN': 'MOT17-01-FRCNN', \
'MOT17-01-SDP': 'MOT17-01-FRCNN'}
    """
    names: dict[str, str] = {}
    copies: defaultdict[str, list[str]] = defaultdict(list)
    for sequence in sequences:
        if match := MOT17_NAME.fullmatch(sequence):
            copies[match[1]].append(sequence)
        else:
            names[sequence] = sequence
    for video, tracked in copies.items():
        wanted = [f'{video}-{detector}' for detector in MOT17_DETECTORS]
        if len(tracked) > 1 and sorted(tracked) != wanted:
            raise ValueError(
                f'The server wants {", ".join(wanted)}; there are results of '
                f'{", ".join(sorted(tracked))}: test all three, or one for all of them.'
            )
        names |= {name: name if name in tracked else tracked[0] for name in wanted}
    return dict(sorted(names.items()))


def write_submission(path: Path | str, texts: Mapping[str, Path]) -> str:
    """Write the archive; equal texts make equal bytes.

    Args:
        path: of the archive. After an error there is none, not even an older one.
        texts: result file of each sequence, as ``write_results`` writes it.

    Returns:
        A line that says what is in it, for printing.

    Raises:
        FileNotFoundError: a text is not there.
        ValueError: see ``submission_names``.
    """
    path = Path(path)
    path.unlink(missing_ok=True)
    names = submission_names(texts)
    with atomic_write(path, 'wb') as file, zipfile.ZipFile(file, 'w') as archive:
        for name, sequence in names.items():
            entry = zipfile.ZipInfo(f'{name}.txt', TIMESTAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr = UNIX, ORDINARY_FILE
            archive.writestr(entry, texts[sequence].read_bytes())
    line = f'Wrote {path}: {len(names)} sequences'
    if repeated := len(names) - len(texts):
        line += (
            f'; {repeated} of them are copies, since the server wants each video of MOT17 as '
            f'{", ".join(MOT17_DETECTORS)}'
        )
    return line
