"""The command line of the tools that turn one file of weights into another."""

from __future__ import annotations

import argparse
from pathlib import Path


def conversion_parser(
    description: str | None, *, src: str, dst: str | None = None
) -> argparse.ArgumentParser:
    """A parser with ``SRC``, ``DST.pth`` and ``--trust-checkpoint``.

    Args:
        description: of the tool, its docstring; the first line stands above the options.
        src: what the file to read is.
        dst: what there is to say of the file to write.
    """
    first, _, rest = (description or '').strip().partition('\n')
    parser = argparse.ArgumentParser(
        description=first, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('src', type=Path, metavar='SRC', help=src)
    parser.add_argument('dst', type=Path, metavar='DST.pth', help=dst)
    parser.add_argument('--trust-checkpoint', action='store_true', help='load files that run code')
    return parser


def check_files(src: Path, dst: Path) -> None:
    """Find out before torch is imported whether there is something to read, and where to write.

    Raises:
        OSError: ``src`` cannot be read.
        ValueError: ``dst`` has another suffix, or is the file to read.
    """
    if dst.suffix != '.pth':
        raise ValueError(f'{dst}: the file to write must end in .pth')
    if dst.exists() and dst.samefile(src):
        raise ValueError(f'{dst}: this is the file to read; name another to write')
    with src.open('rb'):
        pass
