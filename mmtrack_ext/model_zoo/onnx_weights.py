"""Reading networks in ONNX files, with the ``onnx`` package; nothing in such a file is run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mmtrack_ext.fileio import FileFormatError
from mmtrack_ext.model_zoo.graph import Convolution, GraphBuilder

RESHAPES = ('Reshape', 'Transpose', 'Identity', 'Flatten', 'Squeeze', 'Unsqueeze', 'Cast')
WITH_WEIGHTS = ('BatchNormalization', 'ConvTranspose', 'PRelu', 'InstanceNormalization')


def read_onnx(path: Path | str) -> tuple[list[Convolution], str]:
    """The convolutions of an ONNX file, and the type of their weights.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: it is no ONNX file, or its batch norms are not folded.
        ValueError: the ``onnx`` package is not installed.
    """
    try:
        import onnx
    except ImportError:
        mend = 'pip install -r requirements/optional.txt'
        raise ValueError(f'{path}: reading it needs the onnx package: {mend}') from None
    path = Path(path)
    with path.open('rb'):  # a missing file is named
        pass
    try:
        model = onnx.load(path)
    except Exception as error:  # protobuf's, or of weights in a second file
        first = (str(error).splitlines() or [''])[0]
        raise FileFormatError(path, f'this is no ONNX file ({first[:120]})') from None
    if not model.graph.node:
        raise FileFormatError(path, 'this is no ONNX file, or an empty one')
    reader = _Reader(path, model.graph)
    return reader.graph.convolutions, ' and '.join(sorted(reader.types))


class _Reader:
    """Walks the nodes, which ONNX wants in the order of the data."""

    def __init__(self, path: Path, graph: Any) -> None:
        from onnx import numpy_helper

        self.path, self.graph, self.types = path, GraphBuilder(), set()
        # Weights by name; files of old exporters list them among the inputs, too.
        self.constants = {x.name: numpy_helper.to_array(x) for x in graph.initializer}
        for value in graph.input:
            if value.name not in self.constants:
                self.graph.apply(value.name, 'Input', [])
        for node in graph.node:
            try:
                self._add(node)
            except FileFormatError:
                raise
            except (TypeError, ValueError, LookupError) as error:
                problem = f'{node.op_type} {node.name}: {error}'
                raise FileFormatError(path, problem) from None

    def _add(self, node: Any) -> None:
        from onnx import helper

        settings = {x.name: helper.get_attribute_value(x) for x in node.attribute}
        kind, output, inputs = node.op_type, node.output[0], [x for x in node.input if x]
        special: dict[str, Callable[..., None]] = {
            'Constant': self._constant, 'Conv': self._convolution, 'Clip': self._clip,
            'Split': self._split, 'Slice': self._slice, 'MaxPool': self._pool,
        }  # fmt: skip
        if kind in WITH_WEIGHTS:
            raise FileFormatError(
                self.path, f'{kind} {node.name}: only convolutions may hold weights; export it '
                'from eval() with constant folding',
            )  # fmt: skip
        if kind in special:
            special[kind](node, settings)
        elif kind in RESHAPES and inputs[0] in self.constants:
            if kind == 'Identity':  # weights that are equal are stored once
                self.constants[output] = self.constants[inputs[0]]
        elif kind in RESHAPES:
            self.graph.same(output, inputs[0])
        elif kind == 'LeakyRelu':
            self.graph.act(output, inputs[0], 'leaky', settings.get('alpha', 0.01))
        elif kind == 'Relu':
            self.graph.act(output, inputs[0], 'relu')
        elif kind in ('Resize', 'Upsample'):
            linear = settings.get('mode') in (b'linear', 'linear')
            self.graph.apply(output, 'resize' if linear else 'other resize', inputs[:1])
        elif kind in ('Concat', 'Add', 'Sum'):
            self.graph.apply(output, 'concat' if kind == 'Concat' else 'add', inputs)
        else:
            for name in node.output:
                self.graph.apply(name, kind, inputs)

    def _constant(self, node: Any, settings: dict[str, Any]) -> None:
        from onnx import numpy_helper

        if 'value' in settings:
            self.constants[node.output[0]] = numpy_helper.to_array(settings['value'])

    def _convolution(self, node: Any, settings: dict[str, Any]) -> None:
        name = node.name or node.output[0]
        weight = self._weight(name, node.input[1])
        bias = self._weight(name, node.input[2]) if len(node.input) > 2 else None
        if weight.ndim != 4:
            raise FileFormatError(self.path, f'Conv {name}: not over images: {weight.shape}')
        padding = settings.get('pads', [0, 0, 0, 0])
        if settings.get('auto_pad') not in (None, b'NOTSET'):
            padding = [-1]  # some other network
        self.graph.convolve(
            node.output[0], node.input[0], name=name, shape=weight.shape,
            stride=settings.get('strides', [1, 1]), padding=padding,
            dilation=settings.get('dilations', [1, 1]), groups=settings.get('group', 1),
            weight=weight, bias=bias,
        )  # fmt: skip

    def _weight(self, name: str, constant: str) -> np.ndarray:
        value = self.constants.get(constant)
        if value is None or value.dtype not in (np.float16, np.float32, np.float64):
            found = 'are computed' if value is None else f'are {value.dtype}'
            problem = f'Conv {name}: its weights {found}; only floating-point constants are read'
            raise FileFormatError(self.path, problem)
        if not np.isfinite(value).all():
            raise FileFormatError(self.path, f'Conv {name}: weights that are not finite')
        self.types.add(value.dtype.name)
        return value.astype(np.float32)

    def _clip(self, node: Any, settings: dict[str, Any]) -> None:
        limits = [self.constants.get(name) for name in node.input[1:]]
        limits = limits or [settings.get('min'), settings.get('max')]
        if len(limits) == 2 and all(x is not None for x in limits):
            self.graph.act(node.output[0], node.input[0], 'clip', *map(float, limits))
        else:
            self.graph.apply(node.output[0], 'Clip', node.input[:1])

    def _split(self, node: Any, settings: dict[str, Any]) -> None:
        for i, output in enumerate(node.output):
            self.graph.part(output, node.input[0], first=i == 0)

    def _slice(self, node: Any, settings: dict[str, Any]) -> None:
        names = [*node.input, '', '', ''][1:4]  # start, end, axis: computed, constant or absent
        starts, _, axes = (self.constants.get(name) for name in names)
        starts, axes = settings.get('starts', starts), settings.get('axes', axes)
        if axes is not None and list(axes) == [1]:
            first = starts is not None and list(starts) == [0]
            self.graph.part(node.output[0], node.input[0], first=first)
        else:
            self.graph.apply(node.output[0], 'Slice', node.input)

    def _pool(self, node: Any, settings: dict[str, Any]) -> None:
        kernel, stride = settings['kernel_shape'], settings.get('strides', [1, 1])
        padding = settings.get('pads', [0, 0, 0, 0])
        self.graph.apply(node.output[0], 'max', node.input[:1], kernel[0], stride[0], padding[0])
