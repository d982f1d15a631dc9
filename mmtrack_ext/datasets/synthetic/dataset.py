"""SynthMOT on disk: images with complete ground truth, in MOTChallenge layout."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np

from mmtrack_ext.association.boxes import xyxy_to_tlwh
from mmtrack_ext.datasets.synthetic.camera import FRAME_RATE
from mmtrack_ext.datasets.synthetic.pen import Image
from mmtrack_ext.datasets.synthetic.plan import SequenceJob, plan_synth_mot
from mmtrack_ext.datasets.synthetic.sequence import SyntheticFrame
from mmtrack_ext.fileio import GroundTruth, SequenceInfo, write_ground_truth, write_sequence_info

Progress: TypeAlias = Callable[[Iterable[Any]], Iterable[Any]]

MIN_VISIBILITY = 0.1  # below, a box is no target: flag 0
JPEG_QUALITY = 90
# What a sequence folder may hold to be rewritten: what this module writes, and what mot2coco adds.
OWN_FILES = re.compile(r'img1(/\d{6}\.jpg)?|gt(/gt(_[\w-]+)?\.txt)?|seqinfo\.ini')


def write_synth_mot(
    folder: Path | str,
    splits: Sequence[str] = ('train', 'val'),
    *,
    progress: Progress = iter,
    **options: Any,
) -> list[Path]:
    """Write ``SPLIT/SynthMOT-NN/{img1/000001.jpg, gt/gt.txt, seqinfo.ini}``.

    A sequence appears complete or not at all, also after Ctrl-C. Sequences that are already there
    are rewritten.

    Args:
        folder: to write to.
        splits: which.
        progress: wraps the iterator over all frames.
        options: those of ``plan_synth_mot``.

    Returns:
        The folders of the sequences.

    Raises:
        ValueError: an option is out of its range, or the folder of a sequence holds something
            else, which would be lost.
    """
    jobs = plan_synth_mot(splits, **options)
    targets = [Path(folder) / job.split / job.name for job in jobs]
    for target in targets:
        check_replaceable(target)
    with contextlib.closing(_write_all(jobs, targets)) as frames:  # cleans up after Ctrl-C
        for _ in progress(frames):
            pass
    return targets


def ground_truth(frames: Iterable[SyntheticFrame]) -> GroundTruth:
    """The truth as ``gt.txt`` has it: boxes to a tenth of a pixel, visibilities to a thousandth.

    Boxes with a visibility under MIN_VISIBILITY carry flag 0.
    """
    return _truth([frame[1:] for frame in frames])


def check_replaceable(target: Path) -> None:
    """Refuse to overwrite anything but a sequence of ours.

    Raises:
        ValueError: the folder holds other files, or is none.
    """
    for folder in (*reversed(target.parents), target):
        if folder.exists() and not folder.is_dir():
            raise ValueError(f'{folder}: this is a file where a folder is needed')
    for path in sorted(target.rglob('*')):
        inside = path.relative_to(target).as_posix()
        if not OWN_FILES.fullmatch(inside):
            raise ValueError(
                f'{target} holds {inside}, which SynthMOT did not write and would delete; '
                'move it away or choose another folder'
            )


def _write_all(jobs: Sequence[SequenceJob], targets: Sequence[Path]) -> Generator[int, None, None]:
    """Yields after each frame."""
    for job, target in zip(jobs, targets, strict=True):
        yield from _write_sequence(job, target)


def _write_sequence(job: SequenceJob, target: Path) -> Iterator[int]:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp('.tmp', f'.{target.name}.', target.parent))
    fresh = temporary / target.name  # mkdtemp's own folder is closed to others
    try:
        (fresh / 'img1').mkdir(parents=True)
        rows = []
        for index, frame in enumerate(job.frames()):
            _write_image(fresh / 'img1' / f'{index + 1:06d}.jpg', frame.image)
            rows.append(frame[1:])  # without the image
            yield index
        info = SequenceInfo(job.name, job.num_frames, *job.size, frame_rate=FRAME_RATE)
        write_sequence_info(fresh / 'seqinfo.ini', info)
        write_ground_truth(fresh / 'gt' / 'gt.txt', _truth(rows))
        if target.exists():
            os.replace(target, temporary / 'old')
        os.replace(fresh, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write_image(path: Path, image: Image) -> None:
    _, encoded = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    path.write_bytes(encoded.tobytes())


def _truth(rows: Sequence[tuple[Any, ...]]) -> GroundTruth:
    """From (boxes, ids, classes, visibilities) of each frame."""
    boxes, ids, classes, shares = (np.concatenate(column) for column in zip(*rows, strict=True))
    visibilities = np.round(shares, 3)
    return GroundTruth(
        frames=np.repeat(np.arange(len(rows)), [len(row[1]) for row in rows]),
        ids=ids,
        boxes_tlwh=np.round(xyxy_to_tlwh(boxes), 1),
        flags=(visibilities >= MIN_VISIBILITY).astype(np.int64),
        classes=classes,
        visibilities=visibilities,
    )
