"""Squared error of cosine similarities, with a margin and hard negatives."""

from __future__ import annotations

import torch
from mmengine.model import BaseModule
from torch import Tensor

from mmtrack_ext.models.losses.multi_positive_loss import at_least_float32
from mmtrack_ext.registry import MODELS


@MODELS.register_module()
class MarginL2Loss(BaseModule):
    """QDTrack's auxiliary loss (Pang et al. 2021, equation 6; values of mmdet's ``qdtrack``).

    The target of a pair of one object is 1, of any other 0. Negatives lose the margin, all are cut
    to [0, 1], and the squared errors of all positives and of the hardest negatives of the whole
    matrix are averaged.

    Args:
        negative_margin: negatives up to this cosine cost nothing.
        max_negatives_per_positive: as many negatives, those of the largest error, are kept.
        clamp_positives: as the released programs do (mmdet 3.3, ``margin_loss.py``), cut positives
            too: those of a negative cosine, the worst, then have no gradient. False gives them one.
        loss_weight: factor of the loss.
    """

    def __init__(
        self,
        *,
        negative_margin: float = 0.1,
        max_negatives_per_positive: int = 3,
        clamp_positives: bool = True,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__()
        self.negative_margin = negative_margin
        self.max_negatives_per_positive = max_negatives_per_positive
        self.clamp_positives = clamp_positives
        self.loss_weight = loss_weight

    def forward(self, cosines: Tensor, positive: Tensor) -> Tensor:
        """The loss, a scalar; 0 where there are no positives. In float32 at least.

        Args:
            cosines: (P, N) cosines of embeddings.
            positive: (P, N) bool, or numbers that are not 0, which of them are of one object.
        """
        cosines = at_least_float32(cosines)
        positive = positive.bool()
        kept = cosines[positive]
        if not len(kept):
            return cosines.sum() * 0  # which every parameter has a part in
        if self.clamp_positives:
            kept = kept.clamp(0, 1)
        negatives = (cosines[~positive] - self.negative_margin).clamp(0, 1)
        most = min(len(negatives), len(kept) * self.max_negatives_per_positive)
        errors = torch.cat([(1 - kept) ** 2, (negatives**2).topk(most).values])
        return self.loss_weight * errors.mean()
