"""Losses of a network of centre points: focal on the heat map, L1 at the centres.

Source: CenterNet and CenterTrack (MIT). Sums over a batch are divided by counts that the caller
gives, since these are averaged over processes.
"""

from __future__ import annotations

import torch
from torch import Tensor

MIN_PROBABILITY = 1e-4  # CenterNet: probabilities stay so far from 0 and 1
FOCAL_POWER, DISTANCE_POWER = 2, 4  # CornerNet, equation 1: alpha and beta


def gather_cells(maps: Tensor, image: Tensor, index: Tensor) -> Tensor:
    """(K, C): what (B, C, h, w) maps hold at cells.

    Args:
        maps: (B, C, h, w).
        image: (K,) int64, which of the B.
        index: (K,) int64, the cell y * w + x.
    """
    return maps.flatten(2)[image, :, index]


def center_focal_loss(
    logits: Tensor, heatmap: Tensor, centers: tuple[Tensor, Tensor, Tensor], count: Tensor
) -> Tensor:
    """Focal loss whose positives are the cells of the centres, not all that are 1.

    So a region filled with 1 is ignored: (1 - y)^4 is 0 there. Two objects in one cell count twice.

    Args:
        logits: (B, C, h, w) float32, before the sigmoid.
        heatmap: (B, C, h, w), y in [0, 1].
        centers: image, category and cell of each object, (K,) int64 each.
        count: what to divide by; 0 divides by 1.
    """
    image, category, index = centers
    probability = logits.sigmoid().clamp(MIN_PROBABILITY, 1 - MIN_PROBABILITY)
    weight = (1 - heatmap) ** DISTANCE_POWER
    negative = (weight * probability**FOCAL_POWER * torch.log(1 - probability)).sum()
    at_centers = probability.flatten(2)[image, category, index]
    positive = ((1 - at_centers) ** FOCAL_POWER * torch.log(at_centers)).sum()
    return -(positive + negative) / torch.where(count > 0, count, 1)


def center_l1_loss(predicted: Tensor, target: Tensor, valid: Tensor, count: Tensor) -> Tensor:
    """Mean absolute error over the coordinates of valid objects.

    Args:
        predicted: (K, C).
        target: (K, C).
        valid: (K,) bool, which objects have a target.
        count: coordinates to divide by, made larger by a little by the caller against 0.
    """
    return ((predicted - target).abs() * valid[:, None]).sum() / count
