#!/usr/bin/env python
"""Convert weights of the original JointTrackNet and its relatives into a checkpoint of ours.

    python tools/model_converters/jointtracknet_to_mmtrack_ext.py SRC DST.pth

SRC is a .pth of JointTrackNet, CenterTrack or FairMOT with DLA and deformable convolutions, or an
ImageNet file of DLA itself (dla34-ba72cf86.pth). Which it is, the file tells. What CenterTrack and
FairMOT lack is printed as missing, and starts anew; FairMOT's box sizes are others than ours and
are dropped, so its file is a start for training only. DST goes into a config as
load_from='DST.pth'; one of DLA itself as

    backbone=dict(init_cfg=dict(type='Pretrained', checkpoint='DST.pth', prefix='backbone.'))
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmtrack_ext.utils.command_line import run_tool
from mmtrack_ext.utils.conversion_tool import check_files, conversion_parser


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = conversion_parser(__doc__, src='file of the authors')
    parser.add_argument('--num-classes', type=int, default=1, metavar='N', help='of our network')
    parser.add_argument(
        '--reuse-person',
        action='store_true',
        help="of a file with more classes take the first (COCO's is the person); else the last "
        'layer of the heat map starts anew',
    )
    return parser.parse_args()


def main() -> None:
    """Convert, and say what was found."""
    arguments = parse_arguments()
    check_files(arguments.src, arguments.dst)
    if arguments.num_classes < 1:
        raise ValueError(f'--num-classes must be 1 or more. Got {arguments.num_classes}.')
    from mmtrack_ext.model_zoo.joint_track_net import convert_joint_track_net

    converted = convert_joint_track_net(
        arguments.src,
        num_classes=arguments.num_classes,
        reuse_person=arguments.reuse_person,
        trust=arguments.trust_checkpoint,
    )
    converted.save(arguments.dst)
    print(f'Found {converted.network}')
    print('\n'.join(converted.report()))
    print(f'Wrote {len(converted.state_dict)} arrays to {arguments.dst}')


if __name__ == '__main__':
    run_tool(main)
