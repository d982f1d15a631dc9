"""Score trackers on the same cached detections.

    compare_trackers.py comparison SET [SET ...] [--readme configs/README.md]  # all
    compare_trackers.py ablation SET [SET ...]              # NanoTrack's additions one by one
    compare_trackers.py configs SET --tracker CONFIG [CONFIG ...] [--random-embeddings]

A SET is ``NAME=SEQUENCES,DETECTIONS[,second-half]``: a folder of ``SEQ/{seqinfo.ini,gt/gt.txt}``
(or one such sequence), cached detections in any layout that tools/track_detections.py reads, and
whether only the second half of each sequence is tracked. On detections with embeddings only those
trackers run that look at them. One thread; the time of the tracker alone counts, the median of
``--repeats``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

for threads in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'):
    os.environ.setdefault(threads, '1')
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmtrack_ext.association.detections import TrackedBoxes
from mmtrack_ext.association.trackers import build_tracker
from mmtrack_ext.evaluation.protocols import infer_protocol
from mmtrack_ext.evaluation.trackeval_bridge import evaluate_sequences
from mmtrack_ext.fileio import (
    GroundTruth,
    SequenceDetections,
    atomic_write,
    find_detections,
    read_detections,
    read_ground_truth,
    read_sequence_info,
    results_as_written,
    second_half_start,
)
from mmtrack_ext.testing.tracker_forms import APPEARANCE, RELEASED
from mmtrack_ext.utils.command_line import progress, run_tool
from mmtrack_ext.utils.config import read_config, tracker_config
from mmtrack_ext.utils.markdown import replace_table, table_lines

COMPARISON: dict[str, dict[str, Any]] = {
    'SORT, scores from 0.5': dict(type='SORTTracker', min_score=0.5),  # as its published input
    'DeepSORT': dict(type='DeepSORTTracker'),
    'ByteTrack': dict(type='ByteTracker'),
    'SparseTrack': dict(type='SparseTracker'),
    'SparseTrack as released': dict(type='SparseTracker', **RELEASED),
    'NanoTrack': dict(type='NanoTracker'),
    'NanoTrack as released': dict(type='NanoTracker', **RELEASED),
    'NanoTrack as released, scores from 0.3, whole pixels': dict(
        type='NanoTracker', **RELEASED, min_score=0.3, truncate_boxes=True
    ),
}
WITH_EMBEDDINGS: dict[str, dict[str, Any]] = {
    'ByteTrack + appearance': dict(type='ByteTracker', **APPEARANCE),
    'SparseTrack + appearance': dict(type='SparseTracker', **APPEARANCE),
    'NanoTrack + appearance': dict(type='NanoTracker', **APPEARANCE),
    # The scores and embeddings are not those of a QDTrack network: light boxes, unit vectors.
    'QDTrack, scores from 0.45, cosine': dict(
        type='QuasiDenseTracker',
        metric='cosine',
        init_min_score=0.45,
        match_min_score=0.45,
    ),
    'QDTrack TAO, scores from 0.45, cosine': dict(
        type='QuasiDenseTAOTracker', metric='cosine', min_score=0.45
    ),
}
SWITCHES = {
    'none': {},
    '+ Refind High Detection': dict(refind_min_iou=0.8),
    '+ low-score initialisation': dict(low_init_min_iou=0.99),
    '+ Duplicate Track Checking': dict(duplicate_min_iou=0.3),
    '+ depth in overlap groups': dict(depth_in_groups=True),
}
SCORES = ('HOTA', 'AssA', 'MOTA', 'IDF1', 'IDSW')


@dataclass(frozen=True)
class Benchmark:
    """Sequences with their ground truth and detections; see the description of a SET."""

    name: str
    sequences: Path
    detections_path: Path
    second_half: bool

    @classmethod
    def parse(cls, text: str) -> Benchmark:
        """From ``NAME=SEQUENCES,DETECTIONS[,second-half]``."""
        name, equals, rest = text.partition('=')
        parts = rest.split(',')
        if not equals or len(parts) not in (2, 3) or parts[2:] not in ([], ['second-half']):
            raise ValueError(f'A SET is NAME=SEQUENCES,DETECTIONS[,second-half]. Got {text!r}.')
        return cls(name, Path(parts[0]), Path(parts[1]), len(parts) == 3)

    def folder(self, sequence: str) -> Path:
        """Where ``seqinfo.ini`` and ``gt`` of a sequence are."""
        single = (self.sequences / 'seqinfo.ini').is_file()
        return self.sequences if single else self.sequences / sequence

    @cached_property
    def detections(self) -> dict[str, SequenceDetections]:
        """By sequence."""
        found = {}
        single = (self.sequences / 'seqinfo.ini').is_file()
        for name, path in find_detections(self.detections_path).items():
            info = read_sequence_info(self.folder(name) / 'seqinfo.ini')
            detections = read_detections(path, info=info)
            start = second_half_start(len(detections)) if self.second_half else 0
            found[info.name if single else name] = detections.span(start, len(detections))
        return found

    @cached_property
    def truths(self) -> dict[str, GroundTruth]:
        """By sequence, counted from the first frame that is tracked."""
        truths = {}
        for name, detections in self.detections.items():
            truth = read_ground_truth(self.folder(name) / 'gt' / 'gt.txt')
            last = read_sequence_info(self.folder(name) / 'seqinfo.ini').num_frames
            truths[name] = truth.span(last - len(detections), last)
        return truths

    def with_random_embeddings(self, seed: int = 0) -> Benchmark:
        """The same detections with embeddings of the same lengths, in random directions."""
        other = replace(self)
        generator = np.random.default_rng(seed)
        other.__dict__['detections'] = {
            name: replace(found, embeddings=random_directions(found.embeddings, generator))
            for name, found in self.detections.items()
        }
        return other

    @property
    def has_embeddings(self) -> bool:
        """Whether the detections have embeddings."""
        return all(found.embeddings is not None for found in self.detections.values())


def main() -> None:
    """Run everything and print, or write, the table."""
    arguments = parse_arguments()
    benchmarks = [Benchmark.parse(text) for text in arguments.sets]
    runs = [run for benchmark in benchmarks for run in runs_on(benchmark, arguments)]
    rows = []
    for benchmark, name, tracker in progress(runs, 'Tracking', total=len(runs)):
        scores, rate = measure(benchmark, tracker, arguments.repeats)
        cells = [f'{scores[s]}' if s == 'IDSW' else f'{scores[s]:.2f}' for s in SCORES]
        rows.append([benchmark.name, name, *cells, f'{rate:.0f}'])
    lines = table_lines(('detections', 'tracker', *SCORES, 'frames/s'), rows)
    print('\n'.join(lines))
    if arguments.readme:
        replace_table(arguments.readme, arguments.table, lines)
        print(f'Wrote table {arguments.table} to {arguments.readme}')
    if arguments.json:
        with atomic_write(arguments.json) as file:
            json.dump(rows, file, indent=2)
        print(f'Wrote {arguments.json}')


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('table', choices=('comparison', 'ablation', 'configs'))
    parser.add_argument('sets', nargs='+', metavar='NAME=SEQUENCES,DETECTIONS[,second-half]')
    parser.add_argument('--tracker', type=Path, nargs='+', default=[], metavar='CONFIG')
    parser.add_argument(
        '--random-embeddings',
        action='store_true',
        help='run the trackers of configs on random embeddings, too: what is learned is the rest',
    )
    parser.add_argument('--repeats', type=int, default=3, help='timings of each tracker')
    parser.add_argument('--readme', type=Path, help='write the table there, at results: TABLE')
    parser.add_argument('--json', type=Path, help='write the rows there')
    return parser.parse_args()


def runs_on(
    benchmark: Benchmark, arguments: argparse.Namespace
) -> list[tuple[Benchmark, str, dict[str, Any]]]:
    """Detections, name and config of each row."""
    if arguments.table == 'configs':
        trackers = {p.stem: tracker_config(read_config(p), p) for p in arguments.tracker}
    else:
        trackers = comparison(benchmark) if arguments.table == 'comparison' else ablation(benchmark)
    runs = [(benchmark, name, tracker) for name, tracker in trackers.items()]
    if arguments.random_embeddings:
        if not benchmark.has_embeddings:
            raise ValueError(f'--random-embeddings: the detections of {benchmark.name} have none')
        blind = benchmark.with_random_embeddings()
        runs += [(blind, f'{name}, random embeddings', t) for name, t in trackers.items()]
    return runs


def random_directions(vectors: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """(N, C) vectors as long as these, each in a direction of its own."""
    drawn = generator.standard_normal(vectors.shape)
    drawn *= np.linalg.norm(vectors, axis=1, keepdims=True) / np.linalg.norm(
        drawn, axis=1, keepdims=True
    )
    return drawn.astype(np.float32)


def comparison(benchmark: Benchmark) -> dict[str, dict[str, Any]]:
    """The trackers that have what they need."""
    if not benchmark.has_embeddings:
        return COMPARISON
    return {'DeepSORT': COMPARISON['DeepSORT']} | WITH_EMBEDDINGS


def ablation(_: Benchmark) -> dict[str, dict[str, Any]]:
    """NanoTrack with none of its additions, then with one more in each row."""
    switches: dict[str, Any] = dict(
        refind_min_iou=None, low_init_min_iou=None, duplicate_min_iou=None, depth_in_groups=False
    )
    trackers = {}
    for name, addition in SWITCHES.items():
        switches |= addition
        trackers[name] = dict(type='NanoTracker', **switches)
    return trackers


def measure(
    benchmark: Benchmark, tracker: dict[str, Any], repeats: int
) -> tuple[dict[str, Any], float]:
    """Scores over all sequences, and frames per second."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        tracked = {name: track(tracker, name, d) for name, d in benchmark.detections.items()}
        seconds.append(time.perf_counter() - start)
    multi_class = any(found.labels.any() for found in benchmark.detections.values())
    num_frames = {name: len(found) for name, found in benchmark.detections.items()}
    scores = evaluate_sequences(
        benchmark.truths,
        {n: results_as_written(boxes, multi_class=multi_class) for n, boxes in tracked.items()},
        num_frames,
        protocol=infer_protocol(num_frames),
    )
    return scores['COMBINED'], sum(num_frames.values()) / statistics.median(seconds)


def track(
    config: dict[str, Any], sequence: str, detections: SequenceDetections
) -> list[TrackedBoxes]:
    """One sequence by a new tracker."""
    tracker = build_tracker(config, sequence=sequence)
    return [tracker.update(frame, camera_motion=warp) for frame, warp in detections]


if __name__ == '__main__':
    run_tool(main)
