"""Export a detector or a JointTrackNet to ONNX, and check the file against torch on the spot.

--form raw (default, any detector that is one network): preprocessed images to the outputs of the
network, as its mode='tensor' has them. --form detections (NanoDet and NanoDet-Plus): to boxes,
scores, labels and batch_index of all images, best first in each, in pixels of the input, with
score_thr, nms, classes and max_per_img of the detector's test_cfg; score_thr, iou_threshold and
max_per_img are optional inputs, too.

Of a JointTrackNet, --form raw alone: img, prev_img (the frame before, prepared alike) and
prior_heatmap, as far as the network has stems for them, to the maps of its heads by name.

The number of images is free, and so are width and height, unless --fixed-size is given. What runs
the file needs to know stands in its metadata; dict(type='ONNXDetector', path=...) reads it.
"""

from __future__ import annotations

import argparse
import copy
import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmtrack_ext.utils.command_line import run_tool
from mmtrack_ext.utils.config import config_options, load_config

DEFAULT_SIZE = (320, 192)  # where the config resizes to none; the default of SynthMOT
DIVISOR = 32  # what sizes are multiples of: the largest stride but one


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    lines = (__doc__ or '').strip().partition('\n')
    parser = argparse.ArgumentParser(
        description=lines[0],
        epilog=lines[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', nargs='?', help='weights of the whole model')
    parser.add_argument('out', type=Path, metavar='OUT.onnx')
    parser.add_argument('--detector', help='weights of the detector')
    parser.add_argument('--form', choices=('raw', 'detections'), default='raw')
    parser.add_argument('--size', metavar='WxH', help="of the input; default: the test pipeline's")
    parser.add_argument('--fixed-size', action='store_true', help='take images of that size alone')
    parser.add_argument('--trust-checkpoint', action='store_true', help='load files that run code')
    parser.add_argument('--cfg-options', nargs='+', metavar='KEY=VALUE', default=[])
    return parser.parse_args()


def main() -> None:
    """Export, compare, say what was written."""
    arguments = parse_arguments()
    if arguments.out.suffix != '.onnx':
        raise ValueError(f'{arguments.out}: the file to write must end in .onnx')
    size = parse_size(arguments.size) if arguments.size is not None else None
    missing = [name for name in ('onnx', 'onnxruntime') if importlib.util.find_spec(name) is None]
    if missing:
        mend = 'pip install -r requirements/optional.txt'
        raise ValueError(f'export needs {" and ".join(missing)}: {mend}')
    config = load_config(arguments.config, config_options(arguments.cfg_options))
    from mmtrack_ext.apis import init_model

    model = init_model(
        config,
        arguments.checkpoint,
        detector=arguments.detector,
        device='cpu',
        trust_checkpoint=arguments.trust_checkpoint,
    )
    partial = arguments.out.with_name(f'.{arguments.out.name}.partial')
    try:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        report = export(model, config, size or test_size(config), partial, arguments)
        os.replace(partial, arguments.out)
    finally:
        partial.unlink(missing_ok=True)
    print('\n'.join(report))
    print(f'Wrote {arguments.out}')


def export(
    model: Any, config: Any, size: tuple[int, int], path: Path, arguments: argparse.Namespace
) -> list[str]:
    """Write the file and check it; what is to be told of it."""
    from mmtrack_ext.models.mot import JointTrackNet, QDTrack

    if isinstance(model, QDTrack):
        raise ValueError(
            'QDTrack is not exported: what it embeds are the boxes of a two-stage detector, and '
            'such detectors have no form in ONNX here.'
        )
    own = export_track_net if isinstance(model, JointTrackNet) else export_detector
    free_size = not arguments.fixed_size
    report = own(model, config, size, path, form=arguments.form, free_size=free_size)
    taken = f'{size[0]} x {size[1]}' + (' and any other size' if free_size else ' alone')
    return [f'Form: {arguments.form}; takes any number of images of {taken}', *report]


def export_track_net(
    model: Any, config: Any, size: tuple[int, int], path: Path, *, form: str, free_size: bool
) -> list[str]:
    """Write a JointTrackNet: the maps of its heads."""
    from mmtrack_ext.models import onnx_export, onnx_track_net

    if form != 'raw':
        raise ValueError(f'--form {form} is not there for JointTrackNet; --form raw is.')
    prior_heatmap = model.test_cfg['use_prior_heatmap']
    network = onnx_track_net.TrackNetOutputs(model, prior_heatmap=prior_heatmap)
    metadata = onnx_track_net.describe_track_net(
        network,
        name=type(model).__name__,
        class_names=class_names(config),
        input_size=None if free_size else size,
        data_preprocessor=data_preprocessor(config),
    )
    worst = onnx_track_net.export_track_net(network, path, size, free_size=free_size)
    onnx_export.finish(path, metadata)
    return [
        f'Inputs: {", ".join(network.inputs)}; outputs: {", ".join(network.outputs)}',
        f'Largest difference from torch: {worst:.2g}',
    ]


def export_detector(
    model: Any, config: Any, size: tuple[int, int], path: Path, *, form: str, free_size: bool
) -> list[str]:
    """Write a detector, or that of a model that tracks."""
    from mmtrack_ext.models import onnx_check, onnx_export

    detector = getattr(model, 'detector', None) or model
    metadata = onnx_export.describe(
        detector,
        form=form,
        class_names=class_names(config),
        input_size=None if free_size else size,
        data_preprocessor=data_preprocessor(config),
    )
    images = list(onnx_check.example_images(metadata, size, free_size=free_size))
    graph = onnx_export.network(for_inference(detector), metadata)
    onnx_export.trace(graph, images[0], path, free_size=free_size)
    report = onnx_check.check(path, detector, metadata, images)
    onnx_export.finish(path, metadata)
    return report


def for_inference(detector: Any) -> Any:
    """A copy whose branches for training, where it has such, are fused (RepVGG)."""
    detector = copy.deepcopy(detector)
    for part in detector.children():
        if hasattr(part, 'switch_to_deploy'):
            part.switch_to_deploy()
    return detector


def parse_size(text: str) -> tuple[int, int]:
    """(width, height) of ``640x384``."""
    width, cross, height = text.partition('x')
    if not (cross and width.isdecimal() and height.isdecimal()):
        raise ValueError(f'--size takes WIDTHxHEIGHT. Got {text!r}.')
    if int(width) % DIVISOR or int(height) % DIVISOR or not int(width) * int(height):
        raise ValueError(f'--size must be multiples of {DIVISOR}. Got {text!r}.')
    return int(width), int(height)


def test_size(config: Any) -> tuple[int, int]:
    """The (width, height) that the test pipeline resizes to, with the padding."""
    for dataset in datasets(config):
        for step in dataset.get('pipeline') or ():
            if 'scale' in step and isinstance(step['scale'], list | tuple):
                width, height = (-(-side // DIVISOR) * DIVISOR for side in step['scale'])
                return width, height
    return DEFAULT_SIZE


def class_names(config: Any) -> list[str]:
    """Of the test dataset; may be fewer than the detector's, which ``describe`` finds out."""
    for dataset in datasets(config):
        if names := (dataset.get('metainfo') or {}).get('classes'):
            return list(names)
    return []


def datasets(config: Any) -> Iterator[Any]:
    """The test dataset, and those inside of it."""
    found = [(config.get('test_dataloader') or {}).get('dataset')]
    for dataset in found:
        if dataset is not None:
            yield dataset
            found += [dataset.get('dataset'), *(dataset.get('datasets') or ())]


def data_preprocessor(config: Any) -> dict[str, Any]:
    """The config of what prepares the detector's input."""
    model = config.model
    own = model.get('data_preprocessor')
    return dict(own or (model.get('detector') or {}).get('data_preprocessor') or {})


if __name__ == '__main__':
    run_tool(main)
