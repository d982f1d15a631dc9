"""mmengine's local files, written as a whole or not at all."""

from __future__ import annotations

from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend
from mmengine.fileio import io as mmengine_io

from mmtrack_ext.fileio import atomic_write


class AtomicLocalBackend(LocalBackend):
    """``LocalBackend`` that writes beside the file and then moves: checkpoints, json, pickles."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write bytes."""
        with atomic_write(filepath, 'wb') as file:
            file.write(obj)

    def put_text(self, obj: str, filepath: str | Path, encoding: str = 'utf-8') -> None:
        """Write text; line ends are kept as they are."""
        self.put(obj.encode(encoding), filepath)


def register_atomic_storage() -> None:
    """Make mmengine's ``fileio`` use ``AtomicLocalBackend`` for local files."""
    register_backend('local', AtomicLocalBackend, force=True, prefixes='')
    # mmengine keeps one object a backend; those made before this call would go on as they were.
    mmengine_io.backend_instances.clear()
