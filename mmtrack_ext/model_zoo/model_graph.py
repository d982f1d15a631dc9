"""The graph of one of our networks, seen while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from mmtrack_ext.model_zoo.graph import Convolution, GraphBuilder

ACTIVATIONS = {'leaky_relu': 'leaky', 'relu': 'relu', 'hardtanh': 'clip'}
# NanoDet-t takes no other size; every other network does not care.
IMAGE_SIZE = 320


@dataclass(frozen=True)
class Layer:
    """A convolution of a model under its parameters' name, and the norm that follows it, if any."""

    convolution: Convolution
    norm: str | None


def model_layers(model: nn.Module) -> list[Layer]:
    """The convolutions that a detector runs in inference, in that order.

    Args:
        model: with ``extract_feat`` and ``bbox_head``, on any device, ``'meta'`` too.

    """
    device = next(model.parameters()).device
    recorder = _Recorder(model)
    image = torch.zeros(1, 3, IMAGE_SIZE, IMAGE_SIZE, device=device)
    recorder.graph.apply(id(image), 'Input', [])
    training = model.training
    try:
        with torch.no_grad(), recorder:
            model.eval().bbox_head(model.extract_feat(image))
    finally:
        model.train(training)
    return [Layer(x, recorder.norms.get(x.name)) for x in recorder.graph.convolutions]


class _Recorder(TorchDispatchMode):
    """Hears of every operation of torch; keeps all tensors, so that no identity is used twice."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.graph = GraphBuilder()
        self.norms: dict[str, str] = {}
        self._parameters = {
            id(value): name.rpartition('.')[0] for name, value in model.named_parameters()
        }
        self._convolution_of: dict[int, str] = {}
        self._kept: list[Any] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        self._kept.append((args, result))
        kind = func.__name__.split('.')[0].strip('_').removeprefix('unsafe_')
        self._record(kind, args, result)
        return result

    def _record(self, kind: str, args: tuple, result: Any) -> None:
        graph, outputs = self.graph, result if isinstance(result, tuple | list) else [result]
        inputs = [x for x in args if isinstance(x, Tensor)]
        if kind == 'convolution':
            self._convolve(args, result)
        elif kind == 'native_batch_norm':
            convolution = self._convolution_of.get(id(args[0]))
            if convolution is not None:
                self.norms[convolution] = self._parameters[id(args[1])]
                graph.same(id(outputs[0]), id(args[0]))
        elif kind in ACTIVATIONS:
            defaults = {'leaky_relu': (0.01,), 'relu': (), 'hardtanh': (-1.0, 1.0)}[kind]
            graph.act(id(result), id(args[0]), ACTIVATIONS[kind], *(args[1:] or defaults))
        elif kind == 'cat':
            graph.apply(id(result), 'concat', map(id, args[0]))
        elif kind == 'add':
            graph.apply(id(result), 'add', map(id, inputs))
        elif kind in ('split', 'chunk', 'split_with_sizes'):
            for i, part in enumerate(outputs):
                graph.part(id(part), id(args[0]), first=i == 0)
        elif kind == 'max_pool2d_with_indices':
            kernel, stride, padding = args[1], args[2], args[3]
            graph.apply(id(outputs[0]), 'max', [id(args[0])], kernel[0], stride[0], padding[0])
        elif kind == 'upsample_bilinear2d':
            graph.apply(id(result), 'resize', [id(args[0])])
        elif kind in ('view', 'transpose', 'clone', 'reshape', 'permute'):
            graph.same(id(result), id(args[0]))
        else:
            for output in outputs:
                graph.apply(id(output), kind, map(id, inputs))

    def _convolve(self, args: tuple, result: Tensor) -> None:
        value, weight, _, stride, padding, dilation, _, _, groups = args
        name = self._parameters[id(weight)]
        self._convolution_of[id(result)] = name
        self.graph.convolve(
            id(result), id(value), name=name, shape=weight.shape, stride=stride,
            padding=[*padding, *padding], dilation=dilation, groups=groups,
        )  # fmt: skip
