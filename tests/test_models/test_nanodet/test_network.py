"""The network computes what the original computes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmtrack_ext.models.backbones import ShuffleNetV2
from mmtrack_ext.models.backbones.shufflenet_v2 import channel_shuffle
from mmtrack_ext.models.detectors import rename_nanodet_key
from mmtrack_ext.models.necks import GhostPAN
from mmtrack_ext.registry import MODELS


@pytest.fixture(scope='module')
def model(build):
    return build().eval()


@pytest.fixture(scope='module')
def image(fill, recorded):
    return torch.from_numpy(fill.make_image(int(recorded['meta/eval_seed'])))


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_names_and_shapes_are_the_originals(model, shapes):
    ours = {name: list(value.shape) for name, value in model.state_dict().items()}
    assert ours == {rename_nanodet_key(name): shape for name, shape in shapes.items()}
    assert len(ours) == 887


def test_numbers_of_parameters(model):
    assert count(model) == 4_330_904
    assert count(model.backbone) + count(model.neck) + count(model.bbox_head) == 1_197_924


def test_numbers_of_parameters_of_the_wide_network(config):
    wide = config.model.to_dict()
    wide['backbone']['model_size'] = '1.5x'
    wide['neck'].update(in_channels=[176, 352, 704], out_channels=128)
    wide['bbox_head']['in_channels'] = 128
    wide = MODELS.build(wide)
    assert count(wide) == 7_962_196
    assert count(wide.backbone) + count(wide.neck) + count(wide.bbox_head) == 2_477_792


def test_number_of_parameters_of_the_narrow_backbone():
    # torchvision's 0.5x has 1,366,792, of which conv5 (with its norm) 198,656 and fc 1,025,000
    assert count(ShuffleNetV2('0.5x')) == 1_366_792 - 198_656 - 1_025_000


def test_raw_outputs(model, image, recorded):
    with torch.no_grad():
        raw = model(image, mode='tensor')
    np.testing.assert_allclose(raw, recorded['eval/raw'], rtol=0, atol=1e-4)


@pytest.mark.parametrize('part', ['backbone', 'neck'])
def test_channel_means(model, image, recorded, part):
    with torch.no_grad():
        maps = model.backbone(image)
        maps = model.neck(maps) if part == 'neck' else maps
    assert len(maps) == {'backbone': 3, 'neck': 4}[part]
    for i, features in enumerate(maps):
        means = features.mean(dim=(0, 2, 3))
        np.testing.assert_allclose(
            means, recorded[f'eval/{part}_{i}_chmean'], rtol=0, atol=5e-5, err_msg=str(i)
        )


def test_inference_does_not_run_the_auxiliary_branch(build, image, recorded):
    model = build().eval()
    del model.aux_neck, model.aux_bbox_head
    with torch.no_grad():
        raw = model(image, mode='tensor')
    np.testing.assert_allclose(raw, recorded['eval/raw'], rtol=0, atol=1e-4)


def test_initial_weights(config):
    model = MODELS.build(config.model)
    model.init_weights()
    state = model.state_dict()
    last_bias = -np.log(0.99 / 0.01)  # a class score of 0.01, NanoDet's -4.595
    for level in range(4):
        np.testing.assert_allclose(state[f'bbox_head.gfl_cls.{level}.bias'], last_bias, rtol=1e-6)
    np.testing.assert_allclose(state['aux_bbox_head.gfl_cls.bias'], last_bias, rtol=1e-6)
    assert not state['aux_bbox_head.gfl_reg.bias'].any()
    for name in ('bbox_head.cls_convs.0.1.pointwise_conv.conv', 'aux_bbox_head.cls_convs.2.conv'):
        assert state[f'{name}.weight'].std() == pytest.approx(0.01, rel=0.05)
    assert state['backbone.conv1.0.weight'].std() == pytest.approx(0.01, rel=0.1)
    # 1 / (232 / 2) in a 1x1 convolution of stage 3
    assert state['backbone.stage3.1.branch2.0.weight'].std() == pytest.approx(1 / 116, rel=0.05)
    assert (state['backbone.stage2.0.branch1.1.bias'] == torch.tensor(1e-4)).all()
    for name, value in model.neck.state_dict().items():  # the same to begin with
        assert torch.equal(value, state[f'aux_neck.{name}'])
        assert value.data_ptr() != state[f'aux_neck.{name}'].data_ptr()


def test_channel_shuffle_deals_cards():
    x = torch.arange(12).view(1, 6, 2, 1)
    assert channel_shuffle(x, 3)[0, :, 0, 0].tolist() == [0, 4, 8, 2, 6, 10]


def test_level_sizes_are_rounded_up_beyond_stride_32(model):
    with torch.no_grad():
        maps = model.neck(model.backbone(torch.zeros(1, 3, 160, 288)))
    sizes = [tuple(x.shape[2:]) for x in maps]
    assert sizes == [(20, 36), (10, 18), (5, 9), (3, 5)]


def test_mistakes_are_refused():
    with pytest.raises(ValueError, match=r"'model_size' of ShuffleNetV2 must be .* Got '3x'"):
        ShuffleNetV2('3x')
    with pytest.raises(ValueError, match=r"'out_stages' of ShuffleNetV2"):
        ShuffleNetV2(out_stages=(1, 2))
    with pytest.raises(ValueError, match=r"'num_extra_levels' of GhostPAN must be 0 or 1"):
        GhostPAN([8, 8], 8, num_extra_levels=2)
    with pytest.raises(ValueError, match=r'built for 2 maps\. Got 1'):
        GhostPAN([8, 8], 8)([torch.zeros(1, 8, 4, 4)])


@pytest.mark.parametrize('prefix', ['', 'detector.'])
def test_a_file_for_inference_may_lack_the_auxiliary_branch_as_a_whole(build, prefix):
    model = build()
    holder = model if not prefix else torch.nn.ModuleDict({'detector': model})
    state = {f'{prefix}{name}': value for name, value in model.state_dict().items()}
    main = {name: value for name, value in state.items() if 'aux_' not in name}
    assert len(main) == 645
    assert holder.load_state_dict(main, strict=False).missing_keys == []
    holder.load_state_dict(main)
    one = f'{prefix}aux_bbox_head.gfl_cls.bias'
    assert len(holder.load_state_dict({**main, one: state[one]}, strict=False).missing_keys) > 200
    of_network = f'{prefix}bbox_head.gfl_cls.0.bias'
    del main[of_network]
    assert holder.load_state_dict(main, strict=False).missing_keys == [of_network]
