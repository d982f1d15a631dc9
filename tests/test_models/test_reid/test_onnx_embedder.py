"""Exported networks: a tiny one whose answers are plain, and a real one run by hand."""

from __future__ import annotations

import copy
import pickle
import sys

import cv2
import numpy as np
import pytest

from mmtrack_ext.models.reid import ONNXEmbedder

onnx = pytest.importorskip('onnx')
onnxruntime = pytest.importorskip('onnxruntime')

SIZE = (8, 4)
PLAIN = dict(size=SIZE, mean=(0, 0, 0), std=(1, 1, 1))
RED, BLUE = (0, 0, 255), (255, 0, 0)  # BGR


def save(path, *nodes, shape=('batch', 3, *SIZE), kind=onnx.TensorProto.FLOAT, outputs=('output',)):
    """Write a network of these nodes, from 'images' to 'output'."""
    graph = onnx.helper.make_graph(
        list(nodes),
        'tiny',
        [onnx.helper.make_tensor_value_info('images', kind, shape)],
        [onnx.helper.make_tensor_value_info(name, kind, None) for name in outputs],
    )
    opset = [onnx.helper.make_opsetid('', 13)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), str(path))
    return path


def mean_of_channels(path, **options):
    """A network that gives the mean of each channel: (N, 3)."""
    node = onnx.helper.make_node(
        'ReduceMean', ['images'], ['output'], axes=[2, 3], keepdims=options.pop('keepdims', 0)
    )
    return save(path, node, **options)


@pytest.fixture
def network(tmp_path):
    return mean_of_channels(tmp_path / 'mean.onnx')


def plain(*colors):
    """Boxes of one colour each, side by side, and the frame."""
    frame = np.zeros((8, 4 * len(colors), 3), np.uint8)
    for number, color in enumerate(colors):
        frame[:, 4 * number : 4 * number + 4] = color
    return frame, np.array([[4 * n, 0, 4 * n + 4, 8] for n in range(len(colors))])


def test_channels_come_in_the_order_of_the_network(network):
    frame, boxes = plain(RED, BLUE)
    assert ONNXEmbedder(network, **PLAIN)(frame, boxes).tolist() == [[1, 0, 0], [0, 0, 1]]
    bgr = ONNXEmbedder(network, **PLAIN, to_rgb=False)
    assert bgr(frame, boxes).tolist() == [[0, 0, 1], [1, 0, 0]]


def test_mean_and_std_are_of_the_channels_in_that_order(network):
    # Red 50, green 70, blue 90 less (50, 40, 10) over (1, 10, 20): (0, 3, 4), of length 5.
    embedder = ONNXEmbedder(network, size=SIZE, mean=(50, 40, 10), std=(1, 10, 20))
    np.testing.assert_allclose(embedder(*plain((90, 70, 50))), [[0, 0.6, 0.8]], rtol=1e-6)


def test_by_default_they_are_those_of_imagenet(network):
    # (channel / 255 - (.485, .456, .406)) / (.229, .224, .225), as torchvision has it.
    color = np.array([255, 0, 51]) / 255
    expected = (color - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    (embedding,) = ONNXEmbedder(network, size=SIZE)(*plain((51, 0, 255)))
    np.testing.assert_allclose(embedding, expected / np.linalg.norm(expected), rtol=1e-5)


@pytest.mark.parametrize('fixed', [None, 1, 3])
def test_any_number_of_boxes(tmp_path, fixed):
    path = mean_of_channels(tmp_path / 'mean.onnx', shape=(fixed or 'batch', 3, *SIZE))
    colors = [(10 * n, 200, 100 - 5 * n) for n in range(7)]
    embeddings = ONNXEmbedder(path, **PLAIN, batch_size=2)(*plain(*colors))
    expected = np.array(colors)[:, ::-1] / np.linalg.norm(colors, axis=1)[:, None]
    np.testing.assert_allclose(embeddings, expected, rtol=1e-6)
    assert embeddings.dtype == np.float32
    assert ONNXEmbedder(path, **PLAIN)(np.zeros((8, 8, 3), np.uint8), np.empty((0, 4))).shape == (
        (0, 3)
    )


def test_nothing_to_see_is_the_zero_vector(network):
    frame, boxes = plain(RED, BLUE)
    boxes[0] += 100
    # Black is not what the network is given for it, and a vector of zeros has no direction.
    shifted = ONNXEmbedder(network, size=SIZE, mean=(-9, -9, -9), std=(1, 1, 1))
    assert shifted(frame, boxes)[0].tolist() == [0, 0, 0]
    assert ONNXEmbedder(network, **PLAIN)(*plain((0, 0, 0))).tolist() == [[0, 0, 0]]


def test_copies_work_as_the_original(network):
    embedder = ONNXEmbedder(network, **PLAIN)
    for other in (copy.deepcopy(embedder), pickle.loads(pickle.dumps(embedder))):
        assert other(*plain(RED)).tolist() == [[1, 0, 0]]


def test_it_runs_on_as_many_threads_as_torch(network):
    import torch

    options = ONNXEmbedder(network, **PLAIN).session.get_session_options()
    assert options.intra_op_num_threads == torch.get_num_threads()


def error_cases(folder):
    text = folder / 'text.onnx'
    text.write_text('no network')
    identity = onnx.helper.make_node('Identity', ['images'], ['output'])
    reduce = onnx.helper.make_node('Reshape', ['images', 'shape'], ['output'])
    shape = onnx.helper.make_node(
        'Constant', [], ['shape'], value=onnx.numpy_helper.from_array(np.array([7, 5]))
    )
    long = onnx.TensorProto.INT64
    return {
        'no such file': (folder / 'no.onnx', {}, 'no.onnx'),
        'text': (text, {}, 'text.onnx: onnxruntime cannot read this network: '),
        'other size': (
            mean_of_channels(folder / 'a.onnx', shape=('batch', 3, 256, 128)),
            {},
            "ONNXEmbedder gives (N, 3, 8, 4) of float32, but the network takes images ['batch', 3, "
            '256, 128]',
        ),
        'grey': (
            mean_of_channels(folder / 'b.onnx', shape=(1, 1, *SIZE)),
            {},
            'takes images [1, 1',
        ),
        'whole numbers': (save(folder / 'c.onnx', identity, kind=long), {}, 'int64'),
        'maps': (save(folder / 'd.onnx', identity), {}, 'one vector a crop, (N, C). Got (1, 3, 8,'),
        'fails': (save(folder / 'e.onnx', shape, reduce), {}, 'the network fails: '),
        'std': (mean_of_channels(folder / 'f.onnx'), dict(std=(1, 0, 1)), "'std' above 0"),
        'mean': (folder / 'f.onnx', dict(mean=(1, 2)), 'three numbers each'),
        'batch size': (folder / 'f.onnx', dict(batch_size=0), "'batch_size' parameter of ONNXEmb"),
    }


CASES = (
    *('no such file', 'text', 'other size', 'grey', 'whole numbers', 'maps', 'fails', 'std'),
    *('mean', 'batch size'),
)


@pytest.mark.parametrize('case', CASES)
def test_a_mistake_is_one_line(case, tmp_path):
    cases = error_cases(tmp_path)
    assert set(cases) == set(CASES)
    path, options, words = cases[case]
    with pytest.raises((ValueError, OSError)) as error:
        ONNXEmbedder(path, **{**PLAIN, **options})
    assert words in str(error.value)
    assert '\n' not in str(error.value)


def test_without_onnxruntime_it_says_what_to_install(network, monkeypatch):
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)
    with pytest.raises(ValueError, match='pip install onnxruntime'):
        ONNXEmbedder(network, **PLAIN)


def test_a_real_network_equals_onnxruntime_run_by_hand(shared_data):
    path = shared_data / 'weights' / 'osnet_x0_25_msmt17.onnx'
    frame = np.random.default_rng(0).integers(0, 256, (200, 160, 3), dtype=np.uint8)
    frame = cv2.GaussianBlur(frame, (0, 0), 5)
    boxes = np.array([[10, 20, 50, 120], [100, 30, 160, 190], [-30, 150, 40, 260]])
    parts = [frame[20:120, 10:50], frame[30:190, 100:160], frame[150:200, 0:40]]
    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    by_hand = []
    for part in parts:
        rgb = cv2.cvtColor(cv2.resize(part, (128, 256)), cv2.COLOR_BGR2RGB) / 255
        normalised = (rgb - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
        images = np.moveaxis(normalised, 2, 0)[None].astype(np.float32)
        (vector,) = session.run(['output'], {'images': images})[0]
        by_hand.append(vector / np.linalg.norm(vector))
    embeddings = ONNXEmbedder(path, batch_size=2)(frame, boxes)
    assert embeddings.shape == (3, 512)
    np.testing.assert_allclose(embeddings, by_hand, atol=2e-6)
