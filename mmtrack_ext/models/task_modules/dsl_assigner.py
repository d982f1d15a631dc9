"""Dynamic soft label assignment: which points of a dense detector answer for which object.

As NanoDet-Plus 1.0 does it (Apache-2.0, github.com/RangiLyu/nanodet). It follows SimOTA (Ge et al.,
"YOLOX", 2021) with soft class labels. mmdet's ``DynamicSoftLabelAssigner`` is RTMDet's variant: it
adds a cost for the distance to the object's centre, so it is another assigner.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from mmdet.models.task_modules.assigners import AssignResult, BaseAssigner
from mmdet.structures.bbox import bbox_overlaps, get_box_tensor
from mmengine.structures import InstanceData
from torch import Tensor

from mmtrack_ext.registry import TASK_UTILS

EPS = 1e-7  # keeps the logarithm of an overlap of 0 finite, as the original does


@TASK_UTILS.register_module()
class DSLAssigner(BaseAssigner):
    """Gives each object the points that already predict it best.

    Candidates are the points strictly inside any object. A pair of candidate and object costs
    ``quality focal cost of the class + iou_weight * -log(IoU)``. An object takes its k cheapest
    candidates, k being the sum of its ``topk`` highest overlaps, at least 1; a point that several
    objects take goes to the one that is cheapest for it. There is no cost for a point outside the
    object, so an object without candidates of its own takes one from another.

    Args:
        topk: how many overlaps are summed to get k; 13 in NanoDet-Plus.
        iou_weight: weight of the overlap in the cost; 3 in NanoDet-Plus.
        ignore_iof_thr: a negative point whose predicted box lies in an ignored region by more
            than this share of its area counts neither as positive nor as negative; below 0
            (NanoDet-Plus) ignored regions have no effect.
    """

    def __init__(
        self, topk: int = 13, iou_weight: float = 3.0, ignore_iof_thr: float = -1.0
    ) -> None:
        self.topk = topk
        self.iou_weight = iou_weight
        self.ignore_iof_thr = ignore_iof_thr

    @torch.no_grad()
    def assign(
        self,
        pred_instances: InstanceData,
        gt_instances: InstanceData,
        gt_instances_ignore: InstanceData | None = None,
        **kwargs,
    ) -> AssignResult:
        """Assign the points of one image.

        Args:
            pred_instances: ``priors`` (P, >= 2), points x, y in pixels; ``bboxes`` (P, 4), the
                predicted boxes, xyxy in pixels; ``scores`` (P, C), class *logits*.
            gt_instances: ``bboxes`` (G, 4) xyxy, ``labels`` (G,).
            gt_instances_ignore: ``bboxes`` (I, 4) xyxy.
            **kwargs: not used.

        Returns:
            ``gt_inds`` (P,): 0 = negative, -1 = ignored, i + 1 = object i; ``max_overlaps`` (P,):
            overlap of the predicted box with its object, 0 for others; ``labels`` (P,): the
            object's class, -1 for others.
        """
        boxes, logits = pred_instances.bboxes, pred_instances.scores
        gt_boxes, gt_labels = get_box_tensor(gt_instances.bboxes), gt_instances.labels
        gt_inds = gt_labels.new_zeros(len(boxes), dtype=torch.long)
        overlaps = boxes.new_zeros(len(boxes))
        labels = torch.full_like(gt_inds, -1)

        candidates = inside_any(pred_instances.priors[:, :2], gt_boxes).nonzero().squeeze(1)
        if len(candidates):
            ious = bbox_overlaps(boxes[candidates], gt_boxes)
            cost = self.cost(logits[candidates], ious, gt_labels)
            rows, objects = match(cost, self.dynamic_k(ious))
            positive = candidates[rows]
            gt_inds[positive] = objects + 1
            overlaps[positive] = ious[rows, objects]
            labels[positive] = gt_labels[objects]
        self._ignore(gt_inds, boxes, gt_instances_ignore)
        return AssignResult(len(gt_boxes), gt_inds, overlaps, labels=labels)

    def cost(self, logits: Tensor, ious: Tensor, gt_labels: Tensor) -> Tensor:
        """(V, G) costs, from (V, C) class logits and (V, G) overlaps of V candidates.

        The class part is the quality focal loss (Li et al., NeurIPS 2020, equation 4) with the
        overlap as the object's soft label. Only one of its C terms depends on the object, so the
        others are summed once, and no (V, G, C) table is made.
        """
        scores = logits.sigmoid()
        as_negative = F.softplus(logits) * scores.square()
        own, own_scores = logits[:, gt_labels], scores[:, gt_labels]
        as_positive = F.softplus(own) - own * ious  # binary cross entropy with label ``ious``
        as_positive = as_positive * (ious - own_scores).square()
        class_cost = as_negative.sum(1, keepdim=True) - as_negative[:, gt_labels] + as_positive
        return class_cost - self.iou_weight * torch.log(ious + EPS)

    def dynamic_k(self, ious: Tensor) -> Tensor:
        """(G,) how many of V candidates each object takes, from (V, G) overlaps."""
        highest = ious.topk(min(self.topk, len(ious)), dim=0).values
        return highest.sum(0).long().clamp(min=1)

    def _ignore(
        self, gt_inds: Tensor, boxes: Tensor, gt_instances_ignore: InstanceData | None
    ) -> None:
        """Set negatives inside ignored regions to -1."""
        if self.ignore_iof_thr < 0 or gt_instances_ignore is None or not len(gt_instances_ignore):
            return
        regions = get_box_tensor(gt_instances_ignore.bboxes)
        share = bbox_overlaps(boxes, regions, mode='iof').max(dim=1).values
        gt_inds[(gt_inds == 0) & (share > self.ignore_iof_thr)] = -1


def inside_any(points: Tensor, boxes: Tensor) -> Tensor:
    """(P,) which of the points (P, 2) lie strictly inside at least one of the boxes (G, 4)."""
    from_left_top = points[:, None] > boxes[None, :, :2]
    from_right_bottom = points[:, None] < boxes[None, :, 2:]
    return (from_left_top & from_right_bottom).all(dim=2).any(dim=1)


def match(cost: Tensor, k: Tensor) -> tuple[Tensor, Tensor]:
    """Each column takes its ``k`` cheapest rows; a row taken twice goes to its cheapest column.

    Args:
        cost: (V, G).
        k: (G,), each from 1 to V.

    Returns:
        Rows, ascending, and their columns, both (N,). The cheapest column is sought among all,
        also those that did not take the row, as the original does.
    """
    cheapest = cost.topk(int(k.max()), dim=0, largest=False).indices
    in_time = torch.arange(len(cheapest), device=k.device)[:, None] < k
    taken = torch.zeros_like(cost, dtype=torch.bool).scatter_(0, cheapest, in_time)
    rows = taken.any(dim=1).nonzero().squeeze(1)
    taken, cost = taken[rows], cost[rows]
    alone = taken.sum(dim=1) == 1
    columns = torch.where(alone, taken.long().argmax(dim=1), cost.argmin(dim=1))
    return rows, columns
