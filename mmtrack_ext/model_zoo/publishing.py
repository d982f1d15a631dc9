"""Checkpoints of a training, made ready to be given away."""

from __future__ import annotations

import hashlib
import io
from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch

from mmtrack_ext.engine.checkpoints import load_checkpoint
from mmtrack_ext.engine.model_weights import weights_of
from mmtrack_ext.fileio import atomic_write
from mmtrack_ext.model_zoo.nanodet_zoo import is_auxiliary

FORMS = ('weight', 'checkpoint')
DIGITS = 8  # of the SHA-256 in the name, as everywhere in OpenMMLab's zoos
# What may stay of a training's meta: the rest names folders and machines.
META_KEPT = (
    'epoch', 'iter', 'dataset_meta', 'mmengine_version', 'network', 'source', 'classes', 'weights',
)  # fmt: skip


def publish(
    source: Path | str, target: Path | str, *, form: str = 'weight', trust: bool = False
) -> Path:
    """Write a file to publish, with the first eight digits of its SHA-256 in the name.

    Args:
        source: a checkpoint of a training, or of the converter.
        target: ``NAME.pth`` becomes ``NAME-1a2b3c4d.pth``.
        form: 'weight': what inference needs, see ``inference_weights``; 'checkpoint': everything,
            so that the training can be resumed.
        trust: see ``load_checkpoint``.

    Returns:
        The file written. The same content gives the same name.

    Raises:
        ValueError: the source is no checkpoint, or the target no ``.pth``.
    """
    target = Path(target)
    if target.suffix != '.pth':
        raise ValueError(f'{target}: the file to write must end in .pth')
    if form not in FORMS:
        raise ValueError(f"The 'form' must be one of {', '.join(FORMS)}. Got {form!r} instead.")
    checkpoint = load_checkpoint(source, trust=trust)
    weights_of(checkpoint, source)  # refuses a file without
    buffer = io.BytesIO()
    torch.save(inference_weights(checkpoint, source) if form == 'weight' else checkpoint, buffer)
    content = buffer.getvalue()
    digest = hashlib.sha256(content).hexdigest()[:DIGITS]
    target = target.with_name(f'{target.stem}-{digest}.pth')
    with atomic_write(target, 'wb') as file:
        file.write(content)
    return target


def inference_weights(checkpoint: dict[str, Any], path: Path | str) -> dict[str, Any]:
    """Weights alone, without optimizer, training branches, and names of folders and machines.

    After a training with ``EMAHook`` these are the averaged ones: on saving, the hook puts the
    average under ``state_dict`` and the last step's under ``ema_state_dict``
    (``mmengine/hooks/ema_hook.py`` 0.10.7, ``before_save_checkpoint``).
    """
    weights = weights_of(checkpoint, path)
    kept = OrderedDict(
        (name, value.detach().cpu().clone())
        for name, value in weights.items()
        if not is_auxiliary(name)
    )
    meta = checkpoint.get('meta')
    meta = {key: meta[key] for key in META_KEPT if key in meta} if isinstance(meta, dict) else {}
    if 'ema_state_dict' in checkpoint:
        meta['weights'] = 'the moving average of the training'
    return {'meta': meta, 'state_dict': kept}
