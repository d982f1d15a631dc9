"""Networks in ncnn's files: which convolutions stand where, with their weights.

Numbers of settings, activations and operations are ncnn's (BSD-3-Clause, github.com/Tencent/ncnn,
wiki, "operators"). Only convolutions may hold weights here, as float32 or float16.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmtrack_ext.fileio import FileFormatError
from mmtrack_ext.model_zoo.graph import Convolution, GraphBuilder
from mmtrack_ext.model_zoo.ncnn_files import Line, WeightsFile, read_param

CONVOLUTIONS = ('Convolution', 'ConvolutionDepthWise')
RESHAPES = ('Reshape', 'Permute', 'ShuffleChannel', 'Split', 'Flatten', 'Noop', 'Squeeze')
OTHERS_WITHOUT_WEIGHTS = ('Input', 'Sigmoid', 'Softmax', 'ExpandDims', 'Dropout', 'HardSwish')
REST_OF_GRAPH = 'Concat, Slice, Crop, Pooling, Interp, BinaryOp, Eltwise, ReLU and Clip'


def read_ncnn(path: Path | str) -> tuple[list[Convolution], str]:
    """The convolutions of ``X.param`` with their weights in ``X.bin``, and the weights' type.

    Raises:
        FileNotFoundError: one of the two files is not there.
        FileFormatError: they are damaged, do not belong together, or hold other layers.
    """
    path = Path(path)
    lines = read_param(path)
    weights = WeightsFile(path.with_suffix('.bin'))
    graph = GraphBuilder()
    for line in lines:
        try:
            _add(graph, line, weights)
        except FileFormatError:
            raise
        except (LookupError, ValueError, ZeroDivisionError) as error:
            problem = f'{line.kind} {line.name}: {error}'
            raise FileFormatError(path, problem, line=line.number) from None
    weights.check_end()
    return graph.convolutions, weights.type_name


def _add(graph: GraphBuilder, line: Line, weights: WeightsFile) -> None:
    kind, inputs = line.kind, line.inputs
    output = line.outputs[0]
    if kind in CONVOLUTIONS:
        _add_convolution(graph, line, weights)
    elif kind in RESHAPES:
        for copy in line.outputs:
            graph.same(copy, inputs[0])
    elif kind == 'Concat':
        graph.apply(output, 'concat', inputs)
    elif kind == 'Slice':
        for i, part in enumerate(line.outputs):
            graph.part(part, inputs[0], first=i == 0)
    elif kind == 'Crop' and line.numbers(11) == [0]:
        graph.part(output, inputs[0], first=line.numbers(9) == [0])
    elif kind == 'Pooling':
        name = 'average' if line.integer(0) else 'max'
        stride = line.integer(2, 1)
        graph.apply(output, name, inputs, line.integer(1), stride, line.integer(3))
    elif kind == 'Interp':
        graph.apply(output, 'resize' if line.integer(0) == 2 else 'other resize', inputs)
    elif kind in ('BinaryOp', 'Eltwise'):
        is_sum = line.integer(0) == (0 if kind == 'BinaryOp' else 1)
        graph.apply(output, 'add' if is_sum else f'{kind} {line.integer(0)}', inputs)
    elif kind in ('ReLU', 'Clip'):
        _activate(graph, output, inputs[0], 2 if kind == 'ReLU' else 3, line.settings)
    elif kind in OTHERS_WITHOUT_WEIGHTS:
        graph.apply(output, kind, inputs)
    else:
        raise ValueError(
            f'this kind of layer is not known; known are {", ".join(CONVOLUTIONS + RESHAPES)}, '
            f'{REST_OF_GRAPH}'
        )


def _add_convolution(graph: GraphBuilder, line: Line, weights: WeightsFile) -> None:
    kernel = (line.integer(11, line.integer(1)), line.integer(1))
    stride = (line.integer(13, line.integer(3, 1)), line.integer(3, 1))
    dilation = (line.integer(12, line.integer(2, 1)), line.integer(2, 1))
    left = line.integer(4)
    top = line.integer(14, left)
    padding = (top, left, line.integer(16, top), line.integer(15, left))
    channels, size = line.integer(0), line.integer(6)
    groups = line.integer(7, 1)
    inputs, rest = divmod(size, channels * kernel[0] * kernel[1])
    if rest or not size:
        raise ValueError(f'{size} weights are no {channels} filters of {kernel[0]} x {kernel[1]}')
    shape = (channels, inputs, *kernel)
    weight = weights.filters(line.name, size).reshape(shape)
    bias = weights.biases(line.name, channels) if line.integer(5) else None
    output = line.outputs[0]
    activation = line.integer(9)
    graph.convolve(
        f'{output} before activation' if activation else output, line.inputs[0], name=line.name,
        shape=shape, stride=stride, padding=padding, dilation=dilation, groups=groups,
        weight=weight, bias=bias,
    )  # fmt: skip
    if activation:
        limits = dict(enumerate(line.numbers(10)))
        _activate(graph, output, f'{output} before activation', activation, limits)


def _activate(
    graph: GraphBuilder, output: str, value: str, kind: int, limits: Mapping[int, Any]
) -> None:
    """The activation of ncnn's number ``kind``."""
    if kind == 1:
        graph.act(output, value, 'relu')
    elif kind == 2:
        graph.act(output, value, 'leaky', limits.get(0, 0))
    elif kind == 3:
        graph.act(output, value, 'clip', limits[0], limits[1])
    else:
        graph.apply(output, f'activation {kind}', [value])
