"""Where checkpoints come from: local files, and the schemes that mmengine knows.

The lists of names are mmengine's own (``mmengine/runner/checkpoint.py``, 0.10.7); its readers of
these schemes end in an unpickling ``torch.load`` and are not used.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import IO, Any

import torch
from mmengine.dist import barrier, get_dist_info
from mmengine.fileio import get_file_backend
from mmengine.runner import checkpoint as mmengine_checkpoint

# The scheme of ``NAME:s3://`` is what stands last.
SCHEME = re.compile(r'(?:\S+:)?(\w[\w-]*)://')


def open_source(path: str) -> Path | IO[bytes]:
    """The local file of a checkpoint, downloaded where need be, or its bytes.

    Args:
        path: a file, ``http(s)://``, ``s3://`` or ``petrel://``, ``torchvision://NAME``,
            ``open-mmlab://NAME`` or ``mmcls://NAME``.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the scheme or the name is unknown, or the download fails.
    """
    scheme = scheme_of(path)
    if not scheme:
        return Path(path).expanduser()
    if scheme in ('http', 'https'):
        return _download(path)
    name = path.split('://', 1)[1]
    if scheme in ('s3', 'petrel'):
        backend = get_file_backend(path, backend_args={'backend': 'petrel'})
        return io.BytesIO(backend.get(path))
    if scheme in ('torchvision', 'modelzoo'):
        return _download(_look_up(path, name, _torchvision_models()))
    if scheme == 'mmcls':
        return _download(_look_up(path, name, mmengine_checkpoint.get_mmcls_models()))
    if scheme in ('open-mmlab', 'openmmlab'):
        name = mmengine_checkpoint.get_deprecated_model_names().get(name, name)
        place = _look_up(path, name, mmengine_checkpoint.get_external_models())
        if scheme_of(place):
            return _download(place)
        return Path(mmengine_checkpoint._get_mmengine_home()) / place
    raise ValueError(f'{path}: checkpoints are not read from {scheme}://; download the file first')


def scheme_of(path: str) -> str:
    """``'https'`` of ``'https://...'``; empty for a local file."""
    match = SCHEME.match(path)
    return match[1] if match else ''


def _torchvision_models() -> dict[str, str]:
    try:
        models: dict[str, str] = mmengine_checkpoint.get_torchvision_models()
    except ImportError:
        raise ValueError('torchvision:// needs torchvision: pip install torchvision') from None
    return models


def _look_up(path: str, name: str, places: dict[str, Any]) -> str:
    if name not in places:
        raise ValueError(f'{path}: there is no such model in the list that mmengine has')
    return str(places[name])


def _download(url: str) -> Path:
    """The file in torch's cache. The first process downloads; others look again after it."""
    place = Path(torch.hub.get_dir()) / 'checkpoints' / Path(url.split('?')[0]).name
    rank, _ = get_dist_info()
    if rank != 0:
        barrier()
    try:
        if not place.is_file():
            place.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(url, str(place))
    except (OSError, ValueError) as error:
        raise ValueError(f'{url}: the download failed ({error})') from None
    finally:
        if rank == 0:
            barrier()
    return place
