"""Weights of the original NanoDet from the files that it writes, under our names.

What such files hold: NanoDet 1.0 (Apache-2.0, github.com/RangiLyu/nanodet), ``nanodet/trainer``
and ``nanodet/util/check_point.py``, and its releases.
"""

from __future__ import annotations

import contextlib
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmtrack_ext.engine.checkpoints import load_checkpoint
from mmtrack_ext.engine.model_weights import weights_of
from mmtrack_ext.model_zoo.converted import COUNTER, Difference, compare_weights, plain_copy
from mmtrack_ext.model_zoo.nanodet_zoo import (
    COCO_CLASSES,
    NETWORKS,
    NanoDetZoo,
    is_auxiliary,
)
from mmtrack_ext.models.detectors.nanodet_keys import LAYERS, PARTS, rename_nanodet_key

AVERAGE = 'avg_model.'
# What Lightning puts beside the weights: settings and counters, never needed here.
BESIDE_WEIGHTS = ('pytorch_lightning.', 'lightning.', 'lightning_fabric.')
# Our model's own; every file may lack them.
COUNTERS = (COUNTER, 'integral.project')


class _Ignored:
    """Stands for any object of Lightning: takes everything, keeps a dict that nobody reads."""

    def __new__(cls, *_: Any) -> Any:
        return OrderedDict()


def read_nanodet_weights(
    path: Path | str, *, trust: bool = False
) -> tuple[OrderedDict[str, Tensor], str]:
    """Weights in the original's names, and which ones.

    A Lightning checkpoint of NanoDet-Plus holds the network twice; ``avg_model.``, the moving
    average, is the one that was evaluated. Its prefix goes before that of ``model.`` is thought
    of: cutting ``model.`` out of all names would make ``avg_`` of it, and leave the other copy.

    Raises:
        ValueError: there are no weights in the file, or it holds what only ``trust`` loads.
    """
    with _ignoring_lightning(path):
        weights = weights_of(load_checkpoint(path, trust=trust), path)
    average = [name for name in weights if name.startswith(AVERAGE)]
    kind = 'the moving average of two copies' if average else 'as stored'
    if average:
        others = [k for k in weights if not k.startswith((AVERAGE, 'model.'))]
        weights = OrderedDict((k, weights[k]) for k in average + others)
    for prefix in (AVERAGE, 'module.', 'model.'):
        weights = OrderedDict((name.removeprefix(prefix), x) for name, x in weights.items())
    return weights, kind


@contextlib.contextmanager
def _ignoring_lightning(path: Path | str) -> Iterator[None]:
    """Within the block, objects of Lightning are read as empty ones; their code is not run."""
    names: list[str] = []
    damaged = (zipfile.BadZipFile, pickle.UnpicklingError, ValueError, RuntimeError, EOFError)
    with contextlib.suppress(*damaged):  # which the reading that follows tells better
        if zipfile.is_zipfile(path):  # older files hold nothing but weights
            names = torch.serialization.get_unsafe_globals_in_checkpoint(str(path))
    allowed = [(_Ignored, name) for name in names if name.startswith(BESIDE_WEIGHTS)]
    with torch.serialization.safe_globals(allowed):
        yield


def recognise_nanodet(
    weights: dict[str, Tensor], zoo: NanoDetZoo
) -> tuple[str, int, dict[str, Tensor]]:
    """Which network these weights are of.

    Args:
        weights: in the original's names, without prefixes.
        zoo: builds the networks.

    Returns:
        The network, the number of its classes, and its weights in our names: complete, with the
        auxiliary head if the file has it.

    Raises:
        ValueError: they are of no network that is known; says what the nearest lacks.
    """
    if any(name.startswith(('neck.', 'bbox_head.')) for name in weights):
        raise ValueError('these are names of mmtrack_ext already; there is nothing to convert')
    renamed = {rename_nanodet_key(k) if '.' in k else k: k for k in weights}
    renamed.pop(None, None)  # what the original keeps and does not use
    found = {new: weights[old] for new, old in renamed.items()}
    nearest: tuple[Difference, str] | None = None
    for name in NETWORKS:
        num_classes, expected = _expected(name, weights, zoo)
        difference = compare_weights(
            found,
            expected,
            may_lack=COUNTERS,
            shown=lambda key: renamed.get(key, _original_name(key)),
        )
        if not len(difference):
            state = {k: _entry(k, shape, found) for k, shape in expected.items()}
            return name, num_classes, state
        if nearest is None or len(difference) < len(nearest[0]):
            nearest = difference, name
    assert nearest is not None
    raise ValueError(
        f'these are weights of no network that is known; the nearest, {nearest[1]}, differs in '
        f'{nearest[0]}; known are {", ".join(NETWORKS)}'
    )


def _expected(
    name: str, weights: dict[str, Tensor], zoo: NanoDetZoo
) -> tuple[int, dict[str, tuple[int, ...]]]:
    """Classes and shapes that the network has with a last layer as large as the file's."""
    last = weights.get('head.gfl_cls.0.bias')
    num_classes = COCO_CLASSES if last is None else zoo.num_classes(name, len(last))
    if num_classes < 1:
        num_classes = COCO_CLASSES
    has_auxiliary = any(key.startswith('aux_') for key in weights)
    shapes = zoo.shapes(name, num_classes)
    return num_classes, {k: v for k, v in shapes.items() if has_auxiliary or not is_auxiliary(k)}


def _entry(name: str, shape: tuple[int, ...], found: dict[str, Tensor]) -> Tensor:
    """One entry of our state dict; counters that the file lacks start anew."""
    if name in found:
        if not torch.isfinite(found[name]).all():
            raise ValueError(f'{_original_name(name)} is not finite')
        return plain_copy(found[name])
    if name.endswith('integral.project'):
        return torch.linspace(0, shape[0] - 1, shape[0])
    return torch.zeros(shape, dtype=torch.int64)


def _original_name(name: str) -> str:
    """The reverse of ``rename_nanodet_key``.

    >>> _original_name('aux_neck.downsamples.0.depthwise_conv.bn.running_var')
    'aux_fpn.downsamples.0.dwnorm.running_var'
    """
    part, _, rest = name.partition('.')
    for old, new in LAYERS.items():
        rest = rest.replace(new, old)
    return f'{ {new: old for old, new in PARTS.items()}.get(part, part) }.{rest}'
