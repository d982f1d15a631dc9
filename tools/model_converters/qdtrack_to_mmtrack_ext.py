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
from mmtrack_ext.utils.conversion_tool import check_files, conversion_parser

BASE = ROOT / 'configs' / '_base_' / 'models' / 'qdtrack_faster-rcnn_r50.py'


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = conversion_parser(__doc__, src='a published checkpoint')
    parser.add_argument('--config', type=Path, default=BASE, help='config with the model')
    return parser.parse_args()


def main() -> None:
    """Convert, and say what was found."""
    arguments = parse_arguments()
    check_files(arguments.src, arguments.dst)
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
