"""RoIAlign against mmcv's compiled one and by hand."""

from __future__ import annotations

from functools import partial

import mmcv._ext
import pytest
import torch
from mmcv.ops import RoIAlign

from mmtrack_ext.ops import roi_align as roi_align_forms
from mmtrack_ext.ops import roi_bins
from mmtrack_ext.ops.roi_align import roi_align, roi_align_gradient, roi_align_max
from mmtrack_ext.ops.roi_bins import RoIAlignOptions

needs_stand_in = pytest.mark.skipif(
    mmcv._ext.__name__ == 'mmcv._ext', reason='the compiled mmcv stops, or computes in half'
)
TOLERANCE = 1e-6  # of the largest value; measured: 4e-7


def recorded_cases():
    return [(a, r, mode) for a in (0, 1) for r in (0, 2) for mode in ('avg', 'max')]


def test_every_recorded_case_is_read(recorded):
    cases = {key.split('/')[1] for key in recorded if key.startswith('roi_align/')}
    assert cases == {f'aligned{a}_ratio{r}_{mode}' for a, r, mode in recorded_cases()}


@pytest.mark.parametrize(('aligned', 'ratio', 'mode'), recorded_cases())
def test_recorded(recorded, relative_difference, aligned, ratio, mode):
    case = f'roi_align/aligned{aligned}_ratio{ratio}_{mode}'
    features = recorded['roi/features'].clone().requires_grad_()
    output_size = tuple(recorded[f'{case}/out'].shape[2:])
    output = RoIAlign(output_size, 0.25, ratio, mode, bool(aligned))(features, recorded['roi/rois'])
    (output * recorded[f'{case}/grad_weight']).sum().backward()
    assert relative_difference(output, recorded[f'{case}/out']) < TOLERANCE
    assert relative_difference(features.grad, recorded[f'{case}/grad']) < TOLERANCE


def ramp(height=12, width=16):
    """Features whose value is 100 y + x."""
    return (torch.arange(height)[:, None] * 100.0 + torch.arange(width))[None, None]


@pytest.mark.parametrize(('aligned', 'shift'), [(True, 0.5), (False, 0.0)])
def test_a_plane_gives_its_value_at_the_middle_of_each_bin(aligned, shift):
    layer = RoIAlign((2, 2), 0.5, 0, 'avg', aligned)
    output = layer(ramp(), torch.tensor([[0.0, 4, 6, 20, 14]]))
    # In features the box is 2..10 by 3..7, and its bins are 4 x 2.
    y, x = torch.tensor([4.0, 6]) - shift, torch.tensor([4.0, 8]) - shift
    torch.testing.assert_close(output[0, 0], y[:, None] * 100 + x)


def test_samples_outside_count_as_zero():
    # One bin from -6.5 to 1.5 with 8 samples at -6, -5 ... 1, of which -1, 0 and 1 read a one.
    layer = RoIAlign((1, 1), 1.0, 0, 'avg', True)
    output = layer(torch.ones(1, 1, 20, 20), torch.tensor([[0.0, -6, 4, 2, 6]]))
    assert output.item() == pytest.approx(3 / 8)


def test_maximum_takes_the_largest_sample():
    layer = RoIAlign((1, 1), 1.0, 2, 'max', True)
    features = ramp().requires_grad_()
    # The bin is 3..7 by 3..7 (minus .5); its samples are at 3.5 and 5.5 along both axes.
    output = layer(features, torch.tensor([[0.0, 3, 3, 7, 7]]))
    assert output.item() == pytest.approx(555.5 - 0)
    output.backward()
    corners = features.grad[0, 0, 5:7, 5:7]
    torch.testing.assert_close(corners, torch.full((2, 2), 0.25))
    assert features.grad.sum().item() == pytest.approx(1)


def test_boxes_read_their_own_image():
    features = torch.stack([torch.full((1, 8, 8), 1.0), torch.full((1, 8, 8), 2.0)])
    rois = torch.tensor([[1.0, 2, 2, 6, 6], [0, 2, 2, 6, 6]])
    assert RoIAlign(1)(features, rois).flatten().tolist() == [2, 1]


@needs_stand_in
@pytest.mark.parametrize(('mode', 'value'), [('avg', 0), ('max', -10000)])
@pytest.mark.parametrize(
    'box', [[5.0, 5, 5, 5], [9, 9, 3, 3], [float('nan'), 0, 4, 4], [0, 0, float('inf'), 4]]
)
def test_boxes_without_samples(mode, value, box):
    rois = torch.tensor([[0.0, *box], [0, 3, 3, 7, 7]])
    features = ramp().requires_grad_()
    output = RoIAlign(2, 1.0, 0, mode, True)(features, rois)
    assert (output[0] == value).all()
    output.sum().backward()
    assert features.grad.sum().item() == pytest.approx(4)  # of the other box


@pytest.mark.parametrize('mode', ['avg', 'max'])
def test_no_boxes(mode):
    features = ramp().requires_grad_()
    output = RoIAlign(7, 1.0, 0, mode)(features, torch.zeros(0, 5))
    assert output.shape == (0, 1, 7, 7)
    output.sum().backward()
    assert not features.grad.any()


def boxes_and_features(dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    features = torch.rand(2, 3, 6, 7, generator=generator, dtype=dtype)
    boxes = torch.tensor([[-3.0, 1.3, 9.2, 8.1], [2.1, 2.2, 4.7, 15], [0.3, 0.4, 13.7, 11.2]])
    return features, torch.cat([torch.tensor([[0.0], [1], [1]]), boxes], 1).to(dtype)


@pytest.mark.parametrize('mode', ['avg', 'max'])
@pytest.mark.parametrize('aligned', [True, False])
def test_gradient_in_double_precision(mode, aligned):
    features, rois = boxes_and_features()
    layer = RoIAlign((3, 2), 0.5, 0, mode, aligned)
    assert torch.autograd.gradcheck(
        partial(layer, rois=rois), features.requires_grad_(), fast_mode=True
    )


def test_parts_of_the_boxes_give_the_same(monkeypatch):
    features, rois = boxes_and_features()
    options = RoIAlignOptions((3, 2), 0.5, 0, True)
    whole = roi_align(features, rois, options)
    gradient = roi_align_gradient(whole, rois, features.shape, options)
    maxima = roi_align_max(features, rois, options)
    monkeypatch.setattr(roi_align_forms, 'MAX_ENTRIES', 1)
    monkeypatch.setattr(roi_bins, 'MAX_VALUES', 1)
    assert torch.equal(roi_align(features, rois, options), whole)
    torch.testing.assert_close(roi_align_gradient(whole, rois, features.shape, options), gradient)
    for part, all_at_once in zip(roi_align_max(features, rois, options), maxima, strict=True):
        assert torch.equal(part, all_at_once)


@needs_stand_in
@pytest.mark.parametrize('mode', ['avg', 'max'])
@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_single(mode, dtype):
    features, rois = (tensor.to(dtype) for tensor in boxes_and_features())
    layer = RoIAlign((3, 2), 0.5, 0, mode)
    halves = features.clone().requires_grad_()
    output = layer(halves, rois)
    output.sum().backward()
    singles = features.float().requires_grad_()
    expected = layer(singles, rois.float())
    expected.sum().backward()
    assert output.dtype == halves.grad.dtype == dtype
    assert torch.equal(output, expected.to(dtype))
    # mmcv keeps the places of the maxima in half precision.
    tolerance = dict(rtol=0, atol=0) if mode == 'avg' else dict(rtol=0, atol=0.02)
    torch.testing.assert_close(halves.grad, singles.grad.to(dtype), **tolerance)


@needs_stand_in
@pytest.mark.parametrize('mode', ['avg', 'max'])
def test_a_box_of_a_diverging_detector_neither_hangs_nor_fills_memory(mode):
    """A million kilometres; mmcv asks for one sample a pixel, 10**9 along each side of a bin."""
    layer = RoIAlign((2, 2), 1.0, 0, mode, True)
    output = layer(torch.ones(1, 1, 8, 8), torch.tensor([[0.0, -1e9, -1e9, 1e9, 1e9]]))
    assert output.abs().max() < 1e-4  # the map is nearly nothing of it
