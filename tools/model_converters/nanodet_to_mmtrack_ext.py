#!/usr/bin/env python
"""Convert weights of the original NanoDet into a checkpoint of ours.

    python tools/model_converters/nanodet_to_mmtrack_ext.py SRC DST.pth

SRC is a checkpoint (.ckpt of Lightning, where NanoDet-Plus has its moving average, or .pth), a
.param of ncnn with its .bin beside, or an .onnx. Which network it is, the file tells; 320 and 416
pixels are the same network. DST loads with --detector in the tools that track, and as CHECKPOINT of
a config of the detector alone, with as many classes as are printed.

In exported files (ncnn, ONNX) batch norms are folded into the convolutions: our norms then change
nothing but for a bias. That is exact in inference; to train such weights further, keep norms in
eval() (NanoDet's checkpoints have no such limit).
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from mmtrack_ext.utils.command_line import run_tool
from mmtrack_ext.utils.conversion_tool import check_files, conversion_parser


def main() -> None:
    """Convert, and say what was found."""
    arguments = conversion_parser(__doc__, src='file of the original NanoDet').parse_args()
    check_files(arguments.src, arguments.dst)
    from mmtrack_ext.model_zoo import NETWORKS, NanoDetZoo, convert_nanodet
    from mmtrack_ext.utils.register_all_modules import register_all_modules

    register_all_modules()
    zoo = NanoDetZoo(ROOT / 'configs' / '_base_' / 'models')
    converted = convert_nanodet(arguments.src, zoo, trust=arguments.trust_checkpoint)
    converted.save(arguments.dst)
    print(f'Found {converted.network} with {converted.num_classes} classes: {converted.weights}')
    print(f'Its model: configs/_base_/models/{NETWORKS[converted.network]}')
    print(f'Wrote {len(converted.state_dict)} arrays to {arguments.dst}')


if __name__ == '__main__':
    run_tool(main)
