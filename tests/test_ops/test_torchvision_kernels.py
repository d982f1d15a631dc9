"""Dispatch to torchvision, with its operators' declarations and our arithmetic behind them."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

import mmcv._ext
import pytest
import torch
from mmcv.ops import DeformConv2d, ModulatedDeformConv2d, RoIAlign, nms

from mmtrack_ext.ops import deform_conv, mmcv_extension, roi_align, torchvision_kernels
from mmtrack_ext.ops import nms as nms_forms
from mmtrack_ext.ops.deform_conv import ConvolutionOptions
from mmtrack_ext.ops.roi_bins import RoIAlignOptions

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec('torchvision') is not None or mmcv._ext is not mmcv_extension,
    reason='needs an installation without torchvision and without a compiled mmcv',
)

# As torchvision/csrc/ops/*.cpp declares them.
DECLARATIONS = {
    'nms': 'Tensor dets, Tensor scores, float iou_threshold',
    'roi_align': 'Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, '
    'SymInt pooled_width, int sampling_ratio, bool aligned',
    '_roi_align_backward': 'Tensor grad, Tensor rois, float spatial_scale, SymInt pooled_height, '
    'SymInt pooled_width, SymInt batch_size, SymInt channels, SymInt height, SymInt width, '
    'int sampling_ratio, bool aligned',
    'deform_conv2d': 'Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias, '
    'SymInt stride_h, SymInt stride_w, SymInt pad_h, SymInt pad_w, SymInt dilation_h, '
    'SymInt dilation_w, SymInt groups, SymInt offset_groups, bool use_mask',
}


class FakeTorchvision:
    """Implements the declarations and notes what was called."""

    def __init__(self):
        self.called = []

    def nms(self, dets, scores, iou_threshold):
        self.called.append('nms')
        return nms_forms.nms(dets, scores, iou_threshold)

    def roi_align(self, input, rois, scale, height, width, ratio, aligned):
        self.called.append('roi_align')
        options = RoIAlignOptions((height, width), scale, ratio, aligned)
        return roi_align.roi_align(input, rois, options).contiguous()

    def _roi_align_backward(self, grad, rois, scale, height, width, n, c, h, w, ratio, aligned):
        self.called.append('_roi_align_backward')
        options = RoIAlignOptions((height, width), scale, ratio, aligned)
        shape = torch.Size((n, c, h, w))
        return roi_align.roi_align_gradient(grad, rois, shape, options).contiguous()

    def deform_conv2d(self, input, weight, offset, mask, bias, *geometry):
        self.called.append('deform_conv2d')
        *pairs, groups, deform_groups, use_mask = geometry
        options = ConvolutionOptions(
            tuple(pairs[:2]), tuple(pairs[2:4]), tuple(pairs[4:]), groups, deform_groups
        )
        mask = mask if use_mask else None
        return deform_conv.deform_conv(input, offset, weight, options, mask=mask, bias=bias)


@pytest.fixture
def torchvision(monkeypatch):
    """A fake one that serves CPU tensors."""
    fake = FakeTorchvision()
    library = torch.library.Library('torchvision', 'FRAGMENT')
    for name, arguments in DECLARATIONS.items():
        library.define(f'{name}({arguments}) -> Tensor')
        library.impl(name, getattr(fake, name), 'CompositeImplicitAutograd')
    package, operators = ModuleType('torchvision'), ModuleType('torchvision.ops')
    operators.nms = fake.nms
    monkeypatch.setitem(sys.modules, 'torchvision', package)
    monkeypatch.setitem(sys.modules, 'torchvision.ops', operators)
    monkeypatch.setattr(torchvision_kernels, 'DEVICES', ('cpu',))
    torchvision_kernels.serve.cache_clear()
    yield fake
    torchvision_kernels.serve.cache_clear()
    library._destroy()


def test_it_serves_only_where_it_works(torchvision, monkeypatch):
    assert torchvision_kernels.serve('cpu')
    assert not torchvision_kernels.serve('cuda')
    torchvision_kernels.serve.cache_clear()

    def broken(*_):
        raise RuntimeError('operator torchvision::nms does not exist')

    monkeypatch.setattr(sys.modules['torchvision.ops'], 'nms', broken)
    assert not torchvision_kernels.serve('cpu')
    torchvision_kernels.serve.cache_clear()
    monkeypatch.setitem(sys.modules, 'torchvision', None)
    assert not torchvision_kernels.serve('cpu')


def test_on_a_cpu_it_is_never_asked():
    torchvision_kernels.serve.cache_clear()
    assert not torchvision_kernels.serve('cpu')


def test_nms_with_an_offset(torchvision):
    boxes = torch.tensor([[0.0, 0, 2, 2], [0, 0, 2, 1]])  # 3 x 3 and 3 x 2 pixels: IoU 2 / 3
    assert nms(boxes, boxes[:, 3], 0.6, offset=1)[1].tolist() == [0]
    assert nms(boxes, boxes[:, 3], 0.6, offset=0)[1].tolist() == [0, 1]
    assert torchvision.called == ['nms'] * 3  # one to see whether it works


def test_nms(torchvision, recorded):
    for case in ('2', '3'):  # offsets 0 and 1
        boxes, scores, keep = (recorded[f'nms/{case}/{k}'] for k in ('boxes', 'scores', 'keep'))
        options = float(recorded[f'nms/{case}/thr']), int(recorded[f'nms/{case}/offset'])
        assert nms(boxes, scores, *options)[1].tolist() == keep.tolist()
    assert torchvision.called == ['nms'] * 3  # one to see whether it works


def test_roi_align(torchvision, recorded, relative_difference):
    case = 'roi_align/aligned1_ratio0_avg'
    features = recorded['roi/features'].clone().requires_grad_()
    output = RoIAlign((7, 5), 0.25, 0, 'avg', True)(features, recorded['roi/rois'])
    (output * recorded[f'{case}/grad_weight']).sum().backward()
    assert relative_difference(output, recorded[f'{case}/out']) < 1e-6
    assert relative_difference(features.grad, recorded[f'{case}/grad']) < 1e-6
    assert torchvision.called == ['nms', 'roi_align', '_roi_align_backward']


def test_the_maximum_is_not_its_work(torchvision, recorded):
    RoIAlign((7, 5), 0.25, 0, 'max')(recorded['roi/features'], recorded['roi/rois'])
    assert torchvision.called == []


@pytest.mark.parametrize(('kind', 'layer'), [('v1', DeformConv2d), ('v2', ModulatedDeformConv2d)])
def test_deform_conv(torchvision, recorded, relative_difference, kind, layer):
    prefix = f'deform_conv_{kind}/1/'  # stride 2, 2 groups, 2 deformable groups
    values = {k.removeprefix(prefix): v for k, v in recorded.items() if k.startswith(prefix)}
    operator = layer(4, 4, 3, 2, 1, groups=2, deform_groups=2, bias='bias' in values)
    operator.load_state_dict({k: values[k] for k in ('weight', 'bias') if k in values})
    inputs = [values[name].clone() for name in ('x', 'offset', 'mask') if name in values]
    output = operator(*(tensor.requires_grad_() for tensor in inputs))
    (output * values['grad_weight']).sum().backward()
    assert relative_difference(output, values['out']) < 1e-6
    assert relative_difference(inputs[0].grad, values['grad_x']) < 1e-6
    assert relative_difference(inputs[1].grad, values['grad_offset']) < 1e-6
    assert relative_difference(operator.weight.grad, values['grad_w']) < 1e-6
    assert torchvision.called == ['nms', *['deform_conv2d'] * (3 if kind == 'v1' else 2)]
