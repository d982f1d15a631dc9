#!/usr/bin/env python
"""Convert published weights of QDTrack into a checkpoint of ours.

    python tools/model_converters/qdtrack_to_mmtrack_ext.py SRC DST.pth

SRC is a checkpoint of mmdet 3.3, of mmtracking, or of the original (SysCV/qdtrack) with Faster
R-CNN and ResNet-50 or ResNet-101; depth and classes, the file tells. The names of all weights, and
their shapes, are checked. DST is a CHECKPOINT of the configs of configs/qdtrack with as many
classes as are printed. For other detectors give a CONFIG with such a model.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from mmtrack_ext.utils.command_line import run_tool

BASE = ROOT / 'configs' / '_base_' / 'models' / 'qdtrack_faster-rcnn_r50.py'


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    lines = (__doc__ or '').strip().partition('\n')
    parser = argparse.ArgumentParser(
        description=lines[0],
        epilog=lines[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('src', type=Path, metavar='SRC', help='a published checkpoint')
    parser.add_argument('dst', type=Path, metavar='DST.pth')
    parser.add_argument('--config', type=Path, default=BASE, help='config with the model')
    parser.add_argument('--trust-checkpoint', action='store_true', help='load files that run code')
    return parser.parse_args()


def main() -> None:
    """Convert, and say what was found."""
    arguments = parse_arguments()
    if arguments.dst.suffix != '.pth':
        raise ValueError(f'{arguments.dst}: the file to write must end in .pth')
    if arguments.dst.exists() and arguments.dst.samefile(arguments.src):
        raise ValueError(f'{arguments.dst}: this is the file to read; name another to write')
    with arguments.src.open('rb'):  # a missing file is named before the networks are imported
        pass
    from mmtrack_ext.model_zoo.qdtrack import convert_qdtrack
    from mmtrack_ext.utils.register_all_modules import register_all_modules

    register_all_modules()
    trust = arguments.trust_checkpoint
    converted = convert_qdtrack(arguments.src, arguments.config, trust=trust)
    converted.save(arguments.dst)
    print(f'Found {converted.network}, {converted.num_classes} classes')
    print(f'Wrote {len(converted.state_dict)} arrays to {arguments.dst}')


if __name__ == '__main__':
    run_tool(main)
