"""Learning embeddings by telling the identities of the training set apart."""

from __future__ import annotations

import math

import torch
from mmdet.models.losses.focal_loss import py_sigmoid_focal_loss
from torch import Tensor, nn
from torch.nn import functional

from mmtrack_ext.association.parameters import check_choice, check_number
from mmtrack_ext.registry import MODELS

PRIOR = 0.01  # RetinaNet 4.1: what every class is given at first, by the classifier's bias


@MODELS.register_module()
class IdentityLoss(nn.Module):
    """A linear classifier over embeddings of one length, and its loss.

    The embedding is normalised and multiplied by sqrt(2) ln(num_ids - 1). The classifier serves
    training alone, but is part of the model, so that it is saved and can be trained on.
    Source: FairMOT (MIT) and JointTrackNet (MIT).

    Args:
        num_ids: identities of the training set are 0 to num_ids - 1.
        channels: length of the embeddings.
        kind: 'focal', one sigmoid an identity (alpha 0.25, gamma 2), or 'ce', softmax.

    Raises:
        ValueError: an argument is wrong.
    """

    def __init__(self, num_ids: int, *, channels: int = 128, kind: str = 'focal') -> None:
        super().__init__()
        self.num_ids, self.channels, self.kind = num_ids, channels, kind
        check_number(self, 'num_ids', minimum=3, whole=True)  # of 2 the scale would be 0
        check_number(self, 'channels', minimum=1, whole=True)
        check_choice(self, 'kind', 'focal', 'ce')
        self.scale = math.sqrt(2) * math.log(num_ids - 1)
        self.classifier = nn.Linear(channels, num_ids)
        if kind == 'focal':
            nn.init.normal_(self.classifier.weight, std=0.01)
            nn.init.constant_(self.classifier.bias, -math.log((1 - PRIOR) / PRIOR))

    def forward(self, embeddings: Tensor, identities: Tensor, count: Tensor) -> Tensor:
        """The loss, 0 (with gradients of 0) without objects.

        Args:
            embeddings: (K, channels) float32, as the network gives them.
            identities: (K,) int64, all of them >= 0.
            count: number of objects to divide by; 0 divides by 1.

        Raises:
            ValueError: an identity is num_ids or more.
        """
        self._check(identities)
        logits = self.classifier(self.scale * functional.normalize(embeddings, dim=1))
        if self.kind == 'ce':
            total = functional.cross_entropy(logits, identities, reduction='sum')
        else:
            target = functional.one_hot(identities, self.num_ids).to(logits)
            total = py_sigmoid_focal_loss(logits, target, gamma=2, alpha=0.25, reduction='sum')
        return total / torch.where(count > 0, count, 1)

    def _check(self, identities: Tensor) -> None:
        largest = int(identities.max()) if len(identities) else -1
        if largest >= self.num_ids:
            raise ValueError(
                f'The training set has identity {largest}, and IdentityLoss was built for '
                f'{self.num_ids}: set model.criterion.identity.num_ids to the number of '
                f'identities of the training set, at least {largest + 1}.'
            )
