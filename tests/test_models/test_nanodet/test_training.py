"""One training step of the original, number by number."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from mmtrack_ext.models.dense_heads import NanoDetPlusHead
from mmtrack_ext.models.dense_heads.point_decoding import PointPredictions
from mmtrack_ext.registry import MODELS

# bn_train: batch statistics; bn_eval: running statistics. The first has twelve samples a channel at
# the coarsest level, and so spreads more between machines.
TOLERANCE = dict(
    bn_train=dict(raw=1e-3, loss=3e-5, few=5e-4, gradient=3e-3),
    bn_eval=dict(raw=1e-4, loss=1e-5, few=5e-5, gradient=3e-4),
)
LOSSES = [f'{aux}loss_{name}' for aux in ('', 'aux_') for name in ('qfl', 'bbox', 'dfl')]
OBJECTS = dict(nogt=[], onegt=[(0, 2)])  # as (image, row): none, and the tiny one of image 0


@pytest.fixture(params=['bn_train', 'bn_eval'])
def norm(request):
    return request.param


@pytest.fixture
def images(fill, recorded):
    return torch.from_numpy(fill.make_image(int(recorded['meta/train_seed']), batch=3))


@pytest.fixture
def step(build, images):
    """Forward and backward; returns the model, its losses, and what its heads were given."""

    def run(norm, samples, *, detach_epoch=10):
        model = build(detach_epoch=detach_epoch).train()
        if norm == 'bn_eval':
            for module in model.modules():
                if isinstance(module, torch.nn.BatchNorm2d):
                    module.eval()
        heard = []
        losses_of_head = model.bbox_head.losses

        def listen(predictions, targets):
            heard.append((predictions, targets))
            return losses_of_head(predictions, targets)

        model.bbox_head.losses = listen
        losses = model(images, samples, mode='loss')
        sum(losses.values()).backward()
        (main, targets), (aux, aux_targets) = heard
        assert targets is aux_targets
        return SimpleNamespace(model=model, losses=losses, main=main, aux=aux, targets=targets)

    return run


def raw(predictions):
    return torch.cat([predictions.class_logits, predictions.box_logits], dim=2).detach()


def assert_losses(losses, recorded, prefix, rtol):
    for name in LOSSES:
        expected = recorded[f'{prefix}/{name}']
        np.testing.assert_allclose(losses[name].detach(), expected, rtol=rtol, err_msg=name)
    total = sum(losses.values()).detach()
    np.testing.assert_allclose(total, recorded[f'{prefix}/loss_total'], rtol=rtol)
    assert set(losses) == set(LOSSES)


def test_step(step, make_samples, recorded, norm, checks):
    """Outputs, losses, positives and gradients of the joint training."""
    result, tolerance = step(norm, make_samples()), TOLERANCE[norm]
    every = 1 if norm == 'bn_train' else 4  # which points were recorded
    for name, predictions in (('raw', result.main), ('aux_raw', result.aux)):
        np.testing.assert_allclose(
            raw(predictions)[:, ::every], recorded[f'{norm}/{name}'], rtol=0, atol=tolerance['raw']
        )
    assert_losses(result.losses, recorded, norm, tolerance['loss'])
    checks.gradients(result.model, recorded, f'{norm}/gradnorm_joint/', tolerance['gradient'])
    if norm == 'bn_train':
        checks.running_statistics(result.model, recorded)


def test_detached_step(step, make_samples, recorded, norm, checks):
    """From ``detach_epoch`` on, the same losses and other gradients."""
    result, tolerance = step(norm, make_samples(), detach_epoch=0), TOLERANCE[norm]
    assert_losses(result.losses, recorded, norm, tolerance['loss'])
    checks.gradients(result.model, recorded, f'{norm}/gradnorm_detached/', tolerance['gradient'])


def test_normalisers(step, make_samples, recorded, norm):
    result, rtol = step(norm, make_samples()), TOLERANCE[norm]['loss']
    positive = result.targets.positive
    assert result.targets.num_positive == recorded[f'{norm}/qfl_norm']
    np.testing.assert_array_equal(
        torch.bincount(positive // 256, minlength=3), recorded[f'{norm}/num_pos']
    )
    for name, predictions in (('', result.main), ('aux_', result.aux)):
        scores = predictions.class_logits.detach().sigmoid().flatten(0, 1)
        weight_sum = scores[positive].max(dim=1).values.sum()
        np.testing.assert_allclose(weight_sum, recorded[f'{norm}/{name}box_weight_sum'], rtol=rtol)


@pytest.mark.parametrize('objects', OBJECTS)
def test_hardly_any_object(step, make_samples, recorded, norm, objects, checks):
    result, rtol = step(norm, make_samples(OBJECTS[objects])), TOLERANCE[norm]['few']
    assert_losses(result.losses, recorded, f'{norm}/{objects}', rtol)
    total = checks.gradient_norms(result.model)['TOTAL']
    np.testing.assert_allclose(total, recorded[f'{norm}/{objects}/gradnorm/TOTAL'], rtol=rtol)
    if objects == 'onegt':
        assert result.targets.num_positive == recorded[f'{norm}/onegt/qfl_norm'] == 1
        assert len(result.targets.positive) == recorded[f'{norm}/onegt/box_weight_sum'] == 0
        assert (recorded[f'{norm}/onegt/assign_gt_index'] == -1).all()


@pytest.fixture(scope='module')
def recorded_step(recorded, as_maps):
    """The recorded outputs of both heads, fed to assignment and losses alone."""
    head = NanoDetPlusHead(80, 96)

    def predictions(name) -> PointPredictions:
        return head.flatten(*as_maps(torch.from_numpy(recorded[f'bn_train/{name}'])))

    return SimpleNamespace(head=head, main=predictions('raw'), aux=predictions('aux_raw'))


def test_losses_of_recorded_outputs(recorded_step, make_samples, recorded):
    """Without the network's own rounding every term agrees to seven digits."""
    head = recorded_step.head
    targets = head.targets(recorded_step.aux, make_samples())
    losses = head.losses(recorded_step.main, targets)
    losses |= {f'aux_{k}': v for k, v in head.losses(recorded_step.aux, targets).items()}
    assert_losses(losses, recorded, 'bn_train', 5e-7)


def test_assignment_of_recorded_outputs(recorded_step, make_samples, recorded):
    head, aux = recorded_step.head, recorded_step.aux
    boxes = head.decode(aux.box_logits, aux.priors)
    for i, sample in enumerate(make_samples()):
        points = InstanceData(priors=aux.priors, bboxes=boxes[i], scores=aux.class_logits[i])
        result = head.assigner.assign(points, sample.gt_instances)
        np.testing.assert_array_equal(result.gt_inds - 1, recorded['bn_train/assign_gt_index'][i])
        np.testing.assert_allclose(
            result.max_overlaps, recorded['bn_train/assign_iou'][i], rtol=0, atol=1e-6
        )


def test_assignment_in_the_step(step, make_samples, recorded):
    targets = step('bn_eval', make_samples()).targets
    gt_index = recorded['bn_eval/assign_gt_index'].ravel()
    np.testing.assert_array_equal(targets.positive, np.flatnonzero(gt_index >= 0))
    np.testing.assert_allclose(
        targets.overlaps, recorded['bn_eval/assign_iou'].ravel(), rtol=0, atol=2e-4
    )
    boxes = np.stack(
        [recorded[f'meta/gt_bboxes_{i // 256}'][gt_index[i]] for i in targets.positive]
    )
    np.testing.assert_array_equal(targets.boxes, boxes)
    assert targets.label_weights.all()


def test_own_predictions_decide_without_auxiliary_head(
    build, config, images, make_samples, weights
):
    model = MODELS.build({**config.model.to_dict(), 'aux_bbox_head': None})
    model.load_state_dict({k: v for k, v in weights.items() if not k.startswith('aux_')})
    losses = model.train()(images, make_samples(), mode='loss')
    assert set(losses) == {'loss_qfl', 'loss_bbox', 'loss_dfl'}
    sum(losses.values()).backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_every_parameter_gets_a_gradient_without_objects(step, make_samples):
    """DistributedDataParallel waits for each."""
    model = step('bn_train', make_samples([])).model
    assert [name for name, value in model.named_parameters() if value.grad is None] == []


def test_ignored_points_do_not_count(recorded_step, make_samples):
    """An ignored region over an image without objects takes all its points out of the loss."""
    head = NanoDetPlusHead(
        80, 96, train_cfg=dict(assigner=dict(type='DSLAssigner', ignore_iof_thr=0.5))
    )
    sample = DetDataSample()
    sample.gt_instances = make_samples()[2].gt_instances
    one = PointPredictions(
        recorded_step.aux.class_logits[2:],
        recorded_step.aux.box_logits[2:],
        recorded_step.aux.priors,
    )
    assert head.losses(one, head.targets(one, [sample]))['loss_qfl'] > 1
    sample.ignored_instances = InstanceData(bboxes=torch.tensor([[-999.0, -999, 999, 999]]))
    losses = head.losses(one, head.targets(one, [sample]))
    assert losses['loss_qfl'] == 0
    released = recorded_step.head  # ignored regions are off
    assert released.losses(one, released.targets(one, [sample]))['loss_qfl'] > 1


def test_mixed_precision(build, images, make_samples, recorded):
    """bfloat16 has two to three digits; the losses stay near those of single precision."""
    model = build().train()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = model(images, make_samples(), mode='loss')
    for loss in losses.values():
        assert loss.dtype == torch.float32
        assert loss.isfinite()
    np.testing.assert_allclose(
        sum(losses.values()).detach(), recorded['bn_train/loss_total'], rtol=0.1
    )
