"""Frames per second of the trackers alone, one thread, on crowds and on cached detections.

Every candidate is timed in turn within each repetition, and medians are printed, so the ratios
hold although the speed of the machine drifts. ``--roboflow`` also times ByteTrack of Roboflow's
package ``trackers``, where that is installed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

for threads in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'):
    os.environ.setdefault(threads, '1')
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from mmtrack_ext.association.detections import Detections
from mmtrack_ext.association.trackers import TRACKER_CLASSES, build_tracker
from mmtrack_ext.fileio import find_detections, read_detections
from mmtrack_ext.testing.scenes import make_crowd
from mmtrack_ext.utils.command_line import progress, run_tool
from mmtrack_ext.utils.markdown import replace_table, table_lines

DEFAULT = ['ByteTracker', 'SparseTracker', 'NanoTracker', 'DeepSORTTracker']
Frames = list[Any]
Candidate = tuple[Callable[[Detections], Any], Callable[[], Callable[[Any], Any]]]


def main() -> None:
    """Time every tracker on every case and print the table."""
    arguments = parse_arguments()
    candidates = {name: own_candidate(name) for name in arguments.trackers}
    if arguments.roboflow:
        candidates['Roboflow ByteTrack'] = roboflow_candidate()
    cases = crowd_cases(arguments.crowds, arguments.frames, arguments.embedding_size)
    if arguments.detections:
        cases |= real_cases(arguments.detections)
    names = list(candidates)
    rows = [header(names)]
    print_row(rows[0])
    for case, frames in progress(cases.items(), 'Timing', total=len(cases)):
        rows.append([case, *figures(frames, time_case(frames, candidates, arguments.repeats))])
        print_row(rows[-1])
    if arguments.readme:
        replace_table(arguments.readme, 'speed', table_lines(rows[0], rows[1:]))
        print(f'Wrote table speed to {arguments.readme}')


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--trackers', nargs='+', default=DEFAULT, choices=TRACKER_CLASSES)
    parser.add_argument('--crowds', type=int, nargs='*', default=[20, 50, 100, 200, 400])
    parser.add_argument('--frames', type=int, default=100, help='length of a crowd')
    parser.add_argument(
        '--embedding-size', type=int, default=128, help='of each box of a crowd; 0: none'
    )
    parser.add_argument('--detections', help='also these cached detections (file or folder)')
    parser.add_argument('--repeats', type=int, default=5)
    parser.add_argument('--roboflow', action='store_true', help='compare with `trackers`')
    parser.add_argument('--readme', help='write the table to this file, at results: speed')
    return parser.parse_args()


def own_candidate(name: str) -> Candidate:
    """A tracker of ours: how to convert a frame, and how to make an update function."""
    return (lambda frame: frame), (lambda: build_tracker({'type': name}).update)


def roboflow_candidate() -> Candidate:
    """ByteTrack of the package ``trackers``, at the thresholds of our defaults."""
    try:
        import supervision
        import trackers
    except ImportError as error:
        raise ValueError(f'--roboflow needs `pip install trackers` ({error})') from None

    def convert(frame: Detections) -> Any:
        classes = np.zeros(len(frame), int)
        return supervision.Detections(frame.boxes, confidence=frame.scores, class_id=classes)

    return convert, lambda: trackers.ByteTrackTracker().update


def crowd_cases(sizes: list[int], num_frames: int, embedding_size: int) -> dict[str, Frames]:
    """Synthetic crowds by name."""
    crowds = {}
    for size in sizes:
        frames = make_crowd(size, num_frames=num_frames, seed=size, embedding_size=embedding_size)
        crowds[f'crowd of {size}'] = list(frames)
    return crowds


def real_cases(path: str) -> dict[str, Frames]:
    """Cached detections by sequence."""
    files = find_detections(path)
    return {name: [frame for frame, _ in read_detections(file)] for name, file in files.items()}


def time_case(
    frames: Frames, candidates: dict[str, Candidate], repeats: int
) -> dict[str, list[float]]:
    """Seconds per frame of every candidate, one number a repetition."""
    converted = {name: [convert(f) for f in frames] for name, (convert, _) in candidates.items()}
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(repeats):
        for name, (_, make_update) in candidates.items():
            update = make_update()
            start = time.perf_counter()
            for frame in converted[name]:
                update(frame)
            seconds[name].append((time.perf_counter() - start) / len(frames))
    return seconds


def header(names: list[str]) -> list[str]:
    """Titles: milliseconds a frame, then how many frames of the first go into one of each other."""
    times = [f'{name} [ms]' for name in names]
    return ['case', 'boxes a frame', *times, *(f'{name} / {names[0]}' for name in names[1:])]


def figures(frames: Frames, seconds: dict[str, list[float]]) -> list[str]:
    """Medians, and medians of the ratios within a repetition."""
    boxes = np.mean([len(frame) for frame in frames])
    medians = [statistics.median(values) * 1e3 for values in seconds.values()]
    first, *others = seconds.values()
    ratios = [
        statistics.median(b / a for a, b in zip(first, other, strict=True)) for other in others
    ]
    return [
        f'{boxes:.1f}',
        *(f'{median:.3f}' for median in medians),
        *(f'{ratio:.2f}' for ratio in ratios),
    ]


def print_row(cells: list[str]) -> None:
    """One line of the table, in columns."""
    first, second, *others = cells
    print(f'{first:20}{second:>14}', *(f'{cell:>32}' for cell in others), flush=True)


if __name__ == '__main__':
    run_tool(main)
