"""Non-maximum suppression within each class, as NanoDet does it."""

from __future__ import annotations

import torch
from mmcv.ops import batched_nms
from mmengine.structures import InstanceData
from torch import Tensor


def class_nms(results: InstanceData, *, nms: dict | None, max_per_img: int = -1) -> InstanceData:
    """Suppress within each class; the best ``max_per_img`` of all classes remain.

    Below ``nms['split_thr']`` boxes (10,000) all classes are handled at once: each class is moved
    to a place of its own, where float32 is a little coarser. From there on, class by class, with
    coordinates as they are; mmcv's ``batched_nms`` would keep them moved there, too.

    Args:
        results: ``bboxes`` (N, 4), ``scores`` (N,), ``labels`` (N,).
        nms: ``dict(type='nms', iou_threshold=...)``; any kind that mmcv has. None
            suppresses nothing.
        max_per_img: how many boxes may remain; -1 for all.

    Returns:
        The remaining rows, by descending score.
    """
    if not len(results):
        return results
    if nms is None:
        kept = results[results.scores.argsort(descending=True, stable=True)]
    else:
        kept = _suppress_within_classes(results, nms)
    return kept[:max_per_img] if max_per_img > 0 else kept


def _suppress_within_classes(results: InstanceData, nms: dict) -> InstanceData:
    labels = results.labels
    split_at = nms.get('split_thr', 10_000)  # mmcv's and NanoDet's
    if len(results) < split_at or nms.get('class_agnostic', False):
        return _suppress(results, labels, nms)
    unmoved = torch.zeros_like(labels)
    parts = [labels == label for label in labels.unique()]
    kept = InstanceData.cat([_suppress(results[part], unmoved[part], nms) for part in parts])
    return kept[kept.scores.argsort(descending=True, stable=True)]


def _suppress(results: InstanceData, groups: Tensor, nms: dict) -> InstanceData:
    options = {**nms, 'split_thr': len(results) + 1}
    boxes_and_scores, kept = batched_nms(results.bboxes, results.scores, groups, options)
    results = results[kept]
    results.scores = boxes_and_scores[:, -1]  # soft suppression lowers them
    return results
