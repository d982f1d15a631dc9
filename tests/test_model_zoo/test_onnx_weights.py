"""Small ONNX files, made by hand."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mmtrack_ext.model_zoo.graph import match_places
from mmtrack_ext.model_zoo.onnx_weights import read_onnx

pytestmark = pytest.mark.filterwarnings('default')

WEIGHTS = {
    'w1': np.arange(8, dtype=np.float32).reshape(4, 2, 1, 1),
    'b1': np.float32([1, 2, 3, 4]),
    'w2': np.arange(4, dtype=np.float16).reshape(4, 1, 1, 1),
    'start': np.int64([2]), 'end': np.int64([4]), 'channels': np.int64([1]),
    'low': np.float32(0), 'high': np.float32(6),
}  # fmt: skip


def conv(*inputs, name, **settings):
    return helper.make_node('Conv', list(inputs), [f'{name} out'], name=name, **settings)


def node(kind, inputs, output, **settings):
    return helper.make_node(kind, inputs, [output], name=output, **settings)


NODES = [
    node('Slice', ['x', 'start', 'end', 'channels'], 'half'),
    conv('half', 'w1', 'b1', name='first'),
    node('Clip', ['first out', 'low', 'high'], 'active'),
    node('Identity', ['w2'], 'same w2'),
    conv('active', 'same w2', name='second', group=4),
]


@pytest.fixture
def write(tmp_path):
    def file(nodes=NODES, weights=WEIGHTS):
        path = tmp_path / 'net.onnx'
        image = helper.make_tensor_value_info('x', TensorProto.FLOAT, [1, 4, 8, 8])
        output = helper.make_tensor_value_info('second out', TensorProto.FLOAT, None)
        constants = [numpy_helper.from_array(value, name) for name, value in weights.items()]
        onnx.save(
            helper.make_model(helper.make_graph(nodes, 'g', [image], [output], constants)), path
        )
        return path

    return file


def test_weights(write):
    (first, second), kinds = read_onnx(write())
    assert (first.name, first.shape, second.name, second.shape) == (
        'first', (4, 2, 1, 1), 'second', (4, 1, 1, 1),
    )  # fmt: skip
    np.testing.assert_array_equal(first.weight, WEIGHTS['w1'])
    np.testing.assert_array_equal(first.bias, [1, 2, 3, 4])
    np.testing.assert_array_equal(second.weight.ravel(), [0, 1, 2, 3])
    assert second.bias is None
    assert kinds == 'float16 and float32'


@pytest.mark.parametrize(
    'first_nodes',
    [
        [helper.make_node('Split', ['x'], ['other', 'half'], axis=1, num_outputs=2)],
        [  # the cut is computed from the image
            node('Shape', ['x'], 'shape'),
            node('Gather', ['shape', 'channels'], 'count'),
            node('Slice', ['x', 'count', 'end', 'channels'], 'half'),
        ],
    ],
)
def test_the_ways_to_halve_channels_are_one(write, first_nodes):
    expected, _ = read_onnx(write())
    found, _ = read_onnx(write([*first_nodes, *NODES[1:]]))
    assert match_places(expected, found)['first'].name == 'first'


@pytest.mark.parametrize(
    ('index', 'replaced'),
    [
        (0, node('Slice', ['x', 'zero', 'start', 'channels'], 'half')),
        (2, node('Clip', ['first out', 'low', 'seven'], 'active')),
        (2, node('Relu', ['first out'], 'active')),
        (4, conv('active', 'same w2', name='second', group=4, strides=[2, 2])),
        (4, conv('active', 'same w2', name='second', group=4, pads=[1, 1, 1, 1])),
    ],
)
def test_another_graph_is_another_network(write, index, replaced):
    expected, _ = read_onnx(write())
    weights = {**WEIGHTS, 'zero': np.int64([0]), 'seven': np.float32(7)}
    found, _ = read_onnx(write([*NODES[:index], replaced, *NODES[index + 1 :]], weights))
    with pytest.raises(ValueError, match='it has no convolution'):
        match_places(expected, found)


@pytest.mark.parametrize(
    ('nodes', 'words'),
    [
        ([node('BatchNormalization', ['x', *'sbmv'], 'norm')], 'BatchNormalization norm: only'),
        ([node('Clip', ['x', 'low', 'w1'], 'clip')], 'Clip clip: '),
        ([conv('x', 'x', name='c')], 'Conv c: its weights are computed'),
        ([conv('x', 'start', name='c')], 'Conv c: its weights are int64'),
        ([], 'this is no ONNX file, or an empty one'),
    ],
)  # fmt: skip
def test_what_is_not_read_is_named(write, nodes, words):
    with pytest.raises(ValueError, match=f'net.onnx: {words}'):
        read_onnx(write(nodes))


def test_no_onnx_file(tmp_path):
    path = tmp_path / 'net.onnx'
    path.write_bytes(b'\x08' * 100)
    with pytest.raises(ValueError, match=r'net\.onnx: this is no ONNX file'):
        read_onnx(path)
    with pytest.raises(FileNotFoundError):
        read_onnx(tmp_path / 'none.onnx')
