"""ncnn's two files, made by hand."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from mmtrack_ext.model_zoo.ncnn import read_ncnn
from mmtrack_ext.model_zoo.ncnn_files import read_param

FLOAT16 = struct.pack('<I', 0x01306B47)
FLOAT32 = struct.pack('<I', 0)

PARAM = """7767517
3 3
Input                    data   0 1 data 0=8 1=8 2=3
Convolution              first  1 1 data mid 0=1 1=3 3=2 4=1 5=1 6=27 9=2 -23310=1,1.000000e-01
ConvolutionDepthWise     second 1 1 mid out 0=1 1=1 6=1 7=1
"""
FILTERS = np.arange(27) / 8  # exact in float16
# 27 values of two bytes are filled up to 56; the bias is float32 and has no tag.
BIN = FLOAT16 + FILTERS.astype('<f2').tobytes() + b'\0\0' + struct.pack('<f', 0.1)
BIN += FLOAT32 + struct.pack('<f', 2.5)


@pytest.fixture
def write(tmp_path):
    def files(param=PARAM, weights=BIN):
        (tmp_path / 'net.ncnn.param').write_text(param)
        (tmp_path / 'net.ncnn.bin').write_bytes(weights)
        return tmp_path / 'net.ncnn.param'

    return files


def test_weights(write):
    (first, second), kinds = read_ncnn(write())
    assert (first.name, first.shape) == ('first', (1, 3, 3, 3))
    np.testing.assert_array_equal(first.weight, FILTERS.reshape(1, 3, 3, 3))
    np.testing.assert_array_equal(first.bias, np.float32([0.1]))
    assert (second.shape, second.bias) == ((1, 1, 1, 1), None)
    assert second.weight.ravel() == [2.5]
    assert first.weight.dtype == second.weight.dtype == np.float32
    assert kinds == 'float16 and float32'


def test_settings(write):
    layer = read_param(write())[1]
    assert (layer.number, layer.inputs, layer.outputs) == (4, ['data'], ['mid'])
    assert layer.integer(3) == 2
    assert layer.numbers(10) == [0.1]


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        (('7767517', '7767518'), 'which starts with 7767517'),
        (('3 3\n', '4 3\n'), 'line 2: 4 layers announced, 3 there'),
        (('3 3\n', 'many\n'), 'line 2: no number of layers'),
        (('1 1 mid out', '1 1 mid'), 'line 5: not a layer: ConvolutionDepthWise second'),
        (('6=27', '6=28'), 'line 4: Convolution first: 28 weights are no 1 filters of 3 x 3'),
        (('ConvolutionDepthWise ', 'InnerProduct'), 'line 5: InnerProduct second: this kind of'),
        (('0=1 1=1 6=1', '0=1 1=1 6=2'), 'ends within second'),
        (('0=1 1=1 6=1', '0=1 1=1 5=1 6=1'), 'ends within second'),
    ],
)
def test_a_damaged_graph_is_named(write, change, words):
    assert change[0] in PARAM
    with pytest.raises(ValueError, match=words) as error:
        read_ncnn(write(PARAM.replace(*change)))
    assert str(error.value).count('\n') == 0


@pytest.mark.parametrize(
    ('weights', 'words'),
    [
        (BIN[:-1], 'ends within second: cut short'),
        (BIN + b'\0\0\0\0', '4 bytes are left over'),
        (struct.pack('<I', 0x000D4B38) + BIN[4:], 'first: weights of type 0x000D4B38; only'),
        (BIN[:-4] + struct.pack('<f', np.nan), 'second: weights that are not finite'),
    ],
)
def test_damaged_weights_are_named(write, weights, words):
    with pytest.raises(ValueError, match=f'net.ncnn.bin: {words}'):
        read_ncnn(write(weights=weights))


def test_missing_or_binary_files(write, tmp_path):
    path = write()
    path.with_suffix('.bin').unlink()
    with pytest.raises(FileNotFoundError):
        read_ncnn(path)
    path.write_bytes(b'\xd5\x86\x76\x00')
    with pytest.raises(ValueError, match='its binary form is not read'):
        read_ncnn(path)
