"""Parts of a config that do not fit together, as the first batch finds them."""

from __future__ import annotations

import contextlib
import re
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from torch import nn

from mmtrack_ext.utils.command_line import DEBUG

# What Python, PyTorch and mmdet raise where shapes, channels, levels or classes do not fit.
MISFITS = (RuntimeError, TypeError, IndexError, AssertionError, ValueError)


@contextlib.contextmanager
def first_batch_errors(runner: Any, where: str) -> Iterator[None]:
    """Say in one line in which part of the model a first batch fails: of training, of testing.

    Later batches keep their tracebacks, since a config that has worked once is not the mistake.

    Args:
        runner: of mmengine, before ``train`` or ``test``.
        where: the config, for messages.

    Raises:
        ValueError: ``MISFITS`` inside the model's ``forward``.
        MemoryError: there is not enough, in any batch.
    """
    batches = _Batches()
    runner.register_hook(batches)
    try:
        yield
    except MISFITS as error:
        reason = str(error).strip().partition('\n')[0]
        if isinstance(error, torch.cuda.OutOfMemoryError) or "can't allocate memory" in reason:
            advice = f'A lower {batches.mode}_dataloader.batch_size needs less.'
            raise MemoryError(f'{reason} {advice}') from error
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        module, shapes = _failed(error, model)
        if module is None or not batches.is_first or _explains_itself(error):
            raise
        if not reason or _has_parts(module):
            reason = f'{reason} in {_last_line(error).line!r}'.strip()
        if reason.startswith('CUDA error'):  # it may be that of a kernel that was started before
            reason += ' (CUDA_LAUNCH_BLOCKING=1 shows whether here or before)'
        name = next(name for name, part in model.named_modules() if part is module)
        raise ValueError(
            f'{where}: the first batch of {batches.mode}_dataloader fails in '
            f'{_path(name)} ({_describe(module, shapes)}): {type(error).__name__}: {reason}; if '
            f'channels, levels or classes do not fit, mend {_part_of(runner.cfg, name)} or the '
            f'part that feeds it; {DEBUG}=1 shows the traceback'
        ) from error


class _Batches(Hook):
    """Which batch is being worked on: of 'train', 'val' or 'test', and whether the first."""

    def __init__(self) -> None:
        self.mode, self.is_first = 'train', False
        self._seen: set[str] = set()

    def _before_iter(self, runner: Any, *_: Any, mode: str = 'train', **__: Any) -> None:
        self.mode, self.is_first = mode, mode not in self._seen
        self._seen.add(mode)

    def _after_iter(self, *_: Any, **__: Any) -> None:
        self.is_first = False


def _failed(error: Exception, model: nn.Module) -> tuple[nn.Module | None, list[Any]]:
    """The innermost part of ``model`` under a ``forward``, and the shapes of what it was given."""
    parts, module = set(model.modules()), None
    shapes: list[Any] = []
    for frame, _ in traceback.walk_tb(error.__traceback__):
        owner, is_forward = frame.f_locals.get('self'), frame.f_code.co_name == 'forward'
        if not isinstance(owner, nn.Module) or owner not in parts or not (module or is_forward):
            continue
        if owner is not module:
            module, shapes = owner, []
        if is_forward:
            names = frame.f_code.co_varnames[1 : frame.f_code.co_argcount]
            given = [frame.f_locals.get(name) for name in names]
            shapes = [tuple(value.shape) for value in given if isinstance(value, torch.Tensor)]
    return module, shapes


def _explains_itself(error: Exception) -> bool:
    """Whether this package has looked for the mistake, unlike Python's ``zip(strict=True)``."""
    last, package = _last_line(error), __name__.partition('.')[0]
    is_ours = package in Path(last.filename).parts and str(last.line).startswith('raise')
    return isinstance(error, ValueError) and is_ours


def _last_line(error: Exception) -> traceback.FrameSummary:
    return traceback.extract_tb(error.__traceback__)[-1]


def _has_parts(module: nn.Module) -> bool:
    return next(module.children(), None) is not None


def _describe(module: nn.Module, shapes: list[Any]) -> str:
    if _has_parts(module):  # long; and its ``forward`` may have given its arguments new values
        return type(module).__name__
    return f'{module}, given {", ".join(map(str, shapes))}' if shapes else str(module)


def _path(name: str) -> str:
    """As one writes it in Python: ``model.neck.lateral_convs[2].conv``."""
    return re.sub(r'\.(\d+)(?=\.|$)', r'[\1]', f'model.{name}'.rstrip('.'))


def _part_of(config: Any, name: str) -> str:
    """The innermost dict of the config around a part of the model."""
    place, node = 'model', config.get('model') or {}
    for key in name.split('.'):
        if not isinstance(node.get(key), dict):
            break
        place, node = f'{place}.{key}', node[key]
    return place
