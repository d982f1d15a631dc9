"""The compiled operators that mmdet asks of mmcv, for installations without them.

mmcv has no wheel for current torch. ``mmcv-lite`` holds all of its Python code, and lacks only the
extension module ``mmcv._ext``; ``install_operators`` puts one in its place that is written in
torch, so that mmdet imports, trains and tests without a compiler. A compiled mmcv wins.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

__all__ = ['install_operators', 'serve_on_demand']

EXTENSION = 'mmcv._ext'
BUILD_COMMAND = 'pip install --no-build-isolation mmcv==2.1.0'


def serve_on_demand() -> None:
    """Call ``install_operators`` when somebody first imports ``mmcv._ext``.

    So nobody needs to mind the order of imports, and nothing is imported until then.
    """
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Answers for ``mmcv._ext``, once."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != EXTENSION:
            return None
        sys.meta_path.remove(self)
        return ModuleSpec(name, _Installer())


class _Installer(Loader):
    """Hands out what ``install_operators`` leaves in ``sys.modules``, unchanged."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        install_operators()
        module = sys.modules[spec.name]
        self._spec = module.__spec__  # importlib puts ``spec`` in its place
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec


def install_operators() -> None:
    """Serve ``mmcv._ext`` where mmcv has none; call it before mmcv.ops or mmdet is imported.

    Costs nothing the second time, and does nothing where the compiled one loads.

    Raises:
        ImportError: torch or mmcv is not installed.
    """
    if EXTENSION in sys.modules:
        return
    _require('torch', 'pip install "torch>=2.5"')  # first: the compiled one needs its libraries
    mmcv = _require('mmcv', 'pip install mmcv-lite==2.1.0')
    if not _has_compiled():
        extension = importlib.import_module('mmtrack_ext.ops.mmcv_extension')
        sys.modules[EXTENSION] = extension
        mmcv._ext = extension  # type: ignore[attr-defined]


def _require(module: str, command: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:  # it is there, and lacks something itself
            raise
        problem = f'The networks of mmtrack_ext need {module!r}, which is not installed: {command}'
        raise ImportError(problem, name=module) from error


def _has_compiled() -> bool:
    try:
        importlib.import_module(EXTENSION)
    except ModuleNotFoundError:
        return False
    except ImportError as error:  # built against another torch
        warnings.warn(
            f'The compiled operators of mmcv do not load ({error}); mmtrack_ext.ops serves in '
            f'their place. To build them for this torch: {BUILD_COMMAND} --force-reinstall '
            '--no-cache-dir --no-deps',
            stacklevel=3,
        )
        return False
    return True
