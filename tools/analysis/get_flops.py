"""Parameters and multiply-accumulates of any config's detector.

    get_flops.py CONFIG [--size WxH] [--train-form] [--json F]

One multiplication with the addition of its result is one MAC; published "FLOPs" are often twice
that. Convolutions and matrix products count, and nothing else: no bias, normalisation, activation,
resizing or NMS. Attention is counted apart: the projections in torch.nn.MultiheadAttention, and all
products of two activations.
"In training" are all parameters; "parameters" those of the parts that an image goes through in
inference, with the branches of a RepVGG merged.

Counted by torch.utils.flop_counter, which sees every operator that runs, also those that no module
stands for. (mmengine.analysis counts normalisation and resizing too.) The weights are random: where
the work depends on what is found, as in a second stage, it is that of a detector which finds
as much as it is allowed to.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
warnings.filterwarnings('ignore', module='(mmengine|mmcv|mmdet|torch|pkg_resources)')

from mmtrack_ext.utils.register_all_modules import register_all_modules

# isort: split
import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from mmtrack_ext.engine.preflight import one_line_errors
from mmtrack_ext.fileio import atomic_write
from mmtrack_ext.registry import MODELS
from mmtrack_ext.utils.command_line import run_tool
from mmtrack_ext.utils.config import config_options, load_config
from mmtrack_ext.utils.markdown import table_lines

OF_ACTIVATIONS = (torch.ops.aten.bmm, torch.ops.aten.baddbmm)


@dataclass(frozen=True)
class Counts:
    """Of a detector or one of its parts, for one image.

    ``attention_macs`` are not in ``macs``; ``parameters`` are those of inference.
    """

    parameters: int
    parameters_in_training: int
    macs: int
    attention_macs: int


def main() -> None:
    """Count and print."""
    arguments = parse_arguments()
    config = load_config(arguments.config, config_options(arguments.cfg_options))
    detector = build_detector(config, arguments.config)
    size = parse_size(arguments.size) if arguments.size else test_size(config, arguments.config)
    counts = count_detector(detector, size, merge=not arguments.train_form)
    print(f'{arguments.config} at {size[0]} x {size[1]}')
    print('\n'.join(count_table(counts)))
    if arguments.json:
        content = {name: asdict(one) for name, one in counts.items()}
        with atomic_write(arguments.json) as file:
            json.dump({'config': arguments.config, 'size': size, **content}, file, indent=2)
        print(f'Wrote {arguments.json}')


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('config', help='config file')
    parser.add_argument('--size', metavar='WxH', help='of the image; default: that of the tests')
    parser.add_argument(
        '--train-form', action='store_true', help='leave branches that inference merges'
    )
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the counts there')
    parser.add_argument('--cfg-options', nargs='+', metavar='KEY=VALUE', default=[])
    return parser.parse_args()


def parse_size(text: str) -> tuple[int, int]:
    """(width, height) of ``640x384``."""
    width, cross, height = text.partition('x')
    if not (cross and width.isdecimal() and height.isdecimal() and int(width) * int(height)):
        raise ValueError(f'--size takes WIDTHxHEIGHT. Got {text!r}.')
    return int(width), int(height)


def test_size(config: Config, path: Path | str) -> tuple[int, int]:
    """(width, height) that the pipeline of the tests resizes to, filled up as in a batch.

    Raises:
        ValueError: there is none.
    """
    dataset = config.get('test_dataloader', {}).get('dataset', {})
    for part in dataset.get('datasets', [dataset]):
        for step in part.get('pipeline', []):
            if 'scale' in step:
                of_detector = detector_config(config, path).get('data_preprocessor') or {}
                divisor = of_detector.get('pad_size_divisor', 1)
                width, height = (-(-side // divisor) * divisor for side in step['scale'])
                return width, height
    raise ValueError(f'{path}: its tests resize to no scale; give --size WIDTHxHEIGHT')


def detector_config(config: Config, path: Path | str) -> Any:
    """The model's config, or that of its detector.

    Raises:
        ValueError: there is none.
    """
    model = config.get('model')
    if model is None:
        raise ValueError(f'{path}: there is no model in this config')
    if model.get('detector', model) is None:
        raise ValueError(f'{path}: this model has no detector; its detections come from files')
    return model.get('detector', model)


def build_detector(config: Config, path: Path | str) -> nn.Module:
    """The detector with random weights, in evaluation mode.

    Raises:
        ValueError: there is none, or it has no parameters.
    """
    node = detector_config(config, path)
    register_all_modules()
    with one_line_errors(f'{path}: model'):
        detector: nn.Module = MODELS.build(node).eval()
    if not any(True for _ in detector.parameters()):
        raise ValueError(f'{path}: {type(detector).__name__} has no parameters that torch knows')
    return detector


def merge_branches(detector: nn.Module) -> None:
    """Bring what can merge its branches (RepVGG) into the form of inference."""
    for module in list(detector.modules()):
        switch = getattr(module, 'switch_to_deploy', None)
        if switch is not None:
            switch()


def count_detector(
    detector: nn.Module, size: tuple[int, int], *, merge: bool = True
) -> dict[str, Counts]:
    """Counts of every part by name, and of all as 'total'.

    Args:
        detector: in evaluation mode; with ``merge`` its branches are merged and stay so.
        size: width and height of the image.
        merge: see ``merge_branches``.

    Raises:
        ValueError: the detector does not take images of that size.
    """
    in_training = {name: num_parameters(part) for name, part in detector.named_children()}
    total_in_training = num_parameters(detector)
    if merge:
        merge_branches(detector)
    flops, ran = run_counted(detector, size)
    counts, root = {}, type(detector).__name__
    for name, part in detector.named_children():
        parameters = num_parameters(part) if ran & set(part.modules()) else 0
        macs = part_macs(part, f'{root}.{name}', flops)
        counts[name] = Counts(parameters, in_training[name], *macs)
    own = sum(parameter.numel() for parameter in detector.parameters(recurse=False))
    parameters = own + sum(part.parameters for part in counts.values())
    counts = {name: part for name, part in counts.items() if part.parameters_in_training}
    total = Counts(parameters, total_in_training, *part_macs(detector, root, flops))
    return {**counts, 'total': total}


def num_parameters(module: nn.Module) -> int:
    """Parameters, frozen ones too; one that is used twice counts once. Buffers do not count."""
    return sum(parameter.numel() for parameter in module.parameters())


def run_counted(
    detector: nn.Module, size: tuple[int, int]
) -> tuple[Mapping[str, Mapping[Any, int]], set[nn.Module]]:
    """Operations (two a MAC) by module's name and operator; and the modules that ran."""
    width, height = size
    images = torch.randn(1, 3, height, width, generator=torch.Generator().manual_seed(0))
    shapes = ('img_shape', 'ori_shape', 'pad_shape', 'batch_input_shape')
    metainfo: dict[str, Any] = dict.fromkeys(shapes, (height, width))
    sample = DetDataSample(metainfo={**metainfo, 'scale_factor': (1.0, 1.0), 'img_id': 0})
    ran: set[nn.Module] = set()
    hooks = [
        module.register_forward_hook(lambda module, *_: ran.add(module))
        for module in detector.modules()
    ]
    where = f'{type(detector).__name__} at {width}x{height}'
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), separate_operators(), one_line_errors(where), counter:
        detector(images, [sample], mode='tensor')
    for hook in hooks:
        hook.remove()
    return counter.get_flop_counts(), ran


@contextlib.contextmanager
def separate_operators() -> Iterator[None]:
    """Attention as matrix products, since torch does not count its fused forms on the CPU."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


def part_macs(
    module: nn.Module, name: str, flops: Mapping[str, Mapping[Any, int]]
) -> tuple[int, int]:
    """MACs of a module, without attention and of attention."""
    macs, attention = macs_below(module, name, flops)
    for inner, layer in module.named_modules(prefix=name):
        if isinstance(layer, nn.MultiheadAttention):
            projections, _ = macs_below(layer, inner, flops)
            macs, attention = macs - projections, attention + projections
    return macs, attention


def macs_below(
    module: nn.Module, name: str, flops: Mapping[str, Mapping[Any, int]]
) -> tuple[int, int]:
    """MACs of a module, without and of products of two activations.

    A module that was never called itself, such as the second stage of mmdet's detectors, has what
    its children have.
    """
    if name in flops:
        of_activations = sum(flops[name].get(operator, 0) for operator in OF_ACTIVATIONS)
        return (sum(flops[name].values()) - of_activations) // 2, of_activations // 2
    children = [macs_below(child, f'{name}.{key}', flops) for key, child in module.named_children()]
    return sum(macs for macs, _ in children), sum(macs for _, macs in children)


def count_table(counts: Mapping[str, Counts]) -> list[str]:
    """Lines of Markdown."""
    header = ('', 'parameters', 'in training', 'GMACs', 'GMACs of attention')
    rows = [
        [
            name,
            f'{one.parameters:,}',
            f'{one.parameters_in_training:,}',
            f'{one.macs / 1e9:.3f}',
            f'{one.attention_macs / 1e9:.3f}',
        ]
        for name, one in counts.items()
    ]
    return table_lines(header, rows)


if __name__ == '__main__':
    run_tool(main)
