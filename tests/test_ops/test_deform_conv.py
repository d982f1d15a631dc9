"""Deformable convolution against mmcv's compiled one, torch's ordinary one, and differences."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from mmcv.ops import DeformConv2d, ModulatedDeformConv2d, deform_conv2d, modulated_deform_conv2d
from torch.autograd import gradcheck

TOLERANCE = 1e-6  # of the largest value; measured: 5e-7


def cases(recorded, kind):
    found = {key.split('/')[1] for key in recorded if key.startswith(f'deform_conv_{kind}/')}
    assert found
    return sorted(found)


def recorded_layer(values, layer_class):
    names = 'in_channels out_channels kernel_size stride padding dilation groups deform_groups'
    options = dict(zip(names.split(), values['cfg'].tolist(), strict=True))
    layer = layer_class(**options, bias='bias' in values)
    layer.load_state_dict({key: values[key] for key in ('weight', 'bias') if key in values})
    return layer


@pytest.mark.parametrize(
    ('kind', 'layer_class'), [('v1', DeformConv2d), ('v2', ModulatedDeformConv2d)]
)
def test_recorded(recorded, relative_difference, kind, layer_class):
    for case in cases(recorded, kind):
        prefix = f'deform_conv_{kind}/{case}/'
        values = {k.removeprefix(prefix): v for k, v in recorded.items() if k.startswith(prefix)}
        layer = recorded_layer(values, layer_class)
        names = [name for name in ('x', 'offset', 'mask') if name in values]
        inputs = [values[name].clone().requires_grad_() for name in names]
        output = layer(*inputs)
        (output * values['grad_weight']).sum().backward()
        gradients = {f'grad_{n}': t.grad for n, t in zip(names, inputs, strict=True)}
        gradients |= {f'grad_{n[0]}': p.grad for n, p in layer.named_parameters()}
        assert set(gradients) | {'grad_weight'} == {k for k in values if k.startswith('grad_')}
        assert relative_difference(output, values['out']) < TOLERANCE, case
        for name, gradient in gradients.items():
            assert relative_difference(gradient, values[name]) < TOLERANCE, (case, name)


def random(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator, dtype=torch.float64) - 0.5


@pytest.mark.parametrize('groups', [1, 2])
def test_without_offsets_it_is_an_ordinary_convolution(groups):
    x, weight, bias = random(2, 4, 9, 8), random(6, 4 // groups, 3, 3, seed=1), random(6, seed=2)
    geometry = (2, 1), (0, 2), (1, 2), groups  # stride, padding, dilation
    expected = F.conv2d(x, weight, None, *geometry)
    offset = torch.zeros(2, 18 * 2, *expected.shape[2:], dtype=x.dtype)
    torch.testing.assert_close(deform_conv2d(x, offset, weight, *geometry, 2), expected)
    mask = torch.ones_like(offset[:, :18])
    output = modulated_deform_conv2d(x, offset, mask, weight, bias, *geometry, 2)
    torch.testing.assert_close(output, expected + bias[:, None, None])


@pytest.mark.parametrize(
    ('dy', 'dx', 'value'),
    [
        (0, 0, 12.0),
        (0.25, 0, 14.5),  # a quarter of the way to the line below
        (0, 0.5, 12.5),
        (-1.5, 0, 1.0),  # half of line 0, half of what is not there
        (-1, -2.75, 0.0),  # pixel -.75 of line 0: a quarter of pixel 0, which is 0
        (1.75, 2.75, 24 / 16),  # a quarter along each axis beyond the last pixel
        (-2, 0, 0.0),  # exactly -1
        (2, 0, 0.0),  # exactly the height
        (float('nan'), 0, 0.0),
    ],
)
def test_one_sample_by_hand(dy, dx, value):
    x = (torch.arange(3)[:, None] * 10.0 + torch.arange(5))[None, None]  # 10 y + x
    # One tap, of which the output pixel (1, 2) reads (1 + dy, 2 + dx).
    offset = torch.zeros(1, 2, 3, 5)
    offset[0, :, 1, 2] = torch.tensor([dy, dx])
    output = deform_conv2d(x, offset, torch.ones(1, 1, 1, 1))
    assert output[0, 0, 1, 2].item() == pytest.approx(value)


@pytest.mark.parametrize(
    ('dy', 'slope'), [(-2, 0.0), (-1.9, 2.0), (-1, 10.0), (0, 10.0), (1, -22.0), (2, 0.0)]
)
def test_slope_by_hand(dy, slope):
    """On an integer that to the right; none where a sample has left the map."""
    x = (torch.arange(3)[:, None] * 10.0 + torch.arange(5))[None, None]
    offset = torch.zeros(1, 2, 3, 5)
    offset[0, 0, 1, 2] = dy  # the sample (1 + dy, 2), of lines 2, 12 and 22
    offset.requires_grad_()
    deform_conv2d(x, offset, torch.ones(1, 1, 1, 1))[0, 0, 1, 2].backward()
    assert offset.grad[0, 0, 1, 2].item() == pytest.approx(slope)


@pytest.mark.parametrize(('groups', 'deform_groups'), [(1, 1), (2, 1), (1, 2), (2, 4)])
def test_gradients_in_double_precision(groups, deform_groups):
    x, weight = random(2, 4, 4, 5), random(2, 4 // groups, 3, 2, seed=1)
    size = F.conv2d(x, weight, None, 1, (1, 2), (2, 1), groups).shape[2:]
    offset = random(2, deform_groups * 12, *size, seed=2) * 4
    mask, bias = random(2, deform_groups * 6, *size, seed=3), random(2, seed=4)
    geometry = 1, (1, 2), (2, 1), groups, deform_groups
    tensors = [t.requires_grad_() for t in (x, offset, weight, mask, bias)]
    x, offset, weight, mask, bias = tensors
    for function, inputs in (
        (deform_conv2d, (x, offset, weight)),
        (modulated_deform_conv2d, (x, offset, mask, weight, bias)),
    ):
        assert gradcheck(lambda *t, f=function: f(*t, *geometry), inputs, fast_mode=True)


def test_images_at_a_time_do_not_matter():
    x, weight, offset = random(4, 2, 5, 5), random(2, 2, 3, 3), random(4, 18, 3, 3) * 3
    outputs = [deform_conv2d(x, offset, weight, 1, 0, 1, 1, 1, False, step) for step in (1, 2, 4)]
    torch.testing.assert_close(outputs[0], outputs[2])
    torch.testing.assert_close(outputs[1], outputs[2])


def test_wrong_shapes_are_refused():
    x, weight = torch.zeros(1, 2, 5, 5), torch.zeros(2, 2, 3, 3)
    with pytest.raises((ValueError, RuntimeError), match=r'offset'):
        deform_conv2d(x, torch.zeros(1, 9, 3, 3), weight)
