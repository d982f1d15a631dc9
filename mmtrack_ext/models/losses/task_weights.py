"""How the losses of two tasks become one: with fixed or with learned weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmtrack_ext.registry import MODELS

MAX_LOG_VARIANCE = 10.0  # beyond e^10 nothing but rounding is left of the other task


@MODELS.register_module()
class UncertaintyWeights(nn.Module):
    """(e^-s_det L_det + s_det + e^-s_id L_id + s_id) / 2 with s learned.

    Source: Kendall et al., Multi-task learning using uncertainty, CVPR 2018, as in FairMOT. The
    best s of a task is ln L, so this minimises ln L_det + ln L_id. Weight decay of the two scalars,
    which the released recipe has, would pull them from there: switch it off by ``paramwise_cfg``.

    Args:
        s_det: initial value for detection and displacement, FairMOT's.
        s_id: initial value for identity, FairMOT's.
    """

    def __init__(self, *, s_det: float = -1.85, s_id: float = -1.05) -> None:
        super().__init__()
        self.s_det = nn.Parameter(torch.tensor(float(s_det)))
        self.s_id = nn.Parameter(torch.tensor(float(s_id)))

    def forward(self, detection: Tensor, identity: Tensor, has_identity: Tensor) -> Tensor:
        """The total.

        Args:
            detection: L_det.
            identity: L_id.
            has_identity: 1, or 0 if the batch has no object with an identity: s_id, which would
                fall for ever, then stays.
        """
        with torch.no_grad():  # into the range, where clamp() would leave s without a gradient
            for s in self.parameters():
                s.clamp_(-MAX_LOG_VARIANCE, MAX_LOG_VARIANCE)
        first = torch.exp(-self.s_det) * detection + self.s_det
        second = torch.exp(-self.s_id) * identity + self.s_id
        return (first + has_identity * second) / 2

    def weights(self) -> tuple[Tensor, Tensor]:
        """What the two losses are multiplied by at present."""
        return torch.exp(-self.s_det.detach()) / 2, torch.exp(-self.s_id.detach()) / 2


@MODELS.register_module()
class FixedWeights(nn.Module):
    """A weighted sum.

    Args:
        detection: weight of detection and displacement.
        identity: weight of identity; 0.1 is JointTrackNet's ``--embedding_weight``.
    """

    def __init__(self, *, detection: float = 1.0, identity: float = 0.1) -> None:
        super().__init__()
        self.detection, self.identity = detection, identity

    def forward(self, detection: Tensor, identity: Tensor, has_identity: Tensor) -> Tensor:
        """The total; see ``UncertaintyWeights``."""
        return self.detection * detection + self.identity * has_identity * identity

    def weights(self) -> tuple[Tensor, Tensor]:
        """What the two losses are multiplied by."""
        return torch.tensor(self.detection), torch.tensor(self.identity)
