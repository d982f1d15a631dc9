"""Seconds and outputs of mmcv's operators, whoever serves them, and a comparison of two runs.

Run it with ``--json compiled.json`` where mmcv is compiled, and with ``--compare compiled.json``
where ``mmtrack_ext.ops`` serves. Inputs are seeded; a time is the median of forward and backward
together (of NMS: of the call).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
warnings.filterwarnings('ignore', module='(mmengine|mmcv|mmdet|torch|pkg_resources)')

from mmtrack_ext.ops import install_operators

install_operators()

import numpy as np
import torch
from mmcv import _ext
from operator_cases import CASES, Case

from mmtrack_ext.fileio import atomic_write
from mmtrack_ext.utils.command_line import progress, run_tool
from mmtrack_ext.utils.markdown import table_lines


def main() -> None:
    """Time every case, write what was asked for, and print the table."""
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    reference = read_run(arguments.compare) if arguments.compare else None
    run: dict[str, Any] = {
        'operators': _ext.__name__,
        'torch': torch.__version__,
        'threads': arguments.threads,
        'device': arguments.device,
        'seconds': {},
    }
    outputs: dict[str, list[np.ndarray]] = {}
    cases = {name: case for name, case in CASES.items() if name in (arguments.cases or CASES)}
    for name, make in progress(cases.items(), 'Timing', total=len(cases)):
        measured = measure(partial(make, arguments.device), arguments.repeats)
        if measured is not None:
            run['seconds'][name], outputs[name] = measured
    if arguments.json:
        write_run(arguments.json, run, outputs)
    print('\n'.join(table(run, outputs, reference)))


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--repeats', type=int, default=7)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--cases', nargs='+', choices=CASES, help='these alone')
    parser.add_argument('--json', type=Path, help='write medians here, and outputs beside it, .npz')
    parser.add_argument('--compare', type=Path, help='a file that --json wrote elsewhere')
    return parser.parse_args()


def measure(make: Callable[[], Case], repeats: int) -> tuple[float, list[np.ndarray]] | None:
    """Median seconds and outputs of a case; None where its operator has no such device."""
    seconds = []
    torch.manual_seed(0)
    try:
        case = make()
        for repeat in range(repeats + 1):  # the first one warms up
            torch.manual_seed(1)  # mmdet draws its samples
            start = time.perf_counter()
            outputs = case()
            if outputs[0].is_cuda:
                torch.cuda.synchronize()
            if repeat:
                seconds.append(time.perf_counter() - start)
    except (RuntimeError, NotImplementedError) as error:
        print(f'left out: {str(error).splitlines()[0]}', file=sys.stderr)
        return None
    return statistics.median(seconds), [output.detach().cpu().numpy() for output in outputs]


def write_run(path: Path, run: dict[str, Any], outputs: dict[str, list[np.ndarray]]) -> None:
    """Medians as JSON, outputs as npz."""
    arrays = {
        f'{name}/{number}': array
        for name, values in outputs.items()
        for number, array in enumerate(values)
    }
    with atomic_write(path.with_suffix('.npz'), 'wb') as file:
        np.savez(file, **arrays)
    with atomic_write(path) as file:
        json.dump(run, file, indent=2)
    print(f'Wrote {path} and {path.with_suffix(".npz")}')


def read_run(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What ``write_run`` wrote."""
    with np.load(path.with_suffix('.npz')) as arrays:
        return json.loads(path.read_text(encoding='utf-8')), dict(arrays)


def table(
    run: dict[str, Any],
    outputs: dict[str, list[np.ndarray]],
    reference: tuple[dict[str, Any], dict[str, np.ndarray]] | None,
) -> Iterator[str]:
    """Milliseconds; with a reference, its own, their ratio and how far the outputs are apart."""
    yield f'{run["operators"]}, torch {run["torch"]}, {run["threads"]} threads, {run["device"]}'
    seconds = run['seconds']
    if reference is None:
        rows = [[name, f'{value * 1e3:.1f}'] for name, value in seconds.items()]
        yield from table_lines(['operator', 'ms'], rows)
        return
    other, arrays = reference
    yield f'compared with {other["operators"]}, torch {other["torch"]}, {other["threads"]} threads'
    rows = []
    for name, value in seconds.items():
        row = [name, f'{value * 1e3:.1f}']
        if name in other['seconds']:
            before = other['seconds'][name]
            expected = [arrays[f'{name}/{number}'] for number in range(len(outputs[name]))]
            row += [f'{before * 1e3:.1f}', f'{value / before:.2f}']
            row += [difference(outputs[name], expected)]
        rows.append(row + ['-'] * (5 - len(row)))
    titles = ['operator', 'ms', 'ms of the other', 'time ratio', 'largest difference']
    yield from table_lines(titles, rows)


def difference(outputs: list[np.ndarray], expected: list[np.ndarray]) -> str:
    """The largest over all outputs, each relative to its largest value; 0 is the same bits."""
    largest = 0.0
    for output, wanted in zip(outputs, expected, strict=True):
        if output.shape != wanted.shape:
            return f'shapes {output.shape}, {wanted.shape}'
        if not np.array_equal(output, wanted):
            apart = np.abs(output.astype(float) - wanted).max()
            largest = max(largest, apart / max(np.abs(wanted).max(), 1e-30))
    return f'{largest:.1e}' if largest else '0'


if __name__ == '__main__':
    run_tool(main)
