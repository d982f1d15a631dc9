"""Track cached detections: no network, no torch."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmtrack_ext.association.detections import wanted_rows
from mmtrack_ext.association.interpolation import interpolate
from mmtrack_ext.association.trackers import build_tracker
from mmtrack_ext.fileio import (
    FileFormatError,
    SequenceDetections,
    SequenceInfo,
    find_detections,
    read_detections,
    read_sequence_info,
    second_half_start,
    submission_names,
    write_results,
    write_submission,
)
from mmtrack_ext.utils.command_line import check_min_score, progress, run_tool, warn
from mmtrack_ext.utils.config import config_options, read_config, tracker_config
from mmtrack_ext.utils.parallel import parallel_map

NAMES_SHOWN = 3  # in a warning


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file; its tracker stands at model.tracker')
    parser.add_argument(
        'detections', help='a file, or a folder of SEQ.npz, SEQ.npy, SEQ.txt or SEQ/det/det.txt'
    )
    parser.add_argument('out', help='folder for SEQ.txt')
    parser.add_argument('--frames', choices=('all', 'first-half', 'second-half'), default='all')
    parser.add_argument('--sequences-dir', type=Path, help='folder of SEQ/seqinfo.ini')
    parser.add_argument('--workers', type=int, default=1, help='sequences tracked at a time')
    parser.add_argument('--tracker', metavar='CONFIG', help='take model.tracker from this config')
    parser.add_argument('--min-score', type=float, help='leave out detections below')
    parser.add_argument('--classes', type=int, nargs='+', help='class indices to keep, from 0')
    parser.add_argument('--interpolate', choices=('none', 'linear', 'gaussian'), default='none')
    parser.add_argument('--zip', type=Path, metavar='F.zip', help='pack results for the server')
    parser.add_argument('--cfg-options', nargs='+', metavar='KEY=VALUE', default=[])
    return parser.parse_args()


def main() -> None:
    """Read everything, then track every sequence and say what was written."""
    arguments = parse_arguments()
    check_arguments(arguments)
    options = config_options(arguments.cfg_options)
    config = read_config(arguments.config, options, tracker=arguments.tracker)
    tracker = tracker_config(config, arguments.config)
    files = find_detections(arguments.detections)
    for sequence in files:  # mistakes are found before anything is written
        build_tracker(tracker, sequence=sequence)
    if arguments.zip is not None:
        submission_names(files)
    warn_of_others(tracker, files)
    sequences = {
        name: load(name, path, arguments.sequences_dir)
        for name, path in progress(files.items(), 'Reading')
    }
    multi_class = any(bool(detections.labels.any()) for detections in sequences.values())
    sequences = {name: select(name, d, arguments) for name, d in sequences.items()}
    work = partial(
        track_sequence,
        tracker=tracker,
        out=Path(arguments.out),
        interpolation=arguments.interpolate,
        multi_class=multi_class,
    )
    results = parallel_map(work, sequences.items(), num_workers=arguments.workers)
    seconds = sum(progress(results, 'Tracking', total=len(sequences)))
    num_frames = sum(map(len, sequences.values()))
    speed = f'{num_frames / seconds:.0f} frames/s' if seconds else 'no frames'
    print(f'Tracked {len(sequences)} sequences, {num_frames} frames, at {speed} a process.')
    print(f'Wrote {", ".join(f"{name}.txt" for name in sequences)} to {arguments.out}')
    if arguments.zip is not None:
        texts = {name: Path(arguments.out) / f'{name}.txt' for name in sequences}
        print(write_submission(arguments.zip, texts))


def check_arguments(arguments: argparse.Namespace) -> None:
    """Refuse values that argparse lets through."""
    if arguments.workers < 1:
        raise ValueError(f'--workers must be at least 1. Got {arguments.workers}.')
    check_min_score(arguments.min_score)
    if arguments.zip is not None and arguments.zip.suffix != '.zip':
        raise ValueError(f'--zip {arguments.zip}: must end in .zip')
    if arguments.sequences_dir is not None and not arguments.sequences_dir.is_dir():
        raise ValueError(f'--sequences-dir {arguments.sequences_dir}: no such folder')


def warn_of_others(tracker: dict[str, Any], sequences: Iterable[str]) -> None:
    """Mention names in ``per_sequence`` that are not tracked: one may be misspelt."""
    others = sorted(set(tracker.get('per_sequence') or {}) - set(sequences))
    if others:
        more = f' and {len(others) - NAMES_SHOWN} more' if len(others) > NAMES_SHOWN else ''
        shown = ', '.join(others[:NAMES_SHOWN])
        warn(f'per_sequence has arguments for {shown}{more}: not among these detections')


def track_sequence(
    item: tuple[str, SequenceDetections],
    *,
    tracker: dict[str, Any],
    out: Path,
    interpolation: str,
    multi_class: bool,
) -> float:
    """Track one sequence, write its results and return the seconds spent in the tracker."""
    name, detections = item
    online = build_tracker(tracker, sequence=name)
    start = time.perf_counter()
    tracked = [online.update(frame, camera_motion=warp) for frame, warp in detections]
    seconds = time.perf_counter() - start
    if interpolation != 'none':
        tracked = interpolate(tracked, interpolation)
    write_results(out / f'{name}.txt', tracked, multi_class=multi_class)
    return seconds


def load(name: str, path: Path, sequences_dir: Path | None) -> SequenceDetections:
    """The detections of one sequence, all of it."""
    info = find_sequence_info(name, path, sequences_dir)
    detections = read_detections(path, info=info)
    if not len(detections.frames) and path.suffix != '.npz':  # which knows how long a video is
        problem = 'no detections in this file; leave the sequence out if it has none'
        raise FileFormatError(path, problem)
    if info is None and path.suffix != '.npz':
        warn(
            f'{name}: no seqinfo.ini (see --sequences-dir), so the sequence is taken to end at '
            f'its last detected frame, {len(detections)}'
        )
    return detections


def find_sequence_info(name: str, path: Path, sequences_dir: Path | None) -> SequenceInfo | None:
    """``seqinfo.ini`` of the sequence under ``sequences_dir``, or beside the detections."""
    folder = path.parents[1] if path.parent.name == 'det' else path.parent
    places = [folder / name / 'seqinfo.ini', folder / 'seqinfo.ini']
    if sequences_dir is not None:
        places.insert(0, sequences_dir / name / 'seqinfo.ini')
    found = next((file for file in places if file.is_file()), None)
    return None if found is None else read_sequence_info(found)


def select(
    name: str, detections: SequenceDetections, arguments: argparse.Namespace
) -> SequenceDetections:
    """What the options want of a sequence: a half of it, scores, classes."""
    middle = min(second_half_start(len(detections)), len(detections))
    if arguments.frames == 'first-half':
        detections = detections.span(0, middle)
    elif arguments.frames == 'second-half':
        detections = detections.span(middle, len(detections))
    keep = wanted_rows(
        detections.scores,
        detections.labels,
        min_score=arguments.min_score,
        classes=arguments.classes,
    )
    if not keep.any():
        warn(f'{name}: the options leave no detections')
    return detections if keep.all() else detections.select(keep)


if __name__ == '__main__':
    run_tool(main)
