"""The sigmoid focal loss (Lin et al. 2017, equation 5) and its gradient, element by element."""

from __future__ import annotations

import torch
from torch import Tensor


def sigmoid_focal_loss(
    logits: Tensor, target: Tensor, class_weight: Tensor, gamma: float, alpha: float
) -> Tensor:
    """(N, C) losses of (N, C) logits.

    Args:
        logits: (N, C).
        target: (N,) int64 class of each row; outside 0 to C - 1 is background.
        class_weight: (C,) factor of the rows of each class, or (0,) for none. Background rows
            have factor 1 (mmcv reads beyond the end of the tensor there).
        gamma: exponent that plays down easy elements.
        alpha: weight of the positive elements; the negative ones have 1 - alpha.
    """
    positive, p, q, log_p, log_q = _terms(logits, target)
    loss = torch.where(positive, -alpha * q**gamma * log_p, (alpha - 1) * p**gamma * log_q)
    return loss * _row_weight(class_weight, target)


def sigmoid_focal_loss_gradient(
    logits: Tensor, target: Tensor, class_weight: Tensor, gamma: float, alpha: float
) -> Tensor:
    """(N, C) derivative of each loss by its logit."""
    positive, p, q, log_p, log_q = _terms(logits, target)
    slope = torch.where(
        positive,
        -alpha * q**gamma * (q - gamma * p * log_p),
        (alpha - 1) * p**gamma * (gamma * q * log_q - p),
    )
    return slope * _row_weight(class_weight, target)


def _terms(logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Positive elements, p = sigmoid, q = 1 - p, and logarithms that stay finite."""
    classes = torch.arange(logits.shape[1], device=logits.device)
    p = logits.sigmoid()
    q = 1 - p
    tiny = torch.finfo(torch.float32).tiny  # FLT_MIN in mmcv's kernel
    return target[:, None] == classes, p, q, p.clamp(min=tiny).log(), q.clamp(min=tiny).log()


def _row_weight(class_weight: Tensor, target: Tensor) -> Tensor | int:
    if not len(class_weight):
        return 1
    foreground = (target >= 0) & (target < len(class_weight))
    return torch.where(foreground, class_weight[target * foreground], 1)[:, None]
