"""The losses against recorded numbers, textbook formulas, and batches without objects."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.model import BaseModel
from torch.nn.functional import cross_entropy

from mmtrack_ext.models.losses import (
    FixedWeights,
    IdentityLoss,
    JointTrackLoss,
    UncertaintyWeights,
    joint_track_loss,
)
from mmtrack_ext.models.losses.center_losses import center_focal_loss

spec = importlib.util.spec_from_file_location(
    'loss_cases', Path(__file__).with_name('loss_cases.py')
)
cases = importlib.util.module_from_spec(spec)
spec.loader.exec_module(cases)

RUNS = ['focal_uncertainty', 'focal_uncertainty_b', 'ce_uncertainty', 'focal_fix']
NAMES = dict(embedding='identity', tot='loss')  # the original's: ours
SMALL = dict(num_ids=10, channels=8)


@pytest.fixture(scope='module')
def recording(root):
    return cases.Recording(root / 'tests' / 'data' / 'jointtracknet')


def criterion(recording, run):
    """With the recording's settings and classifier."""
    weights = dict(s_det=run['s_det'], s_id=run['s_id'])
    if run['multi_loss'] == 'fix':
        weights = dict(type='FixedWeights')
    loss = JointTrackLoss(
        identity=dict(num_ids=recording.expected['nID'], kind=run['embedding_loss']),
        task_weights=weights,
    )
    for name, value in loss.identity.classifier.named_parameters():
        value.data.copy_(torch.from_numpy(recording.arrays[f'classifier_{name}']))
    return loss


@pytest.mark.parametrize('name', RUNS)
def test_losses_and_gradients_equal_the_recorded_ones(recording, name):
    run = recording.expected['runs'][name]
    loss, outputs = criterion(recording, run), recording.outputs()
    found = loss(outputs, recording.samples())
    assert loss.identity.scale == pytest.approx(recording.expected['emb_scale'])
    for term, value in run['losses'].items():
        assert found[NAMES.get(term, term)].item() == pytest.approx(value, rel=1e-5), term
    found['loss'].backward()
    norms = {head: output.grad.norm().item() for head, output in outputs.items()}
    for parameter, value in loss.identity.classifier.named_parameters():
        norms[f'classifier_{parameter}'] = value.grad.norm().item()
    norms.update((s, value.grad.item()) for s, value in loss.task_weights.named_parameters())
    expected = {term: norm for term, norm in run['grad_norms'].items() if norm is not None}
    assert norms == pytest.approx(expected, rel=2e-5)  # recorded in float64


def test_without_objects_the_heat_map_is_all_there_is(recording):
    run = recording.expected['runs']['focal_uncertainty']
    samples = recording.samples()
    for sample in samples:
        sample.gt_centers = sample.gt_centers[:0]
    loss, outputs = criterion(recording, run), recording.outputs()
    found = loss(outputs, samples)
    expected = recording.expected['runs']['no_objects']['losses']
    assert found['hm'].item() == pytest.approx(expected['hm'], rel=1e-5)
    for term in ('reg', 'wh', 'ltrb_amodal', 'tracking', 'identity'):
        assert found[term].item() == 0
    # The recording has identities even here; without any, s_id does not take part.
    total = (math.exp(1.85) * expected['hm'] - 1.85) / 2
    assert found['loss'].item() == pytest.approx(total, rel=1e-5)
    found['loss'].backward()
    parameters = dict(loss.named_parameters())
    assert all(
        value.grad is not None and value.grad.isfinite().all() for value in parameters.values()
    )
    assert parameters['task_weights.s_id'].grad == 0
    assert all(output.grad.isfinite().all() for output in outputs.values())


def test_focal_loss_by_hand():
    """Logits of 0: each negative is 1/4 ln 2, each positive too; a cell of 1 that is none, 0."""
    heatmap = torch.zeros(1, 2, 1, 3)
    heatmap[0, 1] = torch.tensor([1.0, 0.5, 1.0])
    centers = tuple(torch.tensor([value, value]) for value in (0, 1, 0))  # two in one cell
    count = torch.tensor(2.0)
    found = center_focal_loss(torch.zeros(1, 2, 1, 3), heatmap, centers, count)
    assert found.item() == pytest.approx((3 + 0.5**4 + 2) * math.log(2) / 4 / 2)


def test_focal_loss_does_not_explode_at_the_ends():
    logits = torch.tensor([[[[200.0, -200.0]]]])
    heatmap = torch.tensor([[[[0.0, 1.0]]]])
    centers = (torch.tensor([0]), torch.tensor([0]), torch.tensor([1]))
    found = center_focal_loss(logits, heatmap, centers, torch.tensor(1.0))
    assert found.item() == pytest.approx(-2 * math.log(1e-4) * (1 - 1e-4) ** 2, rel=1e-3)


def test_l1_is_a_mean_over_coordinates_of_valid_objects():
    outputs = {name: torch.zeros(2, c, *cases.SHAPE) for name, c in cases.CHANNELS.items()}
    outputs['tracking'][0, 0] = 4.0  # |4 - 1|, in x of the first two objects
    found = JointTrackLoss()(
        outputs, [cases.small_sample(1, 2), cases.small_sample(3, valid=False)]
    )
    for name in ('reg', 'wh'):
        assert found[name].item() == pytest.approx(1, rel=1e-4)
    assert found['reg'].item() == pytest.approx(6 / (6 + 1e-4), rel=1e-6)
    assert found['tracking'].item() == pytest.approx((3 + 3 + 1 + 1) / 4, rel=1e-4)
    parts = [found[name].item() for name in ('hm', 'reg', 'wh', 'ltrb_amodal', 'tracking')]
    assert found['loss'].item() == pytest.approx(np.dot(parts, [1, 1, 0.1, 0.1, 1]), rel=1e-6)
    assert 'identity' not in found


@pytest.mark.parametrize(('detection', 'identity'), [(1.69556, 0.162246), (0.01, 40.0)])
def test_best_log_variance_is_the_log_of_the_loss(detection, identity):
    """The first pair is JointTrackNet's log, epoch 30, whose total is 0.354695."""
    weights = UncertaintyWeights(s_det=math.log(detection), s_id=math.log(identity))
    losses = torch.tensor(detection), torch.tensor(identity)
    total = weights(*losses, torch.tensor(1.0))
    assert total.item() == pytest.approx(
        (2 + math.log(detection) + math.log(identity)) / 2, abs=1e-6
    )
    if identity < 1:
        assert total.item() == pytest.approx(0.354695, abs=2e-5)
    total.backward()
    assert [s.grad.item() for s in weights.parameters()] == pytest.approx([0, 0], abs=1e-6)
    optimizer = torch.optim.SGD(weights.parameters(), lr=0.5)
    for s in weights.parameters():
        s.data += 0.7
    for _ in range(60):
        optimizer.zero_grad()
        weights(*losses, torch.tensor(1.0)).backward()
        optimizer.step()
    expected = [math.log(detection), math.log(identity)]
    assert [s.item() for s in weights.parameters()] == pytest.approx(expected, abs=1e-4)


def test_weights_at_first_are_those_of_the_initial_values():
    assert [w.item() for w in UncertaintyWeights().weights()] == pytest.approx(
        [3.18, 1.43], abs=5e-3
    )
    assert [w.item() for w in FixedWeights().weights()] == pytest.approx([1, 0.1])


def test_log_variance_stays_in_its_range_and_can_come_back():
    weights = UncertaintyWeights(s_det=-30.0, s_id=30.0)
    total = weights(torch.tensor(1.0), torch.tensor(1e6), torch.tensor(1.0))
    assert total.item() == pytest.approx((math.exp(10) - 10 + math.exp(-10) * 1e6 + 10) / 2)
    total.backward()
    assert weights.s_det.grad.item() == pytest.approx((1 - math.exp(10)) / 2)
    assert weights.s_id.grad.item() == pytest.approx((1 - math.exp(-10) * 1e6) / 2)


def test_softmax_loss_by_hand():
    loss = IdentityLoss(5, channels=2, kind='ce')
    embeddings = torch.tensor([[3.0, 4.0], [0.0, -2.0]])
    scaled = math.sqrt(2) * math.log(4) * torch.tensor([[0.6, 0.8], [0.0, -1.0]])
    identities = torch.tensor([4, 0])
    expected = cross_entropy(loss.classifier(scaled), identities)
    found = loss(embeddings, identities, torch.tensor(2.0))
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)


def test_scale_of_the_published_number_of_identities():
    assert IdentityLoss(1510).scale == pytest.approx(10.3509, abs=1e-4)
    assert IdentityLoss(1510).classifier.bias.unique().item() == pytest.approx(-4.5951, abs=1e-4)


@pytest.mark.parametrize('kind', ['focal', 'ce'])
def test_objects_without_identity_take_no_part(kind):
    loss = JointTrackLoss(identity=dict(kind=kind, **SMALL))
    outputs = cases.small_outputs(2)
    some = loss(outputs, [cases.small_sample(0, -1), cases.small_sample(-1)])
    one = loss.identity(outputs['embedding'][:1, :, 0, 0], torch.tensor([0]), torch.tensor(1.0))
    assert some['identity'].item() == pytest.approx(one.item(), rel=1e-6)
    none = loss(outputs, [cases.small_sample(-1, -1), cases.small_sample()])
    assert none['identity'].item() == 0
    none['loss'].backward()
    assert all(value.grad.isfinite().all() for value in loss.parameters())
    assert loss.identity.classifier.weight.grad.abs().max() == 0
    assert outputs['embedding'].grad.abs().max() == 0


def test_identity_beyond_the_classifier_is_refused():
    loss = JointTrackLoss(identity=SMALL)
    loss(cases.small_outputs(1), [cases.small_sample(0, 9)])
    with pytest.raises(ValueError, match=r'identity 10, .*built for 10: set .*num_ids .*least 11'):
        loss(cases.small_outputs(1), [cases.small_sample(0, 10)])


def test_only_the_total_is_minimised():
    loss = JointTrackLoss(identity=SMALL)
    found = loss(cases.small_outputs(1), [cases.small_sample(0, 9)])
    total, logged = BaseModel.parse_losses(None, found)
    assert total.item() == found['loss'].item()
    heads = {'hm', 'reg', 'wh', 'ltrb_amodal', 'tracking', 'identity'}
    assert set(logged) == heads | {'loss', 'task_weight_det', 'task_weight_id'}


def test_absent_heads_add_nothing_and_idle_ones_get_gradients_of_zero():
    outputs = cases.small_outputs(1)
    samples = [cases.small_sample(0, 1)]
    full = JointTrackLoss()(outputs, samples)
    full['loss'].backward()
    assert outputs['embedding'].grad.abs().max() == 0
    few = {name: outputs[name] for name in ('hm', 'wh')}
    found = JointTrackLoss()(few, samples)
    assert set(found) == {'loss', 'hm', 'wh'}
    expected = full['hm'] + 0.1 * full['wh']
    assert found['loss'].item() == pytest.approx(expected.item(), rel=1e-6)
    with pytest.raises(
        ValueError, match=r"gives no 'embedding': set model.criterion.identity=None"
    ):
        JointTrackLoss(identity=SMALL)(few, samples)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match=r"'head_weights' .* may have \['hm', 'reg'"):
        JointTrackLoss(head_weights=dict(depth=1.0))
    with pytest.raises(ValueError, match="'num_ids' parameter of IdentityLoss must be an int >= 3"):
        IdentityLoss(2)
    with pytest.raises(ValueError, match="'kind' parameter of IdentityLoss must be one of 'focal'"):
        IdentityLoss(9, kind='triplet')


def test_weights_of_heads_can_be_changed_one_by_one():
    outputs, samples = cases.small_outputs(1), [cases.small_sample(0, 1)]
    found = JointTrackLoss(head_weights=dict(hm=0.0, wh=2.0))(outputs, samples)
    expected = found['reg'] + 2 * found['wh'] + 0.1 * found['ltrb_amodal'] + found['tracking']
    assert found['loss'].item() == pytest.approx(expected.item(), rel=1e-6)


def test_everything_learned_is_saved():
    names = set(JointTrackLoss(identity=SMALL).state_dict())
    classifier = {'identity.classifier.weight', 'identity.classifier.bias'}
    assert names == classifier | {'task_weights.s_det', 'task_weights.s_id'}


def test_half_precision_is_computed_in_float32():
    loss = JointTrackLoss(identity=SMALL)
    samples = [cases.small_sample(0, 1)]
    halves = {name: maps.bfloat16() for name, maps in cases.small_outputs(1).items()}
    with torch.autocast('cpu', torch.bfloat16):
        found = loss(halves, samples)
    assert {value.dtype for value in found.values()} == {torch.float32}
    expected = loss({name: maps.float() for name, maps in halves.items()}, samples)
    for name, value in found.items():
        assert value.item() == expected[name].item()


def test_the_mean_over_processes_is_the_loss_of_the_whole_batch(monkeypatch):
    """Two processes share a batch out unevenly; the counts are exchanged as all_reduce does."""
    loss = JointTrackLoss(identity=SMALL)
    outputs = cases.small_outputs(2)
    shares = [cases.small_sample(0, 1, -1, 4), cases.small_sample(-1, valid=False)]
    whole = loss(outputs, shares)
    counts = []
    monkeypatch.setattr(
        joint_track_loss, 'reduce_mean', lambda tensor: counts.append(tensor) or tensor
    )
    halves = [{name: maps[i : i + 1] for name, maps in outputs.items()} for i in (0, 1)]
    for half, share in zip(halves, shares, strict=True):
        loss(half, [share])
    monkeypatch.setattr(joint_track_loss, 'reduce_mean', lambda _: sum(counts) / 2)
    monkeypatch.setattr(joint_track_loss, 'get_world_size', lambda: 2)
    parts = [loss(half, [share]) for half, share in zip(halves, shares, strict=True)]
    for name, value in whole.items():
        mean = sum(part[name].item() for part in parts) / 2
        assert mean == pytest.approx(value.item(), rel=1e-6), name


def test_heat_maps_of_other_classes_are_refused():
    outputs = cases.small_outputs(1)
    outputs['hm'] = outputs['hm'].expand(-1, 3, -1, -1)
    with pytest.raises(ValueError, match=r'\(3, 4, 6\), and CenterTargets \(1, 4, 6\): give'):
        JointTrackLoss()(outputs, [cases.small_sample(0)])
