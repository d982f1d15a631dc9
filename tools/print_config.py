"""Print a config with its bases and options merged."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmtrack_ext.fileio import atomic_write
from mmtrack_ext.utils.command_line import run_tool
from mmtrack_ext.utils.config import config_options, load_config


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('--cfg-options', nargs='+', metavar='KEY=VALUE', default=[])
    parser.add_argument('--save-path', type=Path, metavar='FILE.py', help='write it there')
    return parser.parse_args()


def main() -> None:
    """Read, print, and write if asked."""
    arguments = parse_arguments()
    config = load_config(arguments.config, config_options(arguments.cfg_options))
    if arguments.save_path is not None and arguments.save_path.suffix != '.py':
        raise ValueError(f'--save-path must end in .py. Got {arguments.save_path}.')
    text = config.pretty_text
    if arguments.save_path is None:
        print(text, end='')
        return
    with atomic_write(arguments.save_path) as file:
        file.write(text)
    print(f'Wrote {arguments.save_path}')


if __name__ == '__main__':
    run_tool(main)
