"""Weights out of exported files: of our own exports, and of the published ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmtrack_ext.model_zoo import convert_nanodet
from mmtrack_ext.model_zoo.folded import folded_state, recognise_folded
from mmtrack_ext.model_zoo.model_graph import model_layers
from mmtrack_ext.model_zoo.ncnn import read_ncnn

pytestmark = pytest.mark.filterwarnings('default')

SIZES = {'nanodet-plus-m_416.ncnn.param': 416}  # else 320
PUBLISHED = {
    'nanodet-plus-m_416.ncnn.param': ('NanoDet-Plus-m', 'float16'),
    'nanodet-m.ncnn.param': ('NanoDet-m', 'float16'),
    'nanodet_m.onnx': ('NanoDet-m', 'float32'),
    'nanodet_m_0.5x.onnx': ('NanoDet-m-0.5x', 'float32'),
}


class Raw(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, images):
        return self.model(images, mode='tensor')


def shuffled(model):
    """The model with norms that do something."""
    random = torch.Generator().manual_seed(0)
    for name, value in model.state_dict().items():
        if value.ndim == 1 and name.endswith(('weight', 'running_var')):
            value.copy_(0.5 + torch.rand(value.shape, generator=random))
        elif value.ndim == 1 and name.endswith(('bias', 'running_mean')):
            value.copy_(0.1 * torch.randn(value.shape, generator=random))
    return model


def export(model, path, size=64):
    images = torch.zeros(1, 3, size, size)
    torch.onnx.export(Raw(model).eval(), images, path, opset_version=17, dynamo=False)
    return path


@pytest.mark.parametrize(
    'name', ['NanoDet-m-0.5x', 'NanoDet-EfficientLite0', 'NanoDet-RepVGG-A0 (deploy form)']
)
def test_exported_and_back(name, zoo, tmp_path):
    """An export of random weights for three classes gives a network that computes the same."""
    model = shuffled(zoo.build(name, num_classes=3))
    converted = convert_nanodet(export(model, tmp_path / 'x.onnx'), zoo)
    assert (converted.network, converted.num_classes) == (name, 3)
    again = zoo.build(name, num_classes=3)
    again.load_state_dict(converted.state_dict)
    images = torch.randn(1, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected, found = model(images, mode='tensor'), again(images, mode='tensor')
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_norms_change_nothing_but_for_their_bias(zoo, tmp_path):
    """conv 1x1 w, norm (g, b, m, v): y = g (w x - m) / sqrt(v + eps) + b."""
    name = 'NanoDet-EfficientLite0'  # eps 1e-3 in the backbone
    model = shuffled(zoo.build(name))
    own = model.state_dict()
    state = convert_nanodet(export(model, tmp_path / 'x.onnx'), zoo).state_dict
    stem = {k.rpartition('.')[2]: v for k, v in own.items() if k.startswith('backbone.stem.1.')}
    factor = stem['weight'] / (stem['running_var'] + 1e-3).sqrt()
    torch.testing.assert_close(
        state['backbone.stem.0.weight'],
        own['backbone.stem.0.weight'] * factor[:, None, None, None],
    )
    bias = stem['bias'] - stem['running_mean'] * factor
    torch.testing.assert_close(state['backbone.stem.1.bias'], bias)
    assert (state['backbone.stem.1.weight'] == 1).all()
    assert not state['backbone.stem.1.running_mean'].any()
    assert (state['backbone.stem.1.running_var'] + 1e-3 == 1).all()
    assert state.keys() == own.keys()


def test_layers_of_plus(zoo):
    """106 convolutions with a norm, and the last of each of four levels."""
    layers = model_layers(zoo.template('NanoDet-Plus-m'))
    assert len(layers) == 110
    assert [x.convolution.name for x in layers if x.norm is None] == [
        f'bbox_head.gfl_cls.{level}' for level in range(4)
    ]
    assert (layers[0].convolution.name, layers[0].norm) == ('backbone.conv1.0', 'backbone.conv1.1')
    assert not any(x.convolution.name.startswith('aux_') for x in layers)


def test_a_transformer_is_not_read_from_exports(zoo):
    with pytest.raises(ValueError, match=r'its neck\.pos_embed; convert its checkpoint'):
        folded_state(zoo.template('NanoDet-t'), [])


def test_other_networks(zoo):
    layers = [layer.convolution for layer in model_layers(zoo.template('NanoDet-m'))]
    assert recognise_folded(layers, zoo) == ('NanoDet-m', 80)
    with pytest.raises(ValueError, match=r'its 72 convolutions .* are those of no network'):
        recognise_folded(layers[1:], zoo)
    with pytest.raises(ValueError, match=r'its 0 convolutions \(the first: none\)'):
        recognise_folded([], zoo)


@pytest.mark.parametrize('name', PUBLISHED)
def test_published_files_are_recognised(name, convert):
    network, kind = PUBLISHED[name]
    converted = convert(name)
    assert (converted.network, converted.num_classes) == (network, 80)
    assert converted.weights == f'batch norms folded, {kind}'
    meta = converted.checkpoint()['meta']
    assert meta == dict(network=network, source=name, classes=80, weights=converted.weights)


@pytest.mark.parametrize('name', ['nanodet_m.onnx', 'nanodet_m_0.5x.onnx'])
def test_equal_to_onnxruntime(name, convert, detector, weights_folder, frames, network_input):
    """Scores, and distances from the points to the sides: the files integrate them."""
    onnxruntime = pytest.importorskip('onnxruntime')
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # of weights among the inputs
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(weights_folder / name, options)
    model = detector(convert(name))
    head = model.bbox_head
    for frame in list(frames.values())[::4]:
        images = network_input(frame, 320)
        outputs = session.run(None, {'input.1': images.numpy()})
        scores, strides = np.concatenate(outputs[:3], axis=1), np.concatenate(outputs[3:], axis=1)
        with torch.no_grad():
            found = head.flatten(*head(model.extract_feat(images)))
            sides = head.integral(found.box_logits).reshape(1, -1, 4) * found.priors[:, 2:3]
        np.testing.assert_allclose(found.class_logits.sigmoid(), scores, rtol=0, atol=1e-5)
        pixels = strides * found.priors[:, 2:3].numpy()
        np.testing.assert_allclose(sides, pixels, rtol=0, atol=1e-3)
        assert scores[..., 0].max() > 0.5


@pytest.mark.parametrize('name', ['nanodet-plus-m_416.ncnn.param', 'nanodet-m.ncnn.param'])
def test_every_value_of_an_ncnn_file_is_used_once(name, convert, weights_folder):
    """The sums over all filters and over all biases are the file's."""
    found, _ = read_ncnn(weights_folder / name)
    state = convert(name).state_dict
    filters = sum(value.double().sum() for value in state.values() if value.ndim == 4)
    assert filters == pytest.approx(sum(x.weight.sum(dtype=float) for x in found), rel=1e-9)
    biases = sum(v.double().sum() for k, v in state.items() if k.endswith('.bias'))
    assert biases == pytest.approx(sum(x.bias.sum(dtype=float) for x in found), rel=1e-9)


def overlaps(boxes, others):
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    inside = (high - low).clip(min=0).prod(axis=2)
    areas = [(x[:, 2:] - x[:, :2]).prod(axis=1) for x in (boxes, others)]
    return inside / (areas[0][:, None] + areas[1] - inside)


def rows_of(path, frame):
    table = np.loadtxt(path, delimiter=',')
    table = table[table[:, 0] == frame]
    return np.c_[table[:, 2:4], table[:, 2:4] + table[:, 4:6]], table[:, 6]


def test_plus_finds_the_recorded_boxes(convert, detector, detect, frames, shared_data):
    """An independent program ran the same file: score from 0.05, NMS 0.6, persons, no cap."""
    model = detector(convert('nanodet-plus-m_416.ncnn.param'))
    path = shared_data / 'PETS09-S2L1/nanodet-plus_detections.txt'
    equal = []
    for number, frame in frames.items():
        boxes, scores = detect(model, frame, 416)
        expected, expected_scores = rows_of(path, number)
        assert len(boxes) == len(expected)
        strong = expected_scores > 0.3
        near = np.abs(boxes - expected[strong][:, None]).max(axis=2) <= 1
        near &= np.abs(scores - expected_scores[strong][:, None]) <= 0.01
        equal += near.any(axis=1).tolist()
    assert len(equal) == 102  # of 5,893 in the whole video
    assert np.mean(equal) >= 0.99


@pytest.mark.parametrize(
    ('name', 'seen'),
    [  # measured: 70, 67, 64 and 55 of the 77 persons
        ('nanodet-plus-m_416.ncnn.param', 68),
        ('nanodet-m.ncnn.param', 65),
        ('nanodet_m.onnx', 62),
        ('nanodet_m_0.5x.onnx', 53),
    ],
)
def test_people_are_seen(name, seen, convert, detector, detect, frames, shared_data):
    """Persons whom a box over score 0.4 overlaps by half; three boxes in four are on a person."""
    model, persons, found, boxes_over = detector(convert(name)), 0, 0, 0
    for number, frame in frames.items():
        boxes, scores = detect(model, frame, SIZES.get(name, 320))
        truth, _ = rows_of(shared_data / 'PETS09-S2L1/gt/gt.txt', number)
        overlap = overlaps(boxes[scores > 0.4], truth)
        found += (overlap.max(axis=0, initial=0) >= 0.5).sum()
        persons += len(truth)
        boxes_over += len(overlap)
    assert persons == 77
    assert found >= seen
    assert found > 0.75 * boxes_over
