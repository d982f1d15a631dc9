"""Writing without half-written files."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any


@contextlib.contextmanager
def atomic_write(path: Path | str, mode: str = 'w') -> Iterator[IO[Any]]:
    """Open a temporary file beside ``path`` and move it there when the block ends without error.

    After an exception, Ctrl-C included, ``path`` is what it was before. Missing parent folders are
    made.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    encoding = None if 'b' in mode else 'utf-8'
    newline = None if 'b' in mode else '\n'
    try:
        handle, temporary = tempfile.mkstemp('.tmp', f'.{path.name}.', path.parent)
    except PermissionError as error:
        raise PermissionError(error.errno, error.strerror, str(path)) from None
    try:
        with os.fdopen(handle, mode, encoding=encoding, newline=newline) as file:
            yield file
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
