"""Backbones and necks of the family, piece by piece."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from mmengine.runner.checkpoint import load_state_dict

from mmtrack_ext.models.backbones import CustomCspNet, EfficientNetLite, RepVGG
from mmtrack_ext.models.backbones.efficientnet_lite import InvertedResidual
from mmtrack_ext.models.backbones.rep_vgg import RepVGGBlock, fuse_branches
from mmtrack_ext.models.necks import PAN, TAN
from mmtrack_ext.models.necks.tan import resize_positions

BN = dict(type='BN')


def block(in_channels, out_channels, *, stride=1, deploy=False):
    style = dict(norm_cfg=BN, act_cfg=dict(type='ReLU'))
    return RepVGGBlock(in_channels, out_channels, stride=stride, deploy=deploy, **style)


def trained(module):
    """Statistics and scales as training leaves them, away from 0 and 1."""
    generator = torch.Generator().manual_seed(0)
    for layer in module.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            for value, low, high in (
                (layer.weight.data, 0.5, 1.5), (layer.bias.data, -1, 1),
                (layer.running_mean, -1, 1), (layer.running_var, 0.5, 2),
            ):  # fmt: skip
                value.uniform_(low, high, generator=generator)
    return module.eval()


def test_one_kernel_from_three_branches():
    """By hand, of one channel: each branch is (x * kernel - mean) / sqrt(var) * weight + bias."""
    one = torch.ones(1)
    state = {
        'rbr_dense.0.weight': torch.arange(9.0).reshape(1, 1, 3, 3),
        'rbr_1x1.0.weight': torch.full((1, 1, 1, 1), 10.0),
    }
    for name, weight, bias, mean, var in (
        ('rbr_dense.1', 2, 1, 3, 3), ('rbr_1x1.1', 3, 5, 2, 8), ('rbr_identity', 6, 7, 4, 15),
    ):  # fmt: skip
        values = dict(weight=weight, bias=bias, running_mean=mean, running_var=var)
        state |= {f'{name}.{entry}': value * one for entry, value in values.items()}
    kernel, bias = fuse_branches(state, eps=1.0)
    # The factors weight / sqrt(var + eps) are 2/2, 3/3 and 6/4.
    assert kernel.flatten().tolist() == [0, 1, 2, 3, 4 + 10 + 1.5, 5, 6, 7, 8]
    assert bias.item() == (1 - 3) + (5 - 2) + (7 - 4 * 1.5)


@pytest.mark.parametrize(('channels', 'stride'), [((4, 4), 1), ((4, 6), 1), ((4, 4), 2)])
def test_block_in_deploy_form_equals_its_branches(channels, stride):
    branches = trained(block(*channels, stride=stride))
    assert (branches.rbr_identity is not None) == (channels == (4, 4) and stride == 1)
    x = torch.randn(2, channels[0], 7, 9, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = branches(x)
        loaded = block(*channels, stride=stride, deploy=True).eval()
        loaded.load_state_dict(branches.state_dict())
        branches.switch_to_deploy()
        branches.switch_to_deploy()  # changes nothing any more
        assert expected.std() > 0.1
        torch.testing.assert_close(branches(x), expected, rtol=0, atol=1e-5)
        torch.testing.assert_close(loaded(x), expected, rtol=0, atol=1e-5)
    assert [name for name, _ in branches.named_parameters()] == [
        'rbr_reparam.weight',
        'rbr_reparam.bias',
    ]


def test_deploy_form_takes_weights_of_either_form():
    """In the names of a whole model, by torch's loader and by mmengine's."""
    backbone = trained(RepVGG(out_stages=(1,)))
    weights = {f'backbone.{name}': value for name, value in backbone.state_dict().items()}
    before = dict(weights)
    switched = RepVGG(out_stages=(1,))
    switched.load_state_dict(backbone.state_dict())
    switched.switch_to_deploy()
    model = torch.nn.ModuleDict({'backbone': RepVGG(out_stages=(1,), deploy=True)})
    image = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    fused = {f'backbone.{name}': value for name, value in switched.state_dict().items()}
    for load in (model.load_state_dict, lambda x: load_state_dict(model, x, strict=True)):
        for given in (weights, fused):
            torch.nn.init.zeros_(model['backbone'].stage0.rbr_reparam.weight)
            load(given)
            with torch.no_grad():
                (expected,), (found,) = backbone(image), model['backbone'].eval()(image)
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    assert weights == before  # the caller's dict stays as it is


def test_incomplete_branches_are_missing_weights():
    weights = RepVGG().state_dict()
    del weights['stage3.7.rbr_identity.running_var']
    result = RepVGG(deploy=True).load_state_dict(weights, strict=False)
    assert result.missing_keys == [f'stage3.7.rbr_reparam.{name}' for name in ('weight', 'bias')]


def test_fused_weights_are_refused_by_branches():
    weights = RepVGG(deploy=True).state_dict()
    with pytest.raises(ValueError, match=r'^stage0\.rbr_reparam: .*set deploy=True.*$') as error:
        RepVGG().load_state_dict(weights)
    assert '\n' not in str(error.value)


# Blocks and channels of the stages, as published (EfficientNet-Lite's README and paper, table 1).
@pytest.mark.parametrize(
    ('arch', 'repeats', 'widths'),
    [
        ('lite0', [1, 2, 2, 3, 3, 4, 1], [16, 24, 40, 80, 112, 192, 320]),
        ('lite1', [1, 3, 3, 4, 4, 5, 1], [16, 24, 40, 80, 112, 192, 320]),
        ('lite2', [1, 3, 3, 4, 4, 5, 1], [16, 24, 48, 88, 120, 208, 352]),
    ],
)
def test_stages_of_efficientnet_lite(arch, repeats, widths):
    network = EfficientNetLite(arch)
    assert [len(stage) for stage in network.blocks] == repeats
    assert [stage[-1]._project_conv.out_channels for stage in network.blocks] == widths
    assert network.stem[0].out_channels == 32
    assert network.out_channels == (widths[2], widths[4], widths[6])
    norms = [layer for layer in network.modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    assert {(norm.eps, norm.momentum) for norm in norms} == {(1e-3, 0.01)}
    # From 0 for the first to almost 0.2 for the last: in equal steps over all blocks.
    rates = [block.drop.drop_prob for stage in network.blocks for block in stage]
    total = sum(repeats)
    np.testing.assert_allclose(rates, [0.2 * i / total for i in range(total)])


def test_drop_connect_leaves_out_whole_images_in_training_alone():
    style = dict(norm_cfg=BN, act_cfg=dict(type='ReLU6'))
    layer = InvertedResidual(4, 4, kernel_size=3, stride=1, expand=6, drop_rate=0.25, **style)
    layer = trained(layer)
    x = torch.randn(64, 4, 5, 5, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        branch = layer(x) - x
        layer.drop.train()  # the normalisations keep their statistics
        torch.manual_seed(0)
        change = layer(x) - x
    left_out = change.abs().amax(dim=(1, 2, 3)) < 1e-6
    assert 4 < left_out.sum() < 30  # 16 of 64 are expected
    torch.testing.assert_close(change[~left_out], branch[~left_out] / 0.75, rtol=1e-4, atol=1e-5)


def test_csp_stages_have_their_strides_and_widths():
    network = CustomCspNet(out_stages=(2, 3, 4, 5)).eval()
    with torch.no_grad():
        maps = network(torch.zeros(1, 3, 64, 96))
    shapes = [tuple(x.shape[1:]) for x in maps]
    assert shapes == [(64, 16, 24), (128, 8, 12), (256, 4, 6), (512, 2, 3)]
    assert network.out_channels == (64, 128, 256, 512)


def identity_pan():
    """A PAN of one channel whose lateral convolutions change nothing."""
    pan = PAN([1, 1, 1], 1)
    for layer in pan.lateral_convs:
        assert layer.norm is None
        torch.nn.init.ones_(layer.conv.weight)
        torch.nn.init.zeros_(layer.conv.bias)
    return pan


def test_pan_adds_coarse_to_fine_and_back():
    """Constant maps 1, 2, -4: down 1 + (2 - 4), 2 - 4, -4; then up -1, -2 - 1, -4 - 3."""
    maps = [torch.full((1, 1, *size), value) for size, value in (((8, 12), 1.0), ((4, 6), 2.0))]
    maps.append(torch.full((1, 1, 2, 3), -4.0))
    with torch.no_grad():
        outputs = identity_pan()(maps)
    assert [x.unique().tolist() for x in outputs] == [[-1], [-3], [-7]]
    assert [tuple(x.shape[2:]) for x in outputs] == [(8, 12), (4, 6), (2, 3)]


def test_pan_resizes_between_cell_centres():
    """To half the size each cell is the mean of four; to twice, a quarter of the way between."""
    fine = torch.arange(16.0).reshape(1, 1, 4, 4)
    middle, coarse = torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 1, 1)
    with torch.no_grad():
        outputs = identity_pan()([fine, middle, coarse])
        assert outputs[1].flatten().tolist() == [2.5, 4.5, 10.5, 12.5]
        assert outputs[2].item() == 7.5
        middle = torch.tensor([[0.0, 4.0], [0.0, 4.0]]).reshape(1, 1, 2, 2)
        outputs = identity_pan()([torch.zeros(1, 1, 4, 4), middle, coarse])
    assert outputs[0][0, 0, 0].tolist() == [0, 1, 3, 4]


def test_pan_takes_sizes_that_do_not_halve():
    with torch.no_grad():
        outputs = identity_pan()(
            [torch.ones(1, 1, 9, 7), torch.ones(1, 1, 5, 4), torch.ones(1, 1, 3, 2)]
        )
    for found, expected, size in zip(
        outputs, (3.0, 5.0, 6.0), ((9, 7), (5, 4), (3, 2)), strict=True
    ):
        torch.testing.assert_close(found, torch.full((1, 1, *size), expected))


def test_positions_are_resized_as_an_image_is():
    """A ramp down the rows and one along the columns stay ramps, at the new cells' centres."""
    rows, columns = torch.meshgrid(torch.arange(20.0), torch.arange(20.0), indexing='ij')
    embedding = torch.stack([rows, columns], dim=-1).reshape(400, 1, 2)
    assert resize_positions(embedding, (20, 20), (20, 20)) is embedding
    resized = resize_positions(embedding, (20, 20), (10, 40)).reshape(10, 40, 2)
    rows = 2 * torch.arange(10.0) + 0.5  # (i + 0.5) * 20 / 10 - 0.5
    columns = 0.5 * torch.arange(40.0) - 0.25
    inner = slice(4, -4)  # at the border nothing is beyond
    # Half way the cubic kernel is right by symmetry; a quarter on, with torch's -0.75, off by 3/64.
    torch.testing.assert_close(resized[inner, 20, 0], rows[inner])
    off = resized[5, inner, 1] - columns[inner]
    np.testing.assert_allclose(abs(off), 3 / 64, atol=1e-5)


def test_tan_without_attention_adds_resized_tokens():
    """With weights that let the positions through alone, each level is its own map plus those."""
    torch.manual_seed(0)
    tan = TAN([2, 2, 2], 2, feature_size=(2, 2), num_heads=1).eval()
    encoder = tan.transformer.encoders[0]
    for layer in (tan.transformer.conv.conv, encoder.attn.out_proj, encoder.mlp.fc2):
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    positions = torch.tensor([[0.0, 8], [4, 4], [0, 8], [4, 4]])  # (2 rows x 2 columns, channels)
    tan.pos_embed.data = positions[:, None]
    maps = [torch.randn(1, 2, size, size) for size in (4, 2, 1)]
    with torch.no_grad():
        own = [layer(x) for layer, x in zip(tan.lateral_convs, maps, strict=True)]
        added = [output - x for output, x in zip(tan(maps), own, strict=True)]
    torch.testing.assert_close(added[1][0, 0], torch.tensor([[0.0, 4], [0, 4]]))
    torch.testing.assert_close(added[0][0, 0], torch.tensor([[0.0, 1, 3, 4]] * 4))
    torch.testing.assert_close(added[0][0, 1], torch.tensor([[8.0, 7, 5, 4]] * 4))
    torch.testing.assert_close(added[2].flatten(), torch.tensor([2.0, 6]))


def test_tan_normalises_before_attention():
    """Tokens that are all the same: attention gives each the value of any, by hand."""
    tan = TAN([2, 2, 2], 2, feature_size=(2, 2), num_heads=1).eval()
    encoder = tan.transformer.encoders[0]
    for layer in (tan.transformer.conv.conv, encoder.mlp.fc2, encoder.attn.out_proj):
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    encoder.attn.in_proj_weight.data[4:] = torch.eye(2)  # rows of queries, keys, values
    encoder.attn.out_proj.weight.data = 10 * torch.eye(2)
    tan.pos_embed.data = torch.tensor([3.0, 7.0]).expand(4, 1, 2).clone()
    with torch.no_grad():
        tokens = tan.transformer(torch.zeros(1, 6, 2, 2), tan.pos_embed)
    deviation = math.sqrt(2**2 + 1e-5)  # of 3 and 7 around 5; LayerNorm's epsilon
    expected = torch.tensor([3 - 20 / deviation, 7 + 20 / deviation])
    torch.testing.assert_close(tokens, expected[None, :, None, None].expand(1, 2, 2, 2))


@pytest.mark.parametrize('backbone', [CustomCspNet, EfficientNetLite, RepVGG])
def test_pretrained_weights_come_from_init_cfg_alone(backbone, tmp_path):
    given = backbone()
    for value in given.parameters():
        torch.nn.init.constant_(value, 0.25)
    torch.save(given.state_dict(), tmp_path / 'a.pth')
    init_cfg = dict(type='Pretrained', checkpoint=str(tmp_path / 'a.pth'))
    filled = backbone(init_cfg=init_cfg)
    filled.init_weights()
    assert all((value == 0.25).all() for value in filled.parameters())


def test_mistakes_are_refused():
    with pytest.raises(ValueError, match=r"'out_stages' of CustomCspNet .* Got \(1, 2\)"):
        CustomCspNet(out_stages=(1, 2))
    with pytest.raises(ValueError, match=r"'arch' of EfficientNetLite .*lite2\. Got 'lite5'"):
        EfficientNetLite('lite5')
    with pytest.raises(ValueError, match=r"'out_stages' of EfficientNetLite must be among 0 to 6"):
        EfficientNetLite(out_stages=(7,))
    with pytest.raises(ValueError, match=r"'arch' of RepVGG must be one of A0\. Got 'B9'"):
        RepVGG('B9')
    with pytest.raises(ValueError, match=r"'out_stages' of RepVGG must be among 0 to 4"):
        RepVGG(out_stages=(5,))
    with pytest.raises(ValueError, match=r'PAN was built for 2 maps\. Got 1'):
        PAN([8, 8], 8)([torch.zeros(1, 8, 4, 4)])
    with pytest.raises(ValueError, match=r"'in_channels' of TAN must be three"):
        TAN([8, 8], 8)
    with pytest.raises(ValueError, match=r'TAN was built for 3 maps\. Got 1'):
        TAN([8, 8, 8], 8)([torch.zeros(1, 8, 4, 4)])
