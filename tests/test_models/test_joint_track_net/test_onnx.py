"""The network as an ONNX file."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmcv.ops import ModulatedDeformConv2d

from mmtrack_ext.models import onnx_track_net
from mmtrack_ext.models.onnx_export import write
from mmtrack_ext.models.onnx_track_net import TrackNetOutputs, export_track_net

onnx = pytest.importorskip('onnx')
pytest.importorskip('onnxruntime')

SIZE = (96, 64)


def run(path, inputs):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    names = [output.name for output in session.get_outputs()]
    found = session.run(None, {name: x.numpy() for name, x in inputs.items()})
    return dict(zip(names, found, strict=True))


def test_file_gives_the_recorded_maps(network, inputs, recorded, tmp_path):
    graph = TrackNetOutputs(network)
    assert export_track_net(graph, tmp_path / 'net.onnx', SIZE) < 1e-3
    found = run(tmp_path / 'net.onnx', dict(zip(graph.inputs, inputs, strict=True)))
    assert list(found) == ['embedding', 'hm', 'ltrb_amodal', 'reg', 'tracking', 'wh']
    found['embedding'] = found['embedding'][:, ::4]
    for head, map_ in found.items():
        np.testing.assert_allclose(map_, recorded[f'all__{head}'], rtol=0, atol=1e-3)
    model = onnx.load(str(tmp_path / 'net.onnx'))
    onnx.checker.check_model(model)
    assert [x.name for x in model.graph.input] == ['img', 'prev_img', 'prior_heatmap']
    assert model.opset_import[0].version == 19
    kinds = [node.op_type for node in model.graph.node]
    assert kinds.count('DeformConv') == 2 * (1 + 2 + 3 + 2)  # proj and node of every step
    assert {node.domain for node in model.graph.node} == {''}


def test_without_a_heat_map_the_file_gives_what_the_original_gives_without(
    network, inputs, recorded, tmp_path
):
    graph = TrackNetOutputs(network, prior_heatmap=False)
    export_track_net(graph, tmp_path / 'net.onnx', (192, 128), free_size=False)
    found = run(tmp_path / 'net.onnx', dict(img=inputs[0], prev_img=inputs[1]))
    np.testing.assert_allclose(found['hm'], recorded['nohm__hm'], rtol=0, atol=1e-3)


def test_plain_nodes_need_no_deformable_convolution(make_network, tmp_path):
    network = make_network(
        backbone=dict(depth='tiny', use_prior_heatmap=False), neck=dict(node='conv'),
        head=dict(head_channels=16, heads=('hm', 'wh')),
    ).eval()  # fmt: skip
    graph = TrackNetOutputs(network)
    assert (graph.inputs, graph.outputs) == (('img', 'prev_img'), ('hm', 'wh'))
    export_track_net(graph, tmp_path / 'net.onnx', SIZE)
    model = onnx.load(str(tmp_path / 'net.onnx'))
    assert model.opset_import[0].version == 17
    assert 'DeformConv' not in {node.op_type for node in model.graph.node}


@pytest.mark.parametrize('bias', [True, False])
def test_geometry_of_a_deformable_convolution(bias, tmp_path):
    torch.manual_seed(0)
    conv = ModulatedDeformConv2d(
        4, 6, (3, 2), stride=(1, 2), padding=(2, 1), dilation=(2, 1), groups=2, deform_groups=2,
        bias=bias,
    )  # fmt: skip

    class Tuple(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = conv

        def forward(self, *inputs):
            return (self.conv(*inputs),)

    x = torch.randn(2, 4, 7, 8)
    inputs = dict(x=x, offset=torch.randn(2, 24, 7, 5), mask=torch.rand(2, 12, 7, 5))
    write(Tuple(), inputs, tmp_path / 'conv.onnx', free_size=False)
    found = run(tmp_path / 'conv.onnx', inputs)['output']
    expected = conv(*inputs.values()).detach().numpy()
    assert np.abs(expected).max() > 0.5
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_a_file_that_differs_is_refused(make_network, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_track_net, 'TOLERANCE', 0.0)
    network = make_network(backbone=dict(depth='tiny'), head=dict(head_channels=8)).eval()
    with pytest.raises(ValueError, match=r"the export differs from torch by \S+ in '\w+'"):
        export_track_net(TrackNetOutputs(network), tmp_path / 'net.onnx', SIZE)
