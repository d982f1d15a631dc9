"""What the command-line tools share: one-line errors and progress."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar('Item')

# Mistakes of the user, as readers, trackers and mmengine's config loader raise them.
USER_ERRORS = (ValueError, OSError, MemoryError)

# The environment variable that asks for tracebacks.
DEBUG = 'MMTRACK_EXT_DEBUG'


def run_tool(main: Callable[[], None]) -> None:
    """Run a tool's ``main``; turn a user's mistake into one line and exit status 2.

    Set ``MMTRACK_EXT_DEBUG=1`` to see the traceback instead. Ctrl-C exits with status 130.
    """
    try:
        main()
    except (Exception, KeyboardInterrupt) as error:
        if _is_interrupt(error):
            print('Interrupted; files already written are complete.', file=sys.stderr)
            sys.exit(130)
        if os.environ.get(DEBUG) or not isinstance(error, USER_ERRORS):
            raise
        print(f'error: {_one_line(error)}', file=sys.stderr)
        sys.exit(2)


def _is_interrupt(error: BaseException | None) -> bool:
    """Ctrl-C, or what a library made of it: mmengine formats configs under a bare ``except``.

    A file that could not be completed after Ctrl-C is an error of its own.
    """
    while error is not None and not isinstance(error, KeyboardInterrupt | OSError):
        error = error.__cause__ or error.__context__
    return isinstance(error, KeyboardInterrupt)


def _one_line(error: Exception) -> str:
    if isinstance(error, FileNotFoundError) and error.filename is not None:
        return f'{error.filename}: no such file or folder'
    if isinstance(error, FileExistsError | NotADirectoryError) and error.filename is not None:
        return f'{error.filename}: this is a file where a folder is needed'
    if isinstance(error, MemoryError):
        return f'not enough memory: {error}'
    if isinstance(error, OSError) and error.filename is not None:
        return f'{error.filename}: {error.strerror}'
    if 'in DataLoader worker' in str(error):
        # The text is the traceback of the other process; its last line is the error.
        return str(error).strip().splitlines()[-1]
    return ' '.join(str(error).split())


def check_min_score(value: float | None) -> None:
    """Refuse a ``--min-score`` of NaN or infinity, which argparse lets through."""
    if value is not None and not math.isfinite(value):
        raise ValueError(f'--min-score must be a number. Got {value}.')


def is_first_process() -> bool:
    """Whether this process, of those that a launcher started, is the one that prints."""
    return os.environ.get('RANK', '0') == '0'


def warn(message: str) -> None:
    """One line on standard error."""
    print(f'warning: {message}', file=sys.stderr)


def progress(items: Iterable[Item], description: str, total: int | None = None) -> Iterator[Item]:
    """Iterate with a bar and the time left; in a plain line every few seconds if not a terminal.

    Everything goes to standard error, so that standard output holds results alone.
    """
    if total is None and hasattr(items, '__len__'):
        total = len(items)  # type: ignore[arg-type]
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import track

        console = Console(stderr=True)
        yield from track(items, description, total=total, console=console, transient=True)
    else:
        yield from _plain_progress(items, description, total)


def _plain_progress(
    items: Iterable[Item], description: str, total: int | None, every: float = 5.0
) -> Iterator[Item]:
    start = last = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - last >= every and done != total:
            last = now
            left = f', {(now - start) / done * (total - done):.0f} s left' if total else ''
            print(f'{description}: {done} of {total or "?"}{left}', file=sys.stderr)
