"""Contrastive loss with several positives in a row."""

from __future__ import annotations

import torch
from mmengine.model import BaseModule
from torch import Tensor
from torch.nn import functional

from mmtrack_ext.registry import MODELS


@MODELS.register_module()
class MultiPositiveContrastiveLoss(BaseModule):
    """The loss of QDTrack's embeddings (Pang et al. 2021, equation 5).

    A row ``s`` with positives ``P`` and negatives ``N`` costs
    ``log(1 + sum over p in P and n in N of exp(s[n] - s[p]))``. The double sum is a product of two
    sums, so the loss is ``softplus(logsumexp(s[N]) + logsumexp(-s[P]))``: the same number without
    the matrix of all pairs that the released programs make (mmdet 3.3,
    ``multipos_cross_entropy_loss.py``). The loss is the mean over the rows that have a positive;
    such a row without negatives costs 0.

    Args:
        loss_weight: factor of the loss (QDTrack: 0.25).
    """

    def __init__(self, *, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    def forward(self, similarities: Tensor, positive: Tensor) -> Tensor:
        """The loss, a scalar; 0 where no row has a positive. In float32 at least.

        Args:
            similarities: (P, N) products of embeddings.
            positive: (P, N) bool, or numbers that are not 0, which of them are of one object.
        """
        similarities = at_least_float32(similarities)
        positive = positive.bool()
        counted = positive.any(1)
        costly = counted & ~positive.all(1)
        if not costly.any():
            return similarities.sum() * 0  # which every parameter has a part in
        similarities, positive = similarities[costly], positive[costly]
        negatives = similarities.masked_fill(positive, -torch.inf).logsumexp(1)
        positives = (-similarities).masked_fill(~positive, -torch.inf).logsumexp(1)
        total = functional.softplus(negatives + positives).sum()
        return self.loss_weight * total / counted.sum()


def at_least_float32(tensor: Tensor) -> Tensor:
    """Half precision widened: exponentials of similarities leave its range at 11."""
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor
