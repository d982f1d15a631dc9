"""The sigmoid focal loss against its definition."""

from __future__ import annotations

import math

import mmcv._ext
import pytest
import torch
from mmcv.ops import SigmoidFocalLoss

pytestmark = pytest.mark.skipif(
    mmcv._ext.__name__ == 'mmcv._ext', reason='the compiled mmcv has no focal loss for CPU tensors'
)


def definition(logits, target, gamma, alpha, weight=None):
    """-alpha_t (1 - p_t)^gamma log p_t, Lin et al. 2017, equation 5."""
    one_hot = torch.zeros_like(logits)
    rows = (target >= 0) & (target < logits.shape[1])
    one_hot[rows.nonzero()[:, 0], target[rows]] = 1
    p = logits.sigmoid()
    p_t = torch.where(one_hot > 0, p, 1 - p)
    alpha_t = torch.where(one_hot > 0, alpha, 1 - alpha)
    loss = -alpha_t * (1 - p_t) ** gamma * p_t.log()
    if weight is not None:
        factors = torch.ones(len(target), dtype=logits.dtype)
        factors[rows] = weight[target[rows]]
        loss = loss * factors[:, None]
    return loss


@pytest.mark.parametrize('weighted', [False, True])
@pytest.mark.parametrize(('gamma', 'alpha'), [(2.0, 0.25), (0.0, 0.5), (1.5, 0.75)])
def test_definition_and_gradient(gamma, alpha, weighted):
    generator = torch.Generator().manual_seed(0)
    logits = (torch.randn(30, 5, generator=generator, dtype=torch.float64) * 3).requires_grad_()
    target = torch.randint(-1, 6, (30,), generator=generator)  # 5 and -1 are background
    weight = torch.rand(5, generator=generator, dtype=torch.float64) if weighted else None
    expected = definition(logits, target, gamma, alpha, weight).sum()
    (wanted,) = torch.autograd.grad(expected, logits)
    loss = SigmoidFocalLoss(gamma, alpha, weight, 'sum')(logits, target)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-12)
    torch.testing.assert_close(gradient, wanted, rtol=1e-10, atol=1e-12)


def test_by_hand():
    # p = 1/2 everywhere: positive .25 * .25 * ln 2, negative .75 * .25 * ln 2.
    loss = SigmoidFocalLoss(2.0, 0.25, None, 'none')(torch.zeros(1, 2), torch.tensor([0]))
    assert loss[0].tolist() == pytest.approx([math.log(2) / 16, 3 * math.log(2) / 16])


def test_extreme_logits_stay_finite():
    logits = torch.tensor([[200.0, -200.0]], requires_grad=True)
    loss = SigmoidFocalLoss(2.0, 0.25, None, 'sum')(logits, torch.tensor([1]))
    loss.backward()
    # log p is cut at the smallest single, 2^-126: .25 * 126 ln 2 + .75 * 126 ln 2
    assert loss.item() == pytest.approx(126 * math.log(2), rel=1e-5)
    assert logits.grad.isfinite().all()
