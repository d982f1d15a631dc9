"""A model from its config, with the weights of each of its parts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from torch import nn

from mmtrack_ext.engine.checkpoints import load_model_weights
from mmtrack_ext.engine.preflight import build_once, quietly
from mmtrack_ext.registry import MODELS
from mmtrack_ext.utils.config import looks_at_frames
from mmtrack_ext.utils.register_all_modules import register_all_modules

# Parts that may have a checkpoint of their own, and the option that gives it.
PARTS = {'detector': '--detector', 'reid': '--reid'}


def init_model(
    config: Config,
    checkpoint: Path | str | None = None,
    *,
    detector: Path | str | None = None,
    reid: Path | str | None = None,
    device: str | None = None,
    trust_checkpoint: bool = False,
) -> nn.Module:
    """Build ``config.model`` in evaluation mode, with its weights.

    Args:
        config: with a ``model``.
        checkpoint: weights of the whole model.
        detector: weights of its detector.
        reid: weights of its re-identification network.
        device: 'cpu', 'cuda', 'cuda:1', ...; the GPU where there is one, if None.
        trust_checkpoint: load files that may run code.

    Raises:
        ValueError: a part is left without weights, or a checkpoint belongs to another model.
    """
    register_all_modules()
    model_config = config.model if checkpoint is None else _without_downloads(config.model)
    for part, path in (('detector', detector), ('reid', reid)):
        if path is not None and part in model_config:
            filled = _without_downloads(model_config[part])
            model_config = type(model_config)({**model_config, part: filled})
    model = MODELS.build(model_config)
    with quietly():
        model.init_weights()
    load_weights(model, checkpoint, detector=detector, reid=reid, trust_checkpoint=trust_checkpoint)
    return model.to(find_device(device)).eval()


def _without_downloads(config: Any) -> Any:
    """A config without the initial weights that a checkpoint will overwrite."""
    if isinstance(config, list | tuple):
        return [_without_downloads(entry) for entry in config]
    if not isinstance(config, dict):
        return config
    initial = config.get('init_cfg')
    downloads = isinstance(initial, dict) and initial.get('type') == 'Pretrained'
    kept = [key for key in config if not (key == 'init_cfg' and downloads)]
    return type(config)({key: _without_downloads(config[key]) for key in kept})


def load_weights(
    model: nn.Module,
    checkpoint: Path | str | None = None,
    *,
    detector: Path | str | None = None,
    reid: Path | str | None = None,
    trust_checkpoint: bool = False,
) -> None:
    """Fill a model, part by part; see ``init_model``."""
    if checkpoint is not None:
        load_model_weights(model, checkpoint, trust=trust_checkpoint)
    for part, path in (('detector', detector), ('reid', reid)):
        if path is None:
            continue
        if getattr(model, part, None) is None:
            raise ValueError(f'{PARTS[part]}: {type(model).__name__} has no {part}.')
        load_model_weights(getattr(model, part), path, prefix=f'{part}.', trust=trust_checkpoint)
    if checkpoint is None:
        given = {'detector': detector, 'reid': reid}
        _refuse_random_weights(model, filled=[part for part in given if given[part] is not None])


def check_testing(config: Config, path: Path | str, **weights: Any) -> None:
    """Build what a test needs once, so that mistakes are found before anything is written.

    Args:
        config: with ``model``, ``test_dataloader`` and ``test_evaluator``; left as it is.
        path: of the config, for messages.
        weights: see ``load_weights``.

    Raises:
        ValueError, OSError: what is wrong, in one line.
    """
    register_all_modules()
    looks = looks_at_frames(config.model)  # files may hold classes without names
    named = config.test_dataloader.dataset.get('metainfo', {}) if looks else {}
    check_classes(config.model.get('classes'), named.get('classes', ()))
    load_weights(build_once(config, path, phases=('test',)), **weights)


def check_classes(wanted: Sequence[int] | None, names: Sequence[str]) -> None:
    """Refuse class indices that nothing has; where ``names`` are unknown (empty), none is.

    Raises:
        ValueError: an index is negative, or as high as the number of names.
    """
    for index in wanted or ():
        if index < 0 or (names and index >= len(names)):
            known = ', '.join(f'{i} ({name})' for i, name in enumerate(names)) or 'counted from 0'
            raise ValueError(f'There is no class {index}; classes are {known}.')


def find_device(name: str | None) -> torch.device:
    """The device of that name, tried out; the GPU where there is one, if None."""
    try:
        device = torch.device(name or ('cuda' if torch.cuda.is_available() else 'cpu'))
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"--device {name}: {reason}; try 'cpu' or 'cuda:0'") from None
    return device


def _refuse_random_weights(model: nn.Module, *, filled: list[str]) -> None:
    """Every part with parameters must have been filled, or load its weights by ``init_cfg``."""
    if not _has_parameters(model) or _loads_its_own(model):
        return
    parts = {name: part for name, part in model.named_children() if _has_parameters(part)}
    if not parts.keys() & PARTS.keys():
        raise ValueError(f'{type(model).__name__} has no weights; give a CHECKPOINT.')
    bare = [name for name in parts if name not in filled and not _loads_its_own(parts[name])]
    for name in sorted(bare, key=lambda name: name in PARTS):  # first what has no option
        option = f' or {PARTS[name]} CHECKPOINT' if name in PARTS else ''
        raise ValueError(
            f'The {name} ({type(parts[name]).__name__}) has no weights; give a CHECKPOINT of the '
            f'whole model{option}.'
        )


def _has_parameters(module: nn.Module) -> bool:
    return any(True for _ in module.parameters())


def _loads_its_own(module: Any) -> bool:
    init_cfg = getattr(module, 'init_cfg', None) or {}
    entries = init_cfg if isinstance(init_cfg, list) else [init_cfg]
    return any(entry.get('type') == 'Pretrained' for entry in entries)
