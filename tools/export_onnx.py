"""Export a detector's raw outputs to ONNX, and check the file against torch on the spot."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import warnings
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmtrack_ext.utils.command_line import run_tool
from mmtrack_ext.utils.config import config_options, load_config

OPSET = 17  # the newest that torch's TorchScript exporter covers in full
TOLERANCE = 1e-3  # of raw outputs; float32 in another order of operations


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', nargs='?', help='weights of the whole model')
    parser.add_argument('out', type=Path, metavar='OUT.onnx')
    parser.add_argument('--detector', help='weights of the detector')
    parser.add_argument('--size', default='320x192', metavar='WxH', help='of the example image')
    parser.add_argument('--trust-checkpoint', action='store_true', help='load files that run code')
    parser.add_argument('--cfg-options', nargs='+', metavar='KEY=VALUE', default=[])
    return parser.parse_args()


def main() -> None:
    """Export, compare, say what was written."""
    arguments = parse_arguments()
    if arguments.out.suffix != '.onnx':
        raise ValueError(f'{arguments.out}: the file to write must end in .onnx')
    width, height = parse_size(arguments.size)
    missing = [name for name in ('onnx', 'onnxruntime') if importlib.util.find_spec(name) is None]
    if missing:
        mend = 'pip install -r requirements/optional.txt'
        raise ValueError(f'export needs {" and ".join(missing)}: {mend}')
    import torch

    from mmtrack_ext.apis import init_model

    config = load_config(arguments.config, config_options(arguments.cfg_options))
    model = init_model(
        config,
        arguments.checkpoint,
        detector=arguments.detector,
        device='cpu',
        trust_checkpoint=arguments.trust_checkpoint,
    )
    network = raw_network(model)
    images = torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(0))
    partial = arguments.out.with_name(f'.{arguments.out.name}.partial')
    try:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        export(network, images, partial)
        # Another number of images than the export has seen: the batch must be free.
        difference = compare(network, torch.cat([images, images[:1]]), partial)
        os.replace(partial, arguments.out)
    finally:
        partial.unlink(missing_ok=True)
    print(f'Largest difference from torch: {difference:.2g}')
    print(f'Wrote {arguments.out}')


def parse_size(text: str) -> tuple[int, int]:
    """(width, height) of ``640x384``; both multiples of 32, the largest stride but one."""
    width, cross, height = text.partition('x')
    if not (cross and width.isdecimal() and height.isdecimal()):
        raise ValueError(f'--size takes WIDTHxHEIGHT. Got {text!r}.')
    if int(width) % 32 or int(height) % 32 or not int(width) * int(height):
        raise ValueError(f'--size must be multiples of 32. Got {text!r}.')
    return int(width), int(height)


def raw_network(model: Any) -> Any:
    """The model's ``mode='tensor'``: preprocessed images to raw outputs."""
    from torch import nn

    class RawOutputs(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, images: Any) -> Any:
            return self.model(images, mode='tensor')

    return RawOutputs().eval()


def export(network: Any, images: Any, path: Path) -> None:
    """Write the network with a free batch size."""
    import torch

    with warnings.catch_warnings():
        # The exporter by tracing: a single file, in seconds, without further packages.
        warnings.simplefilter('ignore', DeprecationWarning)
        warnings.simplefilter('ignore', torch.jit.TracerWarning)
        torch.onnx.export(
            network,
            (images,),
            str(path),
            input_names=['images'],
            output_names=['output'],
            dynamic_axes={'images': {0: 'batch'}, 'output': {0: 'batch'}},
            opset_version=OPSET,
            dynamo=False,
        )


def compare(network: Any, images: Any, path: Path) -> float:
    """Largest difference between torch and onnxruntime on these images.

    Raises:
        ValueError: it is above TOLERANCE.
    """
    import onnxruntime
    import torch

    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    with torch.no_grad():
        expected = network(images).numpy()
    difference = float(abs(session.run(None, {'images': images.numpy()})[0] - expected).max())
    if not difference <= TOLERANCE:
        raise ValueError(
            f'the export differs from torch by {difference:.2g}, more than {TOLERANCE}; '
            'nothing was written'
        )
    return difference


if __name__ == '__main__':
    run_tool(main)
