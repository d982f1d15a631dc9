#!/usr/bin/env python
"""Score result files against ground truth in MOTChallenge layout.

    python tools/evaluate_mot.py RESULTS GT [--benchmark auto] [--json metrics.json]

RESULTS holds ``SEQ.txt``; GT holds ``SEQ/gt/gt.txt`` and ``SEQ/seqinfo.ini``. The figures are
TrackEval's.
"""

from __future__ import annotations

import argparse
import functools
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmtrack_ext.evaluation.protocols import PROTOCOLS, RowError, infer_protocol
from mmtrack_ext.evaluation.scores import table_lines, write_scores
from mmtrack_ext.evaluation.trackeval_bridge import evaluate_sequences
from mmtrack_ext.fileio import (
    FileFormatError,
    GroundTruth,
    Results,
    read_ground_truth,
    read_results,
    read_sequence_info,
)
from mmtrack_ext.fileio.text_table import line_of_row_by_frame
from mmtrack_ext.utils.command_line import progress, run_tool, warn

# Measured on two cores: with fewer rows, starting processes takes longer than they save.
MIN_ROWS_FOR_PROCESSES = 100_000


@dataclass
class Inputs:
    """What was read, by name of the sequence."""

    truths: dict[str, GroundTruth] = field(default_factory=dict)
    results: dict[str, Results] = field(default_factory=dict)
    num_frames: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('results', type=Path, metavar='RESULTS', help='folder of SEQ.txt')
    parser.add_argument('gt', type=Path, metavar='GT', help='folder of SEQ/gt/gt.txt')
    parser.add_argument(
        '--benchmark',
        choices=('auto', *PROTOCOLS),
        default='auto',
        help='whose rules to score by; auto goes by the names of the sequences',
    )
    parser.add_argument(
        '--sequences', nargs='+', metavar='S', help='score these alone; default: all of GT'
    )
    parser.add_argument(
        '--allow-missing', action='store_true', help='score the sequences that have results'
    )
    parser.add_argument('--json', type=Path, metavar='F', help='write the scores to this file')
    return parser.parse_args()


def main() -> None:
    """Read, score, print and write."""
    args = parse_args()
    if args.json is not None and args.json.is_dir():
        raise ValueError(f'{args.json}: --json needs a file, this is a folder')
    wanted = find_sequences(args.gt, only=args.sequences)
    found = with_results(wanted, args.results, allow_missing=args.allow_missing)
    protocol, origin = args.benchmark, 'as asked'
    if protocol == 'auto':
        protocol, origin = infer_protocol(found), 'auto, from the sequence names'
    inputs = read_inputs(args.results, args.gt, found)
    scores = score(inputs, args.results, args.gt, protocol=protocol)
    for warning in inputs.warnings:
        warn(warning)
    print(f'Protocol: {protocol} ({origin})')
    if left_out := [name for name in wanted if name not in found]:
        print(f'Left out, no result file: {", ".join(left_out)}')
    print('\n'.join(table_lines(scores, found)))
    if args.json is not None:
        write_scores(args.json, scores)
        print(f'Wrote {args.json}')


def find_sequences(gt: Path, *, only: list[str] | None) -> list[str]:
    """Names of the sequences in the ground-truth folder, sorted; of ``only``, if given."""
    check_folder(gt)
    names = sorted(path.parents[1].name for path in gt.glob('*/gt/gt.txt'))
    if not names:
        hint = '; pass the folder above it' if (gt / 'gt' / 'gt.txt').is_file() else ''
        raise ValueError(f'{gt}: no folder in it has ground truth, SEQ/gt/gt.txt{hint}')
    if only is None:
        return names
    if unknown := sorted(set(only) - set(names)):
        raise ValueError(f'{gt}: no sequence {", ".join(unknown)}; there are {", ".join(names)}')
    return [name for name in names if name in only]


def with_results(names: list[str], results: Path, *, allow_missing: bool) -> list[str]:
    """The sequences that have a result file; all must have one unless ``allow_missing``."""
    check_folder(results)
    missing = [name for name in names if not (results / f'{name}.txt').is_file()]
    if missing and (len(missing) == len(names) or not allow_missing):
        files = ', '.join(f'{name}.txt' for name in missing)
        others = len(names) - len(missing)
        mend = f'; --allow-missing scores the other {others}' if others else ''
        raise ValueError(f'{results}: no result file {files}{mend}')
    return [name for name in names if name not in missing]


def check_folder(path: Path) -> None:
    """Refuse a path that is no folder."""
    if not path.is_dir():
        raise ValueError(f'{path}: no such folder')


def read_inputs(results: Path, gt: Path, names: Iterable[str]) -> Inputs:
    """Read the files of these sequences."""
    inputs = Inputs()
    for name in names:
        gt_file, result_file = gt_path(gt, name), results / f'{name}.txt'
        truth = read_ground_truth(gt_file)
        if len(truth.frames) == 0:
            raise FileFormatError(gt_file, 'there is no row of ground truth to score by')
        inputs.truths[name] = truth
        inputs.results[name] = read_results(result_file)
        if len(inputs.results[name].frames) == 0:
            inputs.warnings.append(f'{result_file} has no rows; every object counts as missed')
        seqinfo = gt / name / 'seqinfo.ini'
        if seqinfo.is_file():
            inputs.num_frames[name] = read_sequence_info(seqinfo).num_frames
        else:
            last = inputs.num_frames[name] = int(truth.frames.max()) + 1
            inputs.warnings.append(f'{seqinfo} is missing; {name} ends with its last frame, {last}')
    return inputs


def gt_path(gt: Path, name: str) -> Path:
    """The ground-truth file of a sequence."""
    return gt / name / 'gt' / 'gt.txt'


def score(inputs: Inputs, results: Path, gt: Path, *, protocol: str) -> dict[str, Any]:
    """The scores, in the form of metrics.json; a row at fault is named by file and line."""
    tables: list[Any] = [*inputs.truths.values(), *inputs.results.values()]
    small = sum(len(table.frames) for table in tables) < MIN_ROWS_FOR_PROCESSES
    try:
        return evaluate_sequences(
            inputs.truths,
            inputs.results,
            inputs.num_frames,
            protocol=protocol,
            num_workers=1 if small else min(num_cores(), len(inputs.truths)),
            progress=functools.partial(progress, description='Scoring', total=len(inputs.truths)),
        )
    except RowError as error:
        raise error_with_file(error, inputs, results, gt) from None
    except ValueError as error:
        raise ValueError(f'{gt}: {error}') from None


def error_with_file(error: RowError, inputs: Inputs, results: Path, gt: Path) -> FileFormatError:
    """The same error, with the file and the line that the row stands in."""
    name = error.sequence
    path = results / f'{name}.txt' if error.source == 'results' else gt_path(gt, name)
    problem = f'frame {error.frame + 1}: {error.problem}'
    seqinfo = gt / name / 'seqinfo.ini'
    if error.frame >= inputs.num_frames[name] and not seqinfo.is_file():
        problem += f', as its ground truth ends there and {seqinfo} is missing'
    return FileFormatError(path, problem, line=line_of_row_by_frame(path, error.row))


def num_cores() -> int:
    """The processor cores that this process may use."""
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


if __name__ == '__main__':
    run_tool(main)
