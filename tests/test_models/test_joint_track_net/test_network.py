"""The network computes what the original computes, and trains."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmdet.models import ResNet

from mmtrack_ext.models.backbones import DLANet
from mmtrack_ext.models.necks import DLAUpNeck
from mmtrack_ext.models.necks.dla_up_neck import Node, bilinear_kernel, bilinear_upsampling
from mmtrack_ext.models.tracking_heads.joint_track_head import JointTrackHead

VARIANTS = {'all': 3, 'nohm': 2, 'imgonly': 1}  # of the recording, and how many inputs they have
TINY = dict(backbone=dict(depth='tiny'), head=dict(head_channels=16, embedding_channels=8))


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_numbers_of_arrays_and_parameters(network, shapes):
    assert (len(shapes), len(network.state_dict())) == (422, 422 - 12)
    assert count(network) == 20_136_363 - 41_728  # the original without its dead projections
    parts = network.neck.dla_up, network.neck.ida_up, *network.bbox_head.children()
    heads = [147_969, 148_226, 148_226, 148_740, 148_226, 180_608]
    assert [count(part) for part in parts] == [3_515_012, 425_324, *heads]


@pytest.mark.parametrize(
    ('depth', 'millions'), [('34', 15.74), (60, 22.04), ('102', 33.27), ('169', 53.39)]
)
def test_sizes_of_the_family(depth, millions):
    # As timm publishes them (Apache-2.0); it leaves the dead projections out, too.
    with torch.device('meta'):
        backbone = DLANet(depth, use_prev_img=False, use_prior_heatmap=False)
    classifier = (backbone.out_channels[-1] + 1) * 1000
    assert round((count(backbone) + classifier) / 1e6, 2) == millions


@pytest.mark.parametrize('variant', VARIANTS)
def test_raw_outputs(network, inputs, recorded, variant):
    outputs = network(*inputs[: VARIANTS[variant]])
    assert list(outputs) == ['hm', 'reg', 'wh', 'ltrb_amodal', 'tracking', 'embedding']
    outputs['embedding'] = outputs['embedding'][:, :: 4 if variant == 'all' else 8]
    for head, found in outputs.items():
        # float32 against float64 differs by up to 5e-5
        np.testing.assert_allclose(found, recorded[f'{variant}__{head}'], rtol=0, atol=2e-4)


def test_zeros_differ_from_nothing(network, inputs, recorded):
    img, prev_img, heatmap = inputs
    zeros = network(img, prev_img, torch.zeros_like(heatmap))
    difference = np.abs(zeros['hm'].numpy() - recorded['nohm__hm']).max()
    assert difference == pytest.approx(0.16, abs=0.005)  # measured on the original
    without = network(img, None, heatmap)['hm']
    assert np.abs(without.numpy() - recorded['all__hm']).max() > 0.1


@pytest.mark.parametrize('node', ['dcn', 'conv'])
def test_every_parameter_gets_a_gradient(make_network, node):
    network = make_network(**TINY, neck=dict(node=node))
    frame = torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    outputs = network(frame, frame.flip(0), frame[:, :1])
    assert {tuple(map_.shape[2:]) for map_ in outputs.values()} == {(16, 24)}
    sum(map_.square().mean() for map_ in outputs.values()).backward()
    assert [name for name, p in network.named_parameters() if p.grad is None] == []


def test_neck_and_head_take_another_backbone():
    backbone = ResNet(18)
    neck = DLAUpNeck((64, 128, 256, 512), node='conv')
    head = JointTrackHead(neck.out_channels, head_channels=8, heads=('hm',))
    outputs = head(neck(backbone(torch.ones(2, 3, 64, 96))))
    assert outputs['hm'].shape == (2, 1, 16, 24)
    outputs['hm'].sum().backward()
    parameters = [*backbone.named_parameters(), *neck.named_parameters()]
    assert [name for name, p in parameters if p.grad is None] == []


def test_stems_that_are_not_there_have_no_parameters_and_take_nothing():
    backbone = DLANet('tiny', use_prev_img=False, use_prior_heatmap=False).eval()
    assert not [name for name in backbone.state_dict() if name.startswith('pre_')]
    frame = torch.zeros(1, 3, 32, 32)
    assert [len(map_[0]) for map_ in backbone(frame)] == [32, 48, 64, 96]
    with pytest.raises(ValueError, match=r"use_prev_img=False, and has no stem for the 'prev_img'"):
        backbone(frame, frame)
    with pytest.raises(ValueError, match='use_prior_heatmap=True'):
        backbone(frame, None, frame[:, :1])


def test_first_weights(make_network):
    network = make_network()
    head = network.bbox_head
    assert torch.sigmoid(head.hm[2].bias).item() == pytest.approx(0.01, abs=1e-4)
    for name in ('reg', 'wh', 'ltrb_amodal', 'tracking', 'embedding'):
        layers = getattr(head, name)
        assert not layers[0].bias.any()
        assert not layers[2].bias.any()
    offsets = [x for name, x in network.named_parameters() if '.conv_offset.' in name]
    assert len(offsets) == 2 * 2 * (1 + 2 + 3 + 2)
    assert not any(x.any() for x in offsets)


def test_a_new_deformable_node_is_half_a_convolution():
    node = Node(3, 5, node='dcn').eval()  # no offset; masks of sigmoid(0)
    x = torch.randn(2, 3, 7, 6)
    plain = torch.nn.functional.conv2d(x, node.conv.weight / 2, node.conv.bias, padding=1)
    torch.testing.assert_close(node(x), torch.relu(plain / (1 + 1e-5) ** 0.5))


@pytest.mark.parametrize('factor', [2, 4])
def test_upsampling_starts_as_interpolation(factor):
    ramp = torch.arange(6.0).expand(1, 2, 6, 6)
    with torch.no_grad():
        large = bilinear_upsampling(2, factor)(ramp)
    assert large.shape == (1, 2, 6 * factor, 6 * factor)
    # A pixel's middle is at (place + 0.5) / factor - 0.5 of the small map.
    inside = torch.arange(factor, 5 * factor)
    expected = (inside + 0.5) / factor - 0.5
    torch.testing.assert_close(large[0, 0, 3 * factor, inside], expected)


def test_bilinear_kernel_by_hand():
    assert bilinear_kernel(4).tolist() == [0.25, 0.75, 0.75, 0.25]
    assert bilinear_kernel(8).tolist() == [x / 8 for x in (1, 3, 5, 7, 7, 5, 3, 1)]


def test_gradients_of_a_deformable_node():
    torch.manual_seed(0)
    node = Node(2, 2, node='dcn').double().eval()
    torch.nn.init.normal_(node.conv.conv_offset.weight, std=0.05)
    torch.nn.init.normal_(node.conv.conv_offset.bias, std=0.3)  # no sample on an integer, a kink
    node.actf[1] = torch.nn.Softplus()  # as smooth as finite differences need it
    names = [name for name, _ in node.named_parameters()]
    assert 'conv.conv_offset.weight' in names

    def run(x, *parameters):
        return torch.func.functional_call(node, dict(zip(names, parameters, strict=True)), (x,))

    x = torch.randn(1, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(run, (x, *node.parameters()), eps=1e-6, atol=1e-6)


def test_trains_in_half_precision(make_network):
    network = make_network(**TINY)
    frame = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    full = network(frame, frame.flip(0), frame[:, :1])
    with torch.autocast('cpu', torch.bfloat16):
        half = network(frame, frame.flip(0), frame[:, :1])
        loss = sum(map_.float().square().mean() for map_ in half.values())
    loss.backward()
    for head, map_ in half.items():
        assert map_.dtype == torch.bfloat16
        # eight bits of mantissa, through two dozen layers
        assert (map_ - full[head]).abs().mean() < 0.05 * full[head].std() + 0.02, head
    assert all(p.grad.isfinite().all() for p in network.parameters())


@pytest.mark.parametrize(
    ('build', 'words'),
    [
        (lambda: DLANet('46'), "'depth' of DLANet must be one of tiny, 34, 60, 102, 169. Got '46'"),
        (lambda: DLANet('34', levels=(1, 1)), 'six integers >= 1'),
        (lambda: DLAUpNeck(node='gcn'), "one of dcn, conv. Got 'gcn'"),
        (lambda: DLAUpNeck((64, 128)), 'three maps or more'),
        (lambda: DLAUpNeck()([torch.zeros(1)]), 'built for 4 maps. Got 1'),
        (lambda: JointTrackHead(heads=('wh',)), "must be 'hm' and others of hm, reg"),
        (lambda: JointTrackHead(heads=('hm', 'depth')), r"Got \['hm', 'depth'\]"),
    ],
)
def test_mistakes_are_told(build, words):
    with pytest.raises(ValueError, match=words):
        build()


def test_heads_are_those_asked_for():
    head = JointTrackHead(8, num_classes=3, head_channels=4, heads=('hm', 'wh'))
    outputs = head(torch.zeros(2, 8, 5, 6))
    assert {name: tuple(x.shape) for name, x in outputs.items()} == {
        'hm': (2, 3, 5, 6),
        'wh': (2, 2, 5, 6),
    }
