"""Every network of the family starts as it should, and learns with all of its parameters."""

from __future__ import annotations

import math

import pytest
import torch
from mmcv.cnn.bricks import DropPath
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.structures import InstanceData

from mmtrack_ext.registry import MODELS

NAMES = (
    'plus_m', 'plus_m_1_5x', 'm', 'm_0_5x', 'm_1_5x', 't', 'g', 'efficientlite0', 'efficientlite1',
    'efficientlite2', 'repvgg_a0',
)  # fmt: skip


def path_of(root, name):
    return root / f'configs/_base_/models/nanodet_{name}.py'


class KeepGradients(OptimWrapper):
    """An optimizer's wrapper that leaves the gradients of its step to be looked at."""

    def zero_grad(self, **_) -> None:
        pass


@pytest.fixture(params=NAMES)
def model(request, root):
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(path_of(root, request.param)).model)
    model.init_weights()
    for module in model.modules():
        if isinstance(module, DropPath):
            module.drop_prob = 0.0  # a block left out of both images learns nothing
    return model.train()


@pytest.fixture
def batch():
    """Two noisy images of 64 x 64, the first with two objects."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8, generator=generator)
    samples = []
    for boxes in ([[4.0, 6, 40, 60], [20, 20, 60, 50]], []):
        sample = DetDataSample(metainfo=dict(img_shape=(64, 64)))
        sample.gt_instances = InstanceData(
            bboxes=torch.tensor(boxes).reshape(-1, 4), labels=torch.arange(len(boxes))
        )
        samples.append(sample)
    return dict(inputs=list(images), data_samples=samples)


def test_one_step_reaches_each_parameter(model, batch):
    """None is without a gradient, for which DistributedDataParallel would wait."""
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    losses = model.train_step(batch, KeepGradients(optimizer))
    assert {'loss', 'loss_qfl', 'loss_bbox', 'loss_dfl'} <= losses.keys()
    assert all(0 < loss.item() < 100 for loss in losses.values())

    frozen = {name for name, value in model.named_parameters() if not value.requires_grad}
    has_transformer = type(model.neck).__name__ == 'TAN'
    unused = {f'neck.transformer.linear.{entry}' for entry in ('weight', 'bias')}
    assert frozen == (unused if has_transformer else set())
    # The scale of a level without objects gets a gradient of 0.
    still = frozen | {name for name in before if name.startswith('aux_bbox_head.scales')}
    for name, value in model.named_parameters():
        assert (value.grad is None) == (name in frozen), name
        if name not in still:
            assert torch.isfinite(value.grad).all(), name
            assert value.grad.any(), name
    # Some gradients are lost beside a scale of 1, those of the first and the last layer are not.
    for name in (next(iter(before)), 'bbox_head.gfl_cls.0.bias'):
        assert not torch.equal(model.get_parameter(name), before[name]), name


@pytest.mark.parametrize(
    ('name', 'bias_of', 'std_of', 'std'),
    [
        # Kaiming, fan out: sqrt(2 / (9 * 256)) of a 3x3 convolution to 256 channels
        ('g', None, 'backbone.stages.5.in_conv.conv', math.sqrt(2 / 2304)),
        ('efficientlite0', None, 'backbone.blocks.6.0._project_conv', math.sqrt(2 / 320)),
        # torch: uniform within sqrt(1 / (9 * 192)), of which the deviation is that / sqrt(3)
        ('repvgg_a0', None, 'backbone.stage3.5.rbr_dense.0', math.sqrt(1 / 1728 / 3)),
        # Xavier, uniform: sqrt(2 / (464 + 96))
        ('m', 'neck.lateral_convs.2.conv', 'neck.lateral_convs.2.conv', math.sqrt(2 / 560)),
        ('t', 'neck.transformer.encoders.0.mlp.fc1', 'neck.transformer.encoders.0.mlp.fc1', 0.02),
    ],
)
def test_initial_weights(root, name, bias_of, std_of, std):
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(path_of(root, name)).model)
    model.init_weights()
    state = model.state_dict()
    assert state[f'{std_of}.weight'].std() == pytest.approx(std, rel=0.03)
    if bias_of:
        assert not state[f'{bias_of}.bias'].any()
    if name == 't':
        assert state['neck.pos_embed'].std() == pytest.approx(0.02, rel=0.03)
