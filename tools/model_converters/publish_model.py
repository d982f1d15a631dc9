#!/usr/bin/env python
"""Make a file to publish of a training's checkpoint, with its SHA-256 in the name.

    python tools/model_converters/publish_model.py work_dirs/X/epoch_300.pth X.pth

writes X-1a2b3c4d.pth. --form weight (the default) holds what inference needs: averaged weights if
the training averaged them (EMAHook), no auxiliary head, no optimizer, no names of folders and
machines. --form checkpoint holds everything, so that the training can be resumed from it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmtrack_ext.utils.command_line import run_tool
from mmtrack_ext.utils.conversion_tool import conversion_parser


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = conversion_parser(__doc__, src='checkpoint', dst='digits are added to its name')
    parser.add_argument('--form', choices=('weight', 'checkpoint'), default='weight')
    return parser.parse_args()


def main() -> None:
    """Publish, and say what was written."""
    arguments = parse_arguments()
    with arguments.src.open('rb'):  # a missing file is named before torch is imported
        pass
    from mmtrack_ext.model_zoo import publish

    written = publish(
        arguments.src,
        arguments.dst,
        form=arguments.form,
        trust=arguments.trust_checkpoint,
    )
    print(f'Wrote {written} ({written.stat().st_size / 1e6:.1f} MB)')


if __name__ == '__main__':
    run_tool(main)
