"""Checkpoints: read without running anything from the file, and found again.

``register_checkpoint_loader`` makes mmengine read every checkpoint through ``load_checkpoint``:
``Runner.load_checkpoint``, ``Runner.resume``, ``init_cfg=dict(type='Pretrained')``. A file that
holds more than weights and what mmengine saves beside them is refused, unless trust is given.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from mmengine.runner import CheckpointLoader

from mmtrack_ext.engine.checkpoint_sources import open_source, scheme_of
from mmtrack_ext.engine.model_weights import fill_model
from mmtrack_ext.engine.safe_unpickling import read_safely
from mmtrack_ext.fileio import FileFormatError

# mmengine's schemes (``mmengine/runner/checkpoint.py``), all of which end in ``torch.load``.
SCHEMES = {
    '': 'local',
    'http://': 'http',
    'https://': 'http',
    'pavi://': 'pavi',
    r'(\S+\:)?s3://': 'ceph',
    r'(\S+\:)?petrel://': 'ceph',
    'modelzoo://': 'torchvision',
    'torchvision://': 'torchvision',
    'open-mmlab://': 'openmmlab',
    'openmmlab://': 'openmmlab',
    'mmcls://': 'mmcls',
}


def load_checkpoint(
    path: Path | str, *, map_location: Any = 'cpu', trust: bool = False
) -> dict[str, Any]:
    """Read a checkpoint.

    Args:
        path: a file, or one of the schemes of ``checkpoint_sources.open_source``.
        map_location: see ``torch.load``.
        trust: unpickle whatever is in the file, which can run any program. Give it only for files
            whose source you trust.

    Returns:
        The dict in the file: ``state_dict``, ``meta``, ... or the weights themselves.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no checkpoint, is damaged, or holds what only ``trust`` loads. One line.
    """
    source = open_source(str(path))
    if isinstance(source, Path):
        with source.open('rb'):  # a missing file, a folder or one without permission is named
            pass
    try:
        if trust:
            content = torch.load(source, map_location=map_location, weights_only=False)
        else:
            content = read_safely(source, map_location=map_location)
    except Exception as error:  # damaged files raise anything
        raise FileFormatError(str(path), _explain(error, trust=trust)) from error
    if not isinstance(content, dict):
        problem = f'this is no checkpoint: it holds a {type(content).__name__}, not a dict'
        raise FileFormatError(str(path), problem)
    return _backbone_alone(content) if scheme_of(str(path)) == 'mmcls' else content


def register_checkpoint_loader(*, trust: bool = False) -> None:
    """Make mmengine read checkpoints, of every scheme that it knows, with ``load_checkpoint``."""
    for prefix, name in SCHEMES.items():
        CheckpointLoader.register_scheme(prefix, _loader(name, trust=trust), force=True)


@contextlib.contextmanager
def trusted_checkpoints(trust: bool = True) -> Iterator[None]:
    """Within the block mmengine loads files whose source is trusted: they may run any program."""
    before = dict(CheckpointLoader._schemes)
    register_checkpoint_loader(trust=trust)
    try:
        yield
    finally:
        for prefix in SCHEMES:
            CheckpointLoader.register_scheme(prefix, before[prefix], force=True)


def load_model_weights(
    model: torch.nn.Module,
    path: Path | str,
    *,
    prefix: str = '',
    revise_keys: tuple[tuple[str, str], ...] = ((r'^module\.', ''),),
    trust: bool = False,
) -> None:
    """Fill a model from a checkpoint, completely.

    A checkpoint that was trained with mmengine's ``EMAHook`` gives the averaged weights: on saving
    the hook puts these under ``state_dict`` and the raw ones under ``ema_state_dict``
    (``mmengine/hooks/ema_hook.py``, ``before_save_checkpoint``).

    Args:
        model: gets the weights.
        path: see ``load_checkpoint``.
        prefix: ``'detector.'`` takes that part of a larger model's checkpoint; a file without such
            names is taken whole.
        revise_keys: regular expressions and what they are replaced with in each name; by default
            what a parallel wrapper puts in front.
        trust: see ``load_checkpoint``.

    Raises:
        ValueError: see ``load_checkpoint``; or the model has a weight that is missing in the file
            or has another shape there, in one line.
    """
    checkpoint = load_checkpoint(path, trust=trust)
    fill_model(model, checkpoint, path, prefix=prefix, revise_keys=revise_keys)


def check_resumable(checkpoint: dict[str, Any], path: Path | str) -> None:
    """Refuse a checkpoint that holds weights alone, as the best and published ones do."""
    meta = checkpoint.get('meta')
    absent = [key for key in ('message_hub', 'optimizer') if not checkpoint.get(key)]
    if not isinstance(meta, dict) or not {'epoch', 'iter'} <= meta.keys() or absent:
        raise ValueError(
            f'{path}: this file does not say where its training stood (no '
            f'{absent[0] if absent else "meta"}), so it cannot be resumed; start from its weights '
            f'with --cfg-options load_from={path}'
        )


def find_last_checkpoint(work_dir: Path | str) -> Path | None:
    """The checkpoint to resume from: what ``last_checkpoint`` names, else the furthest one.

    The folder may have been moved since: the file of that name in it is taken then.
    """
    work_dir = Path(work_dir)
    with contextlib.suppress(OSError, UnicodeDecodeError):
        name = (work_dir / 'last_checkpoint').read_text(encoding='utf-8').strip()
        for place in (Path(name), work_dir / Path(name).name):
            if name and place.is_file():
                return place
    for kind in ('epoch', 'iter'):
        found = [
            path
            for path in work_dir.glob(f'{kind}_*.pth')
            if path.stem[len(kind) + 1 :].isdecimal()
        ]
        if found:
            return max(found, key=lambda path: int(path.stem.rpartition('_')[2]))
    return None


def _loader(name: str, *, trust: bool) -> Callable[..., dict[str, Any]]:
    def load(filename: str, map_location: Any = None, **_: Any) -> dict[str, Any]:
        return load_checkpoint(filename, map_location=map_location, trust=trust)

    load.__name__ = f'load_from_{name}'  # mmengine prints it
    return load


def _explain(error: Exception, *, trust: bool) -> str:
    text = str(error)
    if trust and isinstance(error, ImportError | AttributeError):
        return f'this file needs a module that is not here ({text})'
    found = re.search(r"GLOBAL ([\w.]+(?: of '[^']+')?)", text)
    if found and not trust:
        return (
            f'this file holds {found[1]}, which is neither a weight nor what mmengine saves with '
            'them, and loading it could run any program; --trust-checkpoint loads it anyway: '
            'only for a file whose source you trust'
        )
    reason = text.rpartition('WeightsUnpickler error: ')[2].strip()  # torch's advice stands before
    first_sentence = re.split(r'\.\s|\n', reason)[0]
    return (
        'this is no checkpoint, or only a part of one '
        f'({type(error).__name__}: {first_sentence[:200] or "the file ends too early"})'
    )


def _backbone_alone(checkpoint: dict[str, Any]) -> dict[str, Any]:
    """What ``mmcls://`` gives: the classifier's backbone, under its own names."""
    weights = checkpoint.get('state_dict', checkpoint)
    names = [name for name in weights if name.startswith('backbone.')]
    return {'state_dict': {name.removeprefix('backbone.'): weights[name] for name in names}}
