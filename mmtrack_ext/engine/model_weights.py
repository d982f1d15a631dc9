"""Weights into a model, and whether they belong to it."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

NAMES_SHOWN = 3  # of each kind, so that the error stays one line

# A model with fewer of its weights filled is taken for another one. A detector that starts from
# one of other classes lacks its last layers only; one whose backbone alone agrees is no start.
MIN_FILLED_TO_START = 0.5


@dataclass(frozen=True)
class Fit:
    """How a checkpoint's weights fit a model; names are the model's."""

    filled: int
    total: int
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    mismatched: tuple[str, ...]

    def __str__(self) -> str:
        parts = [f"the file fills {self.filled} of the model's {self.total} weights"]
        for kind in ('missing', 'mismatched', 'unexpected'):
            names = getattr(self, kind)
            if names:
                more = ', ...' if len(names) > NAMES_SHOWN else ''
                shown = ', '.join(names[:NAMES_SHOWN])
                label = 'of another shape' if kind == 'mismatched' else kind
                parts.append(f'{len(names)} {label} ({shown}{more})')
        return '; '.join(parts)


def weights_of(checkpoint: dict[str, Any], path: Path | str) -> OrderedDict[str, Any]:
    """The ``state_dict`` in a checkpoint, which may be the checkpoint itself.

    Raises:
        ValueError: there are no weights in it.
    """
    weights = checkpoint.get('state_dict', checkpoint)
    if not isinstance(weights, dict) or not any(map(torch.is_tensor, weights.values())):
        raise ValueError(f'{path}: there are no weights in this file')
    result = OrderedDict((name, value) for name, value in weights.items() if torch.is_tensor(value))
    result._metadata = getattr(weights, '_metadata', {})  # type: ignore[attr-defined]
    return result


def select_part(
    weights: OrderedDict[str, Any],
    *,
    prefix: str = '',
    revise_keys: Iterable[tuple[str, str]] = (),
) -> OrderedDict[str, Any]:
    """Weights with their names revised; those under ``prefix`` alone, without it, if there are."""
    metadata = getattr(weights, '_metadata', {})
    for pattern, replacement in revise_keys:
        weights = OrderedDict((re.sub(pattern, replacement, k), v) for k, v in weights.items())
    if prefix and any(name.startswith(prefix) for name in weights):
        names = [name for name in weights if name.startswith(prefix)]
        weights = OrderedDict((name.removeprefix(prefix), weights[name]) for name in names)
        inner = {k: v for k, v in metadata.items() if f'{k}.'.startswith(prefix)}
        metadata = {k.removeprefix(prefix.rstrip('.')).lstrip('.'): v for k, v in inner.items()}
    weights._metadata = metadata  # type: ignore[attr-defined]
    return weights


def fill_model(
    model: nn.Module,
    checkpoint: dict[str, Any],
    path: Path | str,
    *,
    prefix: str = '',
    revise_keys: Iterable[tuple[str, str]] = (),
    min_filled: float = 1.0,
) -> Fit:
    """Put a checkpoint's weights into a model and check them, see ``check_compatible``."""
    weights = weights_of(checkpoint, path)
    weights = select_part(weights, prefix=prefix, revise_keys=revise_keys)
    return check_compatible(model, weights, path, min_filled=min_filled)


def check_compatible(
    model: nn.Module, state_dict: dict[str, Any], path: Path | str, *, min_filled: float = 1.0
) -> Fit:
    """Fill a model, and refuse weights of another one.

    The model is filled before it is known whether the weights fit, because modules may rename
    weights of their earlier versions as they load them.

    Args:
        model: gets the weights that fit.
        state_dict: the weights; names that the model does not have are no reason to refuse
            (branches that only training needs).
        path: of the file, for the message.
        min_filled: refuse if a smaller share of the model's weights is filled.

    Raises:
        ValueError: in one line, what is filled and which names are not; or a weight is NaN, of
            which a detector makes frames without detections.
    """
    for name, value in state_dict.items():
        if not torch.isfinite(value).all():
            raise ValueError(f'{path}: {name} is not finite; its training must have diverged')
    fit = _load_what_fits(model, state_dict, path)
    name = type(model).__name__
    if not fit.total:
        raise ValueError(f'{path}: {name} has no weights to fill; leave the checkpoint out')
    if fit.filled < min_filled * fit.total:
        hint = _hint(model, state_dict)
        raise ValueError(f'{path}: these are weights of another model than {name}: {fit}{hint}')
    return fit


def _load_what_fits(model: nn.Module, state_dict: dict[str, Any], path: Path | str) -> Fit:
    own = model.state_dict()
    mismatched = [
        name for name, value in state_dict.items() if name in own and value.shape != own[name].shape
    ]
    fitting = OrderedDict((k, v) for k, v in state_dict.items() if k not in set(mismatched))
    fitting._metadata = getattr(state_dict, '_metadata', {})  # type: ignore[attr-defined]
    try:
        result = model.load_state_dict(fitting, strict=False)
    except (RuntimeError, ValueError) as error:  # what a module revises, and may refuse
        raise ValueError(f'{path}: {error}') from None
    # A counter that old checkpoints lack and nothing but momentum=None reads; as in mmengine.
    countless = {name for name in own if name.endswith('num_batches_tracked')}
    missing = [k for k in result.missing_keys if k not in countless and k not in mismatched]
    total = len(own.keys() - countless)
    return Fit(
        filled=total - len(missing) - len(mismatched),
        total=total,
        missing=tuple(missing),
        unexpected=tuple(result.unexpected_keys),
        mismatched=tuple(mismatched),
    )


def _hint(model: nn.Module, state_dict: dict[str, Any]) -> str:
    """What was probably meant."""
    own = model.state_dict().keys()
    for part in ('detector', 'reid'):
        if any(f'{part}.{name}' in own for name in state_dict):
            return (
                f'; for a checkpoint of the {part} alone there is --{part}, and in training '
                f"model.{part}.init_cfg=dict(type='Pretrained', checkpoint=...)"
            )
    for name in state_dict:
        head, _, rest = name.partition('.')
        if rest in own:
            return f'; it is of a larger model, whose {head!r} this may be'
    return ''
