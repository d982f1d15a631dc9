"""The loss of JointTrackNet: detection, displacement and identity in one."""

from __future__ import annotations

from typing import Any

import torch
from mmdet.structures import DetDataSample
from mmdet.utils import reduce_mean
from mmengine.dist import get_world_size
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmtrack_ext.models.losses.center_losses import (
    center_focal_loss,
    center_l1_loss,
    gather_cells,
)
from mmtrack_ext.registry import MODELS

# CenterTrack's, for MOT
HEAD_WEIGHTS = dict(hm=1.0, reg=1.0, wh=0.1, ltrb_amodal=0.1, tracking=1.0)
COUNT_EPS = 1e-4  # CenterTrack: added to the number of coordinates


@MODELS.register_module()
class JointTrackLoss(nn.Module):
    """All losses of the outputs that there are.

    L_det is the weighted sum of ``hm`` (focal) and of the other heads (L1), L_id the loss of
    ``embedding``; ``task_weights`` joins them. A head that gives no output adds nothing; one
    without a loss gets gradients of 0. Sums are divided by counts averaged over processes, so that
    training does not depend on how a batch is shared out. Computed in float32, under autocast too.

    Source: JointTrackNet, CenterTrack and FairMOT (all MIT).

    Args:
        head_weights: weights in L_det that differ from ``HEAD_WEIGHTS``.
        identity: config of ``IdentityLoss``; None trains no identities.
        task_weights: config of ``UncertaintyWeights`` (default) or ``FixedWeights``. Of no use
            without ``identity``: then the total is L_det.

    Raises:
        ValueError: ``head_weights`` names an unknown head.
    """

    def __init__(
        self,
        *,
        head_weights: dict[str, float] | None = None,
        identity: dict[str, Any] | None = None,
        task_weights: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.head_weights = HEAD_WEIGHTS | (head_weights or {})
        if len(self.head_weights) > len(HEAD_WEIGHTS):
            raise ValueError(
                f"The 'head_weights' parameter of JointTrackLoss may have {list(HEAD_WEIGHTS)}. "
                f'Got {head_weights} instead.'
            )
        self.identity = self.task_weights = None
        if identity is not None:
            self.identity = MODELS.build({'type': 'IdentityLoss', **identity})
            task_weights = {'type': 'UncertaintyWeights', **(task_weights or {})}
            self.task_weights = MODELS.build(task_weights)

    def forward(
        self, outputs: dict[str, Tensor], samples: list[DetDataSample]
    ) -> dict[str, Tensor]:
        """The losses of a batch of B key frames.

        Args:
            outputs: of each head, (B, C, h, w), raw.
            samples: B of them, with ``gt_heatmap`` and ``gt_centers`` as ``CenterTargets`` makes
                them.

        Returns:
            ``loss``, the total, which alone is minimised, and what is logged beside it: a term by
            head, unweighted, ``identity``, and the present ``task_weight_det``, ``task_weight_id``.

        Raises:
            ValueError: identities are to be learned and there is no ``embedding``; or one is out of
                range.
        """
        if self.identity is not None and 'embedding' not in outputs:
            raise ValueError(
                "JointTrackLoss has an identity loss, and the head gives no 'embedding': set "
                "model.criterion.identity=None, or add 'embedding' to the heads of model.bbox_head."
            )
        device = next(iter(outputs.values())).device
        with torch.autocast(device.type, enabled=False):
            return self._losses({name: maps.float() for name, maps in outputs.items()}, samples)

    def _losses(
        self, outputs: dict[str, Tensor], samples: list[DetDataSample]
    ) -> dict[str, Tensor]:
        objects = InstanceData.cat([sample.gt_centers for sample in samples])
        sizes = torch.tensor([len(sample.gt_centers) for sample in samples])
        image = torch.repeat_interleave(torch.arange(len(samples)), sizes).to(objects.index.device)
        counts = _counts(objects)
        terms = {}
        if 'hm' in outputs:
            heatmap = _heatmaps(samples, outputs['hm'])
            centers = (image, objects.category, objects.index)
            # Without any object, the sum of all processes is divided by 1.
            count = counts['valid'].clamp(min=1 / get_world_size())
            terms['hm'] = center_focal_loss(outputs['hm'], heatmap, centers, count)
        for name in [name for name in self.head_weights if name in outputs and name != 'hm']:
            at_centers = gather_cells(outputs[name], image, objects.index)
            terms[name] = _l1_loss(name, at_centers, objects, counts)
        total = sum(self.head_weights[name] * term for name, term in terms.items())
        for name in outputs.keys() - terms.keys():
            total = total + 0 * outputs[name].sum()  # DDP asks for a gradient of every parameter
        if self.identity is None:
            return {'loss': total, **terms}

        known = objects.identity >= 0
        embeddings = gather_cells(outputs['embedding'], image[known], objects.index[known])
        identity = self.identity(embeddings, objects.identity[known], counts['identified'])
        has_identity = (counts['identified'] > 0).float()
        weights = dict(
            zip(('task_weight_det', 'task_weight_id'), self.task_weights.weights(), strict=True)
        )
        total = self.task_weights(total, identity, has_identity)
        return {'loss': total, **terms, 'identity': identity, **weights}


def _heatmaps(samples: list[DetDataSample], logits: Tensor) -> Tensor:
    """(B, classes, h, w), of the shape that the network gives."""
    heatmap = torch.stack([sample.gt_heatmap.heatmap for sample in samples])
    if heatmap.shape != logits.shape:
        raise ValueError(
            f'The network makes heat maps of (classes, h, w) = {tuple(logits.shape[1:])}, and '
            f'CenterTargets {tuple(heatmap.shape[1:])}: give CenterTargets the num_classes of '
            'model.bbox_head, and the stride of the network.'
        )
    return heatmap


def _counts(objects: InstanceData) -> dict[str, Tensor]:
    """Objects, those with a target of tracking, and those with an identity: means by process."""
    masks = dict(
        valid=torch.ones_like(objects.tracking_valid),
        tracked=objects.tracking_valid,
        identified=objects.identity >= 0,
    )
    means = reduce_mean(torch.stack([mask.sum().float() for mask in masks.values()]))
    return dict(zip(masks, means, strict=True))


def _l1_loss(
    name: str, predicted: Tensor, objects: InstanceData, counts: dict[str, Tensor]
) -> Tensor:
    valid, count = torch.ones_like(objects.tracking_valid), counts['valid']
    if name == 'tracking':
        valid, count = objects.tracking_valid, counts['tracked']
    # Not COUNT_EPS itself: so the mean over the processes is what one process would compute.
    coordinates = count * predicted.shape[1] + COUNT_EPS / get_world_size()
    return center_l1_loss(predicted, objects[name], valid, coordinates)
