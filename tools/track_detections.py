"""Track cached detections: no network, no torch."""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

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
    write_results,
)
from mmtrack_ext.utils.command_line import progress, run_tool
from mmtrack_ext.utils.config import config_options, read_config
from mmtrack_ext.utils.parallel import parallel_map


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
    parser.add_argument('--min-score', type=float, help='leave out detections below')
    parser.add_argument('--classes', type=int, nargs='+', help='class indices to keep, from 0')
    parser.add_argument('--interpolate', choices=('none', 'linear', 'gaussian'), default='none')
    parser.add_argument('--cfg-options', nargs='+', metavar='KEY=VALUE', default=[])
    return parser.parse_args()


def main() -> None:
    """Read everything, then track every sequence and say what was written."""
    arguments = parse_arguments()
    tracker_config = read_tracker_config(arguments.config, config_options(arguments.cfg_options))
    files = find_detections(arguments.detections)
    for sequence in files:  # mistakes are found before anything is written
        build_tracker(tracker_config, sequence=sequence)
    sequences = {name: load(name, files[name], arguments) for name in progress(files, 'Reading')}
    work = partial(
        track_sequence,
        tracker_config=tracker_config,
        out=Path(arguments.out),
        interpolation=arguments.interpolate,
        multi_class=any(bool(detections.labels.any()) for detections in sequences.values()),
    )
    results = parallel_map(work, sequences.items(), num_workers=arguments.workers)
    seconds = sum(progress(results, 'Tracking', total=len(sequences)))
    num_frames = sum(map(len, sequences.values()))
    speed = f'{num_frames / seconds:.0f} frames/s' if seconds else 'no frames'
    print(f'Tracked {len(sequences)} sequences, {num_frames} frames, at {speed} a process.')
    print(f'Wrote {", ".join(f"{name}.txt" for name in sequences)} to {arguments.out}')


def read_tracker_config(path: str, options: dict[str, Any]) -> dict[str, Any]:
    """``model.tracker`` of a config file, as a plain dict."""
    config = read_config(path, options)
    tracker = config.get('model', {}).get('tracker')
    if not isinstance(tracker, dict):
        raise ValueError(f'{path}: there is no model.tracker in this config')
    return tracker


def track_sequence(
    item: tuple[str, SequenceDetections],
    *,
    tracker_config: dict[str, Any],
    out: Path,
    interpolation: str,
    multi_class: bool,
) -> float:
    """Track one sequence, write its results and return the seconds spent in the tracker."""
    name, detections = item
    tracker = build_tracker(tracker_config, sequence=name)
    start = time.perf_counter()
    tracked = [tracker.update(frame, camera_motion=warp) for frame, warp in detections]
    seconds = time.perf_counter() - start
    if interpolation != 'none':
        tracked = interpolate(tracked, interpolation)
    write_results(out / f'{name}.txt', tracked, multi_class=multi_class)
    return seconds


def load(name: str, path: Path, arguments: argparse.Namespace) -> SequenceDetections:
    """The detections of one sequence, as far as the options want them."""
    info = find_sequence_info(name, path, arguments.sequences_dir)
    detections = read_detections(path, info=info)
    if not len(detections.frames):
        problem = 'no detections in this file; leave the sequence out if it has none'
        raise FileFormatError(path, problem)
    if info is None and path.suffix != '.npz':
        print(
            f'warning: {name}: no seqinfo.ini (see --sequences-dir), so the sequence is taken to '
            f'end at its last detected frame, {len(detections)}',
            file=sys.stderr,
        )
    middle = second_half_start(len(detections))
    if arguments.frames == 'first-half':
        detections = detections.span(0, middle)
    elif arguments.frames == 'second-half':
        detections = detections.span(middle, len(detections))
    keep = np.ones(len(detections.frames), bool)
    if arguments.min_score is not None:
        keep &= detections.scores >= arguments.min_score
    if arguments.classes is not None:
        keep &= np.isin(detections.labels, arguments.classes)
    return detections if keep.all() else detections.select(keep)


def find_sequence_info(name: str, path: Path, folder: Path | None) -> SequenceInfo | None:
    """``seqinfo.ini`` under ``folder``, or beside the detections."""
    if folder is not None:
        return read_sequence_info(folder / name / 'seqinfo.ini')
    beside = (path.parents[1] if path.parent.name == 'det' else path.parent) / 'seqinfo.ini'
    beside_folder = path.parent / name / 'seqinfo.ini'
    found = next((file for file in (beside_folder, beside) if file.is_file()), None)
    return None if found is None else read_sequence_info(found)


if __name__ == '__main__':
    run_tool(main)
