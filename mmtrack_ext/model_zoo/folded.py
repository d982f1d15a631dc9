"""A network's weights from an exported file, in which batch norms are folded into convolutions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mmtrack_ext.model_zoo.graph import Convolution, match_places
from mmtrack_ext.model_zoo.model_graph import Layer, model_layers
from mmtrack_ext.model_zoo.nanodet_zoo import NETWORKS, NanoDetZoo, is_auxiliary

LAST = 'bbox_head.gfl_cls.'  # convolutions whose size depends on the number of classes
CONVOLUTIONS_SHOWN = 3


def recognise_folded(found: Sequence[Convolution], zoo: NanoDetZoo) -> tuple[str, int]:
    """Which network has convolutions of these shapes, and for how many classes.

    Raises:
        ValueError: none has.
    """
    shapes = Counter(convolution.shape for convolution in found)
    for name in NETWORKS:
        num_classes = _classes_if_equal(zoo, name, shapes)
        if num_classes is not None:
            return name, num_classes
    sizes = ', '.join(str(x.shape) for x in found[:CONVOLUTIONS_SHOWN])
    raise ValueError(
        f'its {len(found)} convolutions (the first: {sizes or "none"}) are those of no network '
        f'that is known; known are {", ".join(NETWORKS)}'
    )


def _classes_if_equal(zoo: NanoDetZoo, name: str, found: Counter[tuple[int, ...]]) -> int | None:
    """How many classes make the network's shapes equal to those found; None if none does."""
    own = {k: v for k, v in zoo.shapes(name).items() if len(v) == 4 and not is_auxiliary(k)}
    body = Counter(shape for key, shape in own.items() if not key.startswith(LAST))
    last = found - body
    if body - found or len(last) != 1:
        return None
    outputs = next(iter(last))[0]
    num_classes = zoo.num_classes(name, outputs)
    shapes = zoo.shapes(name, num_classes)
    return num_classes if num_classes > 0 and found == Counter(shapes[key] for key in own) else None


def folded_state(network: nn.Module, found: Sequence[Convolution]) -> dict[str, Tensor]:
    """The weights of ``network`` from the convolutions of a file.

    A batch norm becomes one that changes nothing but for its bias, which is the convolution's in
    the file: weight 1, mean 0, variance 1 - eps. So the network computes what the file does, up to
    rounding. (In training, norms that learn statistics anew do not start from there: fine-tune such
    weights with norms in ``eval()``.)

    Raises:
        ValueError: the file's network is another one.
    """
    layers = model_layers(network)
    _refuse_other_weights(network, layers)
    matched = match_places([layer.convolution for layer in layers], found)
    state = {k: v for k, v in network.state_dict().items() if not is_auxiliary(k)}
    for layer in layers:
        state |= _fold(network, layer, matched[layer.convolution.name])
    return state


def _refuse_other_weights(network: nn.Module, layers: Sequence[Layer]) -> None:
    filled = {layer.convolution.name for layer in layers} | {layer.norm for layer in layers}
    for name, _ in network.named_parameters():
        if name.rpartition('.')[0] not in filled and not is_auxiliary(name):
            raise ValueError(
                f'exported files do not tell where the network has its {name}; convert its '
                'checkpoint (.ckpt, .pth) instead'
            )


def _fold(network: nn.Module, layer: Layer, found: Convolution) -> dict[str, Tensor]:
    name = layer.convolution.name
    weight = torch.tensor(found.weight)
    bias = torch.zeros(len(weight)) if found.bias is None else torch.tensor(found.bias)
    state = {f'{name}.weight': weight}
    if network.get_submodule(name).bias is not None:
        state[f'{name}.bias'] = bias
    elif layer.norm is not None:
        eps = network.get_submodule(layer.norm).eps
        state[f'{layer.norm}.weight'] = torch.ones_like(bias)
        state[f'{layer.norm}.bias'] = bias
        state[f'{layer.norm}.running_mean'] = torch.zeros_like(bias)
        state[f'{layer.norm}.running_var'] = torch.full_like(bias, 1 - eps)
    elif bias.any():
        raise ValueError(f'its convolution {found.name} has a bias, and {name} has none')
    return state
