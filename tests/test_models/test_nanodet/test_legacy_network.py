"""NanoDet-m: names, outputs and one training step of the original, number by number."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from mmtrack_ext.models.detectors import rename_nanodet_key
from mmtrack_ext.registry import MODELS

# bn_train: batch statistics; bn_eval: running statistics. The first has 36 samples a channel at
# the coarsest level, and so spreads more between machines. Measured by the recording's authors.
TOLERANCE = dict(
    bn_train=dict(raw=1e-3, loss=3e-5, few=5e-4, gradient=3e-3, every=1),
    bn_eval=dict(raw=1e-4, loss=1e-5, few=5e-5, gradient=3e-4, every=4),
)
LOSSES = ('loss_qfl', 'loss_bbox', 'loss_dfl')
OBJECTS = dict(nogt=[], onegt=[(0, 2)])  # as (image, row): none, and the tiny one of image 0


@pytest.fixture(scope='module')
def legacy(folder):
    """Arrays by name, without ``nanodet_m/``."""
    with np.load(folder / 'nanodet_m.npz') as arrays:
        return {name.removeprefix('nanodet_m/'): arrays[name] for name in arrays.files}


@pytest.fixture(scope='module')
def names(folder):
    """Shape of every entry of the original's state dict, by the original's name."""
    return json.loads((folder / 'family_keys.json').read_text(encoding='utf-8'))['nanodet_m']


@pytest.fixture(scope='module')
def settings(root):
    return Config.fromfile(root / 'configs' / '_base_' / 'models' / 'nanodet_m.py').model.to_dict()


@pytest.fixture(scope='module')
def make(settings, names, fill):
    """The network with the recording's weights."""
    filled = fill.fill_state(names)
    weights = {rename_nanodet_key(name): torch.from_numpy(filled[name]) for name in names}
    assert weights.pop(None) is not None  # ``gfl_reg``

    def run(**head):
        model = MODELS.build({**settings, 'bbox_head': {**settings['bbox_head'], **head}})
        model.load_state_dict(weights)
        return model

    return run


@pytest.fixture(scope='module')
def model(make):
    return make().eval()


@pytest.fixture(scope='module')
def image(fill, recorded):
    return torch.from_numpy(fill.make_image(int(recorded['meta/eval_seed'])))


@pytest.fixture(scope='module')
def images(fill, recorded):
    return torch.from_numpy(fill.make_image(int(recorded['meta/train_seed']), batch=3))


# ---- inference


def test_names_and_shapes_are_the_originals(model, names):
    ours = {name: list(value.shape) for name, value in model.state_dict().items()}
    theirs = {rename_nanodet_key(name): shape for name, shape in names.items()}
    assert theirs.pop(None) == [32]  # ``gfl_reg``, that the original never runs
    assert ours == theirs
    assert len(names) == 421
    assert sum(parameter.numel() for parameter in model.parameters()) == 950_036


def test_raw_outputs(model, image, legacy):
    with torch.no_grad():
        raw = model(image, mode='tensor')
        features = model.backbone(image)
        maps = dict(backbone=features, neck=model.neck(features))
    for part, outputs in maps.items():
        assert len(outputs) == 3
        for i, x in enumerate(outputs):
            expected = legacy[f'eval/{part}_{i}_chmean']
            np.testing.assert_allclose(x.mean(dim=(0, 2, 3)), expected, rtol=0, atol=5e-5)
    np.testing.assert_allclose(raw, legacy['eval/raw'], rtol=0, atol=1e-4)


@pytest.mark.parametrize('name', ['det_default', 'det_high'])
def test_whole_model_predicts(model, image, legacy, recorded, name, monkeypatch):
    warp = recorded['meta/warp_matrix']
    sample = DetDataSample(
        metainfo=dict(
            img_shape=(96, 128),
            scale_factor=(float(warp[0, 0]), float(warp[1, 1])),
            ori_shape=tuple(recorded['meta/ori_hw'].tolist()),
        )
    )
    limits = dict(
        score_thr=float(legacy[f'eval/{name}/score_thr']),
        max_per_img=int(legacy[f'eval/{name}/max_num']),
    )
    monkeypatch.setattr(model.bbox_head, 'test_cfg', {**model.bbox_head.test_cfg, **limits})
    with torch.no_grad():
        (sample,) = model(image, [sample], mode='predict')
    found, expected = sample.pred_instances, legacy[f'eval/{name}/mapped']
    found = found[found.labels.argsort(stable=True)]
    np.testing.assert_array_equal(found.labels, expected[:, 5])
    np.testing.assert_allclose(found.bboxes, expected[:, :4], rtol=0, atol=2e-3)
    np.testing.assert_allclose(found.scores, expected[:, 4], rtol=0, atol=1e-4)


# ---- training


@pytest.fixture(params=['bn_train', 'bn_eval'])
def norm(request):
    return request.param


@pytest.fixture
def step(make, images):
    """Forward and backward; returns the model, its losses, and what its head was given."""

    def run(norm, samples, **head):
        model = make(**head).train()
        if norm == 'bn_eval':
            for module in model.modules():
                if isinstance(module, torch.nn.BatchNorm2d):
                    module.eval()
        heard = []
        losses_of_head = model.bbox_head.losses

        def listen(predictions, targets):
            heard.extend([predictions, targets])
            return losses_of_head(predictions, targets)

        model.bbox_head.losses = listen
        losses = model(images, samples, mode='loss')
        sum(losses.values()).backward()
        predictions, targets = heard
        return SimpleNamespace(model=model, losses=losses, predictions=predictions, targets=targets)

    return run


def assert_losses(losses, legacy, prefix, rtol):
    assert tuple(losses) == LOSSES
    for name in LOSSES:
        expected = legacy[f'{prefix}/{name}']
        np.testing.assert_allclose(losses[name].detach(), expected, rtol=rtol, err_msg=name)
    total = sum(losses.values()).detach()
    np.testing.assert_allclose(total, legacy[f'{prefix}/loss_total'], rtol=rtol)


def test_step(step, make_samples, legacy, norm, checks):
    """Outputs, losses, positives, gradients and running statistics."""
    result, tolerance = step(norm, make_samples()), TOLERANCE[norm]
    class_logits, box_logits, _ = result.predictions
    raw = torch.cat([class_logits, box_logits], dim=2).detach()[:, :: tolerance['every']]
    np.testing.assert_allclose(raw, legacy[f'{norm}/raw'], rtol=0, atol=tolerance['raw'])
    assert_losses(result.losses, legacy, norm, tolerance['loss'])

    positive = result.targets.positive
    gt_index = legacy[f'{norm}/assign_gt_index']
    np.testing.assert_array_equal(positive, np.flatnonzero(gt_index.ravel() >= 0))
    per_image = torch.bincount(positive // 252, minlength=3)
    np.testing.assert_array_equal(per_image, legacy[f'{norm}/num_pos'])
    assert result.targets.num_positive == legacy[f'{norm}/qfl_norm'] == 15
    weights = class_logits.detach().flatten(0, 1)[positive].sigmoid().amax(dim=1)
    expected = legacy[f'{norm}/box_weight_sum']
    np.testing.assert_allclose(weights.sum(), expected, rtol=tolerance['loss'])

    checks.gradients(result.model, legacy, f'{norm}/gradnorm/', tolerance['gradient'])
    if norm == 'bn_train':
        checks.running_statistics(result.model, legacy)


@pytest.mark.parametrize('objects', OBJECTS)
def test_hardly_any_object_as_released(step, make_samples, legacy, norm, objects, checks):
    result = step(norm, make_samples(OBJECTS[objects]), compat_released=True)
    rtol = TOLERANCE[norm]['few']
    assert_losses(result.losses, legacy, f'{norm}/{objects}', rtol)
    total = checks.gradient_norms(result.model)['TOTAL']
    np.testing.assert_allclose(total, legacy[f'{norm}/{objects}/gradnorm/TOTAL'], rtol=rtol)
    if objects == 'nogt':
        assert total == 0
        return
    gt_index = legacy[f'{norm}/onegt/assign_gt_index'].ravel()
    np.testing.assert_array_equal(result.targets.positive, np.flatnonzero(gt_index >= 0))
    assert len(result.targets.positive) == 1
    assert result.targets.num_positive == legacy[f'{norm}/onegt/qfl_norm'] == 3
    (positive,) = result.predictions.class_logits.detach().flatten(0, 1)[result.targets.positive]
    expected = legacy[f'{norm}/onegt/box_weight_sum']
    np.testing.assert_allclose(positive.sigmoid().amax(), expected, rtol=rtol)


def test_no_object_by_default(step, make_samples, norm, checks):
    """The quality focal loss of the negatives, s^2 softplus(x), over three images."""
    result = step(norm, make_samples([]))
    logits = result.predictions.class_logits.detach().double()
    expected = (torch.nn.functional.softplus(logits) * logits.sigmoid() ** 2).sum() / 3
    np.testing.assert_allclose(result.losses['loss_qfl'].detach(), expected, rtol=1e-6)
    assert result.losses['loss_bbox'] == result.losses['loss_dfl'] == 0
    assert checks.gradient_norms(result.model)['TOTAL'] > 1


@pytest.mark.parametrize('compat_released', [False, True])
@pytest.mark.parametrize('only', [None, []])
def test_every_parameter_gets_a_gradient(
    make, make_samples, images, tmp_path, only, compat_released
):
    """DistributedDataParallel waits for each, and complains in the second step about the others."""
    distributed.init_process_group(
        'gloo', init_method=f'file://{tmp_path}/store', rank=0, world_size=1
    )
    try:
        model = DistributedDataParallel(make(compat_released=compat_released).train())
        for _ in range(2):
            sum(model(images, make_samples(only), mode='loss').values()).backward()
    finally:
        distributed.destroy_process_group()
    assert [name for name, value in model.named_parameters() if value.grad is None] == []


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_mixed_precision(make, images, make_samples, legacy, dtype):
    """Two to three digits, or three to four; the losses stay near those of single precision."""
    model = make().train()
    with torch.autocast('cpu', dtype=dtype):
        losses = model(images, make_samples(), mode='loss')
    total = sum(losses.values())
    total.backward()
    assert total.dtype == torch.float32
    np.testing.assert_allclose(total.detach(), legacy['bn_train/loss_total'], rtol=0.1)
    assert all(value.grad.isfinite().all() for value in model.parameters())


def test_initial_weights(settings):
    model = MODELS.build(settings)
    model.init_weights()
    last_bias = -np.log(0.99 / 0.01)  # a class score of 0.01, NanoDet's -4.595; of boxes, too
    for tower, last in zip(model.bbox_head.cls_convs, model.bbox_head.gfl_cls, strict=True):
        np.testing.assert_allclose(last.bias.detach(), last_bias, rtol=1e-6)
        weight = tower[1].pointwise_conv.conv.weight
        assert weight.std().item() == pytest.approx(0.01, rel=0.05)
