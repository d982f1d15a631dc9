"""Measure detectors: parameters, MACs, and latency of torch and of onnxruntime.

    nanodet_zoo.py [CONFIG ...] [--rounds 20] [--threads 1 2] [--readme configs/nanodet/README.md]

Without CONFIG: every configs/nanodet/*_coco.py. Latency is that of the network alone, from a
normalised image of the size of the config's tests to raw outputs: no resizing, no decoding, no NMS.
The exported files are those of tools/export_onnx.py --form raw.
One image at a time, on the CPU; all networks take turns, once a round with each library and number
of threads; the figures are medians. Weights are random, with statistics of batch norm that fit
them, since values that vanish would be slow.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / 'tools' / 'analysis')]
warnings.filterwarnings('ignore', module='(mmengine|mmcv|mmdet|torch|pkg_resources)')

from get_flops import Counts, build_detector, count_detector, test_size

# isort: split
import onnxruntime
import torch
from torch import nn

from mmtrack_ext.fileio import atomic_write
from mmtrack_ext.models.onnx_export import RawOutputs, trace
from mmtrack_ext.models.onnx_session import CPU, open_session
from mmtrack_ext.utils.command_line import progress, run_tool
from mmtrack_ext.utils.config import load_config
from mmtrack_ext.utils.markdown import replace_table, table_lines

TABLE = 'zoo'  # its name in the README
TIMED = 3  # runs of a turn, after one that fills the caches and wakes the threads
REST = 0.01  # seconds before a turn, in which the threads of the turn before stop waiting for work

Call = Callable[[], Any]
Variant = tuple[str, int]  # library, threads


@dataclass(frozen=True)
class Network:
    """A config with its counts, and what runs it by library and number of threads."""

    config: Path
    size: tuple[int, int]
    counts: Counts
    calls: Mapping[Variant, Call]
    seconds: dict[Variant, list[float]] = field(default_factory=dict)


def main() -> None:
    """Count, export, time, write."""
    arguments = parse_arguments()
    configs = arguments.configs or sorted((ROOT / 'configs' / 'nanodet').glob('*_coco.py'))
    if not configs:
        raise ValueError(f'{ROOT}/configs/nanodet has no *_coco.py; name a CONFIG')
    if arguments.rounds < 1 or min(arguments.threads) < 1:
        raise ValueError('--rounds and --threads must be at least 1')
    with tempfile.TemporaryDirectory() as folder:
        networks = [
            load_network(path, arguments.threads, Path(folder))
            for path in progress(configs, 'Counting and exporting')
        ]
    take_turns(networks, progress(range(arguments.rounds), 'Rounds'))
    networks.sort(key=lambda network: network.counts.macs)
    lines = zoo_table(networks, arguments.readme)
    lines += ['', conditions(arguments.rounds)]
    print('\n'.join(lines))
    if arguments.readme:
        replace_table(arguments.readme, TABLE, lines)
        print(f'Wrote table {TABLE} to {arguments.readme}')
    if arguments.json:
        with atomic_write(arguments.json) as file:
            json.dump([as_json(network) for network in networks], file, indent=2)
        print(f'Wrote {arguments.json}')


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('configs', nargs='*', type=Path, metavar='CONFIG')
    parser.add_argument('--rounds', type=int, default=20, help='turns of every network')
    parser.add_argument('--threads', type=int, nargs='+', default=[1, 2], help='one column each')
    parser.add_argument('--readme', type=Path, help=f'write the table there, at results: {TABLE}')
    parser.add_argument('--json', type=Path, help='write the figures there')
    return parser.parse_args()


def load_network(path: Path, threads: Sequence[int], folder: Path) -> Network:
    """Build, count and export; ``folder`` takes the exported file."""
    config = load_config(path)
    size = test_size(config, path)
    detector = build_detector(config, path)
    images = torch.randn(1, 3, *size[::-1], generator=torch.Generator().manual_seed(0))
    fit_batch_norms(detector, images)
    counts = count_detector(detector, size)['total']  # merges branches
    network = RawOutputs(detector).eval()
    exported = folder / f'{path.stem}.onnx'
    trace(network, images, exported)
    calls: dict[Variant, Call] = {}
    for number in threads:
        calls['torch', number] = torch_call(network, images, number)
        calls['onnxruntime', number] = onnxruntime_call(exported, images, number)
    return Network(path, size, counts, calls)


def fit_batch_norms(detector: nn.Module, images: torch.Tensor) -> None:
    """Set the running statistics to those of these images, so that no signal fades away."""
    for module in detector.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # the mean over all forward passes, which is one
    detector.train()
    with torch.no_grad():
        detector(images, mode='tensor')
    detector.eval()


def torch_call(network: nn.Module, images: torch.Tensor, threads: int) -> Call:
    """One image through torch."""

    def call() -> None:
        torch.set_num_threads(threads)
        with torch.inference_mode():
            network(images)

    return call


def onnxruntime_call(path: Path, images: torch.Tensor, threads: int) -> Call:
    """One image through onnxruntime."""
    session = open_session(str(path), CPU, user='nanodet_zoo.py', num_threads=threads)
    inputs = {session.get_inputs()[0].name: images.numpy()}
    return lambda: session.run(None, inputs)


def take_turns(networks: Sequence[Network], rounds: Iterable[int]) -> None:
    """Run every network in every variant, round by round; seconds go to ``Network.seconds``."""
    for _ in rounds:
        for network in networks:
            for variant, call in network.calls.items():
                time.sleep(REST)
                call()
                for _ in range(TIMED):
                    start = time.perf_counter()
                    call()
                    elapsed = time.perf_counter() - start
                    network.seconds.setdefault(variant, []).append(elapsed)


def milliseconds(network: Network) -> dict[Variant, float]:
    """The median of every variant."""
    return {variant: 1e3 * statistics.median(s) for variant, s in network.seconds.items()}


def zoo_table(networks: Sequence[Network], readme: Path | None) -> list[str]:
    """Lines of Markdown; configs beside the README are links."""
    variants = sorted(networks[0].calls, key=lambda variant: (variant[0] != 'torch', variant[1]))
    columns = [f'{library}, {threads} thread{"s" * (threads > 1)}' for library, threads in variants]
    rows = []
    for network in networks:
        name, counts = network.config.stem, network.counts
        beside = readme is not None and (readme.parent / network.config.name).is_file()
        attention = f' + {counts.attention_macs / 1e9:.3f}' if counts.attention_macs else ''
        times = milliseconds(network)
        rows.append(
            [
                f'[{name}]({network.config.name})' if beside else name,
                '{} x {}'.format(*network.size),
                f'{counts.parameters:,}',
                f'{counts.macs / 1e9:.3f}{attention}',
                *(f'{times[variant]:.1f}' for variant in variants),
            ]
        )
    return table_lines(('config', 'size', 'parameters', 'GMACs', *columns), rows)


def conditions(rounds: int) -> str:
    """With what the table was measured."""
    return (
        f'Milliseconds an image, medians of {rounds * TIMED} runs; torch {torch.__version__}, '
        f'onnxruntime {onnxruntime.__version__}, {processor()}.'
    )


def processor() -> str:
    """The model of the processor, as Linux knows it."""
    try:
        lines = Path('/proc/cpuinfo').read_text(encoding='utf-8').splitlines()
    except OSError:
        lines = []
    models = [line.partition(':')[2].strip() for line in lines if line.startswith('model name')]
    return models[0] if models else platform.processor() or platform.machine()


def as_json(network: Network) -> dict[str, Any]:
    """Figures of one row, milliseconds as ``{'torch': {'1': 5.0}}``."""
    times: dict[str, dict[int, float]] = {}
    for (library, threads), median in milliseconds(network).items():
        times.setdefault(library, {})[threads] = median
    counts = vars(network.counts)
    return {'config': str(network.config), 'size': network.size, **counts, 'milliseconds': times}


if __name__ == '__main__':
    run_tool(main)
