"""Losses of embeddings against their definitions, worked examples and mmdet's."""

from __future__ import annotations

import math

import pytest
import torch
from torch.testing import assert_close

from mmtrack_ext.registry import MODELS

# isort: split
from mmtrack_ext.models.losses import MarginL2Loss, MultiPositiveContrastiveLoss

CASES = [(1, 1), (1, 9), (7, 12), (128, 64)]


def random_case(num_rows, num_columns, dtype=torch.float64):
    """Similarities, and positives in two of three rows, three in a row on average."""
    generator = torch.Generator().manual_seed(num_rows + num_columns)
    similarities = 3 * torch.randn(num_rows, num_columns, generator=generator, dtype=dtype)
    positive = torch.rand(num_rows, num_columns, generator=generator) < 3 / num_columns
    positive[::3] = False
    positive[-1, 0] = True
    return similarities.requires_grad_(), positive


def naive(similarities, positive):
    """The definition, row by row, with the matrix of all pairs."""
    losses = []
    for row, is_positive in zip(similarities, positive, strict=True):
        if is_positive.any():
            pairs = row[~is_positive][None, :] - row[is_positive][:, None]
            losses.append(torch.log1p(pairs.exp().sum()))
    return torch.stack(losses).mean()


@pytest.mark.parametrize(('num_rows', 'num_columns'), CASES)
def test_contrastive_value_and_gradient_equal_the_definition(num_rows, num_columns):
    similarities, positive = random_case(num_rows, num_columns)
    loss = MultiPositiveContrastiveLoss()(similarities, positive)
    (gradient,) = torch.autograd.grad(loss, similarities)
    expected = naive(similarities, positive)
    (expected_gradient,) = torch.autograd.grad(expected, similarities)
    assert_close(loss, expected, rtol=0, atol=1e-9)
    assert_close(gradient, expected_gradient, rtol=0, atol=1e-9)
    assert not gradient[~positive.any(1)].any()


def test_contrastive_by_hand():
    similarities = torch.tensor([[1.0, 3.0, 0.0], [5.0, -7.0, 2.0]])
    positive = torch.tensor([[1, 1, 0], [0, 0, 0]])
    expected = math.log(1 + math.exp(0 - 1) + math.exp(0 - 3))  # the second row has no positive
    loss = MultiPositiveContrastiveLoss()(similarities, positive)
    assert loss.item() == pytest.approx(expected)
    weighted = MultiPositiveContrastiveLoss(loss_weight=0.25)(similarities, positive)
    assert weighted.item() == pytest.approx(expected / 4)


def test_contrastive_row_without_negatives_costs_nothing_and_counts():
    similarities = torch.tensor([[1.0, 2.0], [0.0, 1.0]], requires_grad=True)
    loss = MultiPositiveContrastiveLoss()(similarities, torch.tensor([[1, 1], [1, 0]]))
    assert loss.item() == pytest.approx(math.log(1 + math.e) / 2)
    loss.backward()
    share = math.e / (1 + math.e) / 2  # of the sigmoid's slope at 1, half of it
    assert_close(similarities.grad, torch.tensor([[0.0, 0.0], [-share, share]]))


@pytest.mark.parametrize('shape', [(3, 4), (0, 4), (3, 0), (0, 0)])
@pytest.mark.parametrize('loss', [MultiPositiveContrastiveLoss(), MarginL2Loss()])
def test_without_positives_the_loss_is_zero_with_a_gradient(loss, shape):
    similarities = torch.ones(shape, requires_grad=True)
    value = loss(similarities, torch.zeros(shape))
    assert value.item() == 0
    value.backward()
    assert_close(similarities.grad, torch.zeros(shape))


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_contrastive_of_half_precision_is_that_of_the_same_numbers(dtype):
    similarities, positive = random_case(7, 12)
    half = (30 * similarities.detach()).to(dtype).requires_grad_()  # exp(30) is no float16
    loss = MultiPositiveContrastiveLoss()(half, positive)
    expected = naive(half.detach().double(), positive)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    loss.backward()
    assert torch.isfinite(half.grad).all()


def test_contrastive_equals_mmdet():
    similarities, positive = random_case(30, 40, torch.float32)
    theirs = MODELS.build(dict(type='MultiPosCrossEntropyLoss', _scope_='mmdet', loss_weight=0.25))
    weights = positive.any(1).float()
    expected = theirs(similarities, positive.int(), weights, avg_factor=weights.sum())
    ours = MultiPositiveContrastiveLoss(loss_weight=0.25)(similarities, positive)
    assert_close(ours, expected)


def test_margin_loss_by_hand():
    cosines = torch.tensor([[0.8, 0.9, 0.05, -1.0], [0.7, 0.2, 0.3, 0.4]])
    positive = torch.tensor([[1, 0, 0, 0], [0, 0, 0, 0]])
    # The three hardest negatives of the matrix, less 0.1, are 0.8, 0.6, 0.3.
    expected = (0.2**2 + 0.8**2 + 0.6**2 + 0.3**2) / 4
    assert MarginL2Loss()(cosines, positive).item() == pytest.approx(expected)
    hardest = (0.2**2 + 0.8**2) / 2
    one = MarginL2Loss(max_negatives_per_positive=1, loss_weight=2)(cosines, positive)
    assert one.item() == pytest.approx(2 * hardest)
    without = MarginL2Loss(negative_margin=0.0)(cosines, positive)
    assert without.item() == pytest.approx((0.2**2 + 0.9**2 + 0.7**2 + 0.4**2) / 4)


def test_margin_loss_takes_all_negatives_where_they_are_few():
    cosines = torch.tensor([[1.0, 0.5], [0.4, 1.0]])
    loss = MarginL2Loss()(cosines, torch.eye(2))
    assert loss.item() == pytest.approx((0.4**2 + 0.3**2) / 4)


def test_margin_loss_leaves_its_inputs_alone():
    cosines, positive = torch.tensor([[0.9, 0.8]]), torch.tensor([[1, 0]])
    MarginL2Loss()(cosines, positive)
    assert_close(cosines, torch.tensor([[0.9, 0.8]]))
    assert positive.tolist() == [[1, 0]]


@pytest.mark.parametrize(('clamp', 'value', 'slope'), [(True, 1.0, 0.0), (False, 2.25, -3.0)])
def test_positives_of_negative_cosine_learn_unless_clamped(clamp, value, slope):
    cosines = torch.tensor([[-0.5]], requires_grad=True)
    loss = MarginL2Loss(clamp_positives=clamp)(cosines, torch.ones(1, 1))
    loss.backward()
    assert (loss.item(), cosines.grad.item()) == pytest.approx((value, slope))


@pytest.mark.parametrize(('num_rows', 'num_columns'), CASES)
def test_margin_loss_equals_mmdet(num_rows, num_columns):
    similarities, positive = random_case(num_rows, num_columns, torch.float32)
    cosines = torch.tanh(similarities.detach() / 3).requires_grad_()
    theirs = MODELS.build(
        dict(
            type='MarginL2Loss',
            _scope_='mmdet',
            neg_pos_ub=3,
            pos_margin=0,
            neg_margin=0.1,
            hard_mining=True,
        )
    )
    expected = theirs(cosines.clone(), positive.int())
    (expected_gradient,) = torch.autograd.grad(expected, cosines)
    loss = MarginL2Loss()(cosines, positive)
    (gradient,) = torch.autograd.grad(loss, cosines)
    assert_close(loss, expected)
    assert_close(gradient, expected_gradient)
