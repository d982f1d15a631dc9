"""Published weights of QDTrack under our names.

mmdet 3.3, mmtracking and the original (SysCV/qdtrack), all Apache-2.0, name the layers of detector
and embed head alike, and differ in what stands before.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmtrack_ext.engine.checkpoints import load_checkpoint
from mmtrack_ext.engine.model_weights import weights_of
from mmtrack_ext.model_zoo.converted import Converted, compare_weights, plain_copy, shapes_of
from mmtrack_ext.registry import MODELS
from mmtrack_ext.utils.config import read_config

DETECTOR, EMBED_HEAD = 'detector.', 'track_head.embed_head.'
DEPTHS = {6: 50, 23: 101}  # of ResNets by the blocks of their third stage


def convert_qdtrack(path: Path | str, config: Path | str, *, trust: bool = False) -> Converted:
    """Read a published checkpoint, and check that it fills a model of ours completely.

    Args:
        path: of mmdet 3.3, mmtracking or the original.
        config: with our model, for ResNet-50; depth and classes are taken from the file.
        trust: unpickle whatever a checkpoint holds, which can run any program.

    Raises:
        ValueError: the weights do not fit; says how they differ.
    """
    weights = weights_of(load_checkpoint(path, trust=trust), path)
    try:
        renamed = rename_qdtrack(weights)
        model, name, num_classes = adapted_model(read_config(config)['model'], renamed)
        expected = model_shapes(model)
        difference = compare_weights(renamed, expected)
        if len(difference):
            raise ValueError(f'these weights do not fit {name}: {difference}')
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from None
    state = {
        key: plain_copy(renamed[key]) if key in renamed else torch.zeros((), dtype=torch.long)
        for key in expected
    }
    return Converted(name, num_classes, 'as stored', Path(path).name, state)


def rename_qdtrack(weights: Mapping[str, Tensor]) -> OrderedDict[str, Tensor]:
    """Weights by our names, whatever stood before those of the detector and of the embed head.

    Raises:
        ValueError: they have not both.
    """
    backbone = next((name for name in weights if 'backbone.' in name), None)
    embed = next((name for name in weights if name.endswith('fc_embed.weight')), None)
    if backbone is None or embed is None:
        lacking = 'backbone.*' if backbone is None else 'fc_embed.weight, the embeddings'
        raise ValueError(f'these are no weights of QDTrack: there is no {lacking}')
    # The longer first: in the original, the embed head is inside the detector.
    prefixes = [
        (embed.removesuffix('fc_embed.weight'), EMBED_HEAD),
        (backbone.partition('backbone.')[0], DETECTOR),
    ]
    renamed = OrderedDict()
    for name, value in weights.items():
        old, new = next((p for p in prefixes if name.startswith(p[0])), ('', ''))
        renamed[new + name.removeprefix(old)] = value
    return renamed


def adapted_model(
    model: dict[str, Any], weights: Mapping[str, Tensor]
) -> tuple[dict[str, Any], str, int]:
    """The config of the model as deep and with as many classes as the weights are of.

    Args:
        model: config, which is changed.
        weights: by our names.

    Returns:
        The config, what to call it, and the number of classes.
    """
    blocks = {
        match[1]
        for name in weights
        if (match := re.match(r'detector\.backbone\.layer3\.(\d+)\.', name))
    }
    detector = model['detector']
    backbone, heads = detector['backbone'], detector['roi_head']['bbox_head']
    heads = heads if isinstance(heads, list) else [heads]
    if len(blocks) in DEPTHS:
        backbone['depth'] = DEPTHS[len(blocks)]
    last = next((x for name, x in weights.items() if name.endswith('fc_cls.bias')), None)
    for head in heads if last is not None else ():
        head['num_classes'] = len(last) - 1  # and the background
    name = f'{model["type"]} with {detector["type"]}, {backbone["type"]}'
    if 'depth' in backbone:
        name += f'-{backbone["depth"]}'
    return model, name, heads[0]['num_classes']


def model_shapes(model: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """Shapes of a model's weights by name; it takes no memory."""
    with torch.device('meta'):
        return shapes_of(MODELS.build(model))
