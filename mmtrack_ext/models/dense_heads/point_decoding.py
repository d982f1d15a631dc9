"""Boxes from the outputs of NanoDet's heads: of the network itself, or of an exported one.

Each point of each level predicts C class logits, and for each of the four sides a distribution
over the distances 0 to ``reg_max`` strides (generalized focal loss, Li et al., NeurIPS 2020).
NanoDet 1.0 (Apache-2.0, github.com/RangiLyu/nanodet).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from mmdet.models.dense_heads.gfl_head import Integral
from mmdet.models.task_modules.prior_generators import MlvlPointGenerator
from mmdet.structures.bbox import distance2bbox, scale_boxes
from mmengine.model import BaseModule
from mmengine.structures import InstanceData
from torch import Tensor

from mmtrack_ext.models.dense_heads.class_nms import class_nms

TEST_DEFAULTS = dict(  # NanoDet's, spelled as mmdet spells them
    score_thr=0.05, nms=dict(type='nms', iou_threshold=0.6), max_per_img=100, classes=None
)


class PointPredictions(NamedTuple):
    """Float32 outputs for B images at P points: all levels, fine to coarse, each row by row."""

    class_logits: Tensor  # (B, P, C)
    box_logits: Tensor  # (B, P, 4 * (reg_max + 1)): left, top, right, bottom
    priors: Tensor  # (P, 4): x, y, stride, stride in pixels


class PointGenerator(MlvlPointGenerator):
    """mmdet's, without the warning that current torch gives about its ``meshgrid``."""

    def _meshgrid(self, x: Tensor, y: Tensor, row_major: bool = True) -> tuple[Tensor, Tensor]:
        rows, columns = torch.meshgrid(y, x, indexing='ij')
        points = columns.reshape(-1), rows.reshape(-1)
        return points if row_major else points[::-1]


class PointDecoder(BaseModule):
    """The part of a head that has no weights: points, boxes from distributions, suppression.

    Args:
        num_classes: C.
        strides: pixels between the points of each level, fine to coarse.
        reg_max: the longest distance, in strides.
        prior_offset: where in its cell a point lies, in strides: 0 (NanoDet-Plus) or 0.5 (NanoDet).
        test_cfg: ``score_thr`` (a class counts above it), ``nms`` (as mmcv's), ``max_per_img``
            (over all classes), ``classes`` (labels to keep, before the cap; None for all).
        init_cfg: initial weights, of a head.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        strides: Sequence[int],
        reg_max: int,
        prior_offset: float,
        test_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.num_classes = num_classes
        self.strides = list(strides)
        self.reg_max = reg_max
        self.prior_offset = prior_offset
        self.test_cfg = test_cfg
        self.prior_generator = PointGenerator(strides, offset=prior_offset)
        self.integral = Integral(reg_max)

    def flatten(self, class_maps: Sequence[Tensor], box_maps: Sequence[Tensor]) -> PointPredictions:
        """One table of points from one (B, channels, H, W) map a level.

        Losses and boxes are computed in float32, whatever the network ran in.
        """
        sizes = [tuple(x.shape[-2:]) for x in class_maps]
        device = class_maps[0].device
        priors = self.prior_generator.grid_priors(sizes, device=device, with_stride=True)
        return PointPredictions(_rows(class_maps), _rows(box_maps), torch.cat(priors))

    def decode(self, box_logits: Tensor, priors: Tensor) -> Tensor:
        """Boxes (..., 4), xyxy in pixels, from (..., 4 * (reg_max + 1)) and (..., 4) priors."""
        with torch.autocast(box_logits.device.type, enabled=False):
            distances = self.integral(box_logits).reshape(*box_logits.shape[:-1], 4)
        return distance2bbox(priors[..., :2], distances * priors[..., 2:3])

    def predict_by_feat(
        self,
        class_maps: Sequence[Tensor],
        box_maps: Sequence[Tensor],
        batch_img_metas: Sequence[dict],
        cfg: dict | None = None,
        rescale: bool = False,
        with_nms: bool = True,
    ) -> list[InstanceData]:
        """Detections of each image: ``bboxes`` (N, 4) xyxy, ``scores`` (N,), ``labels`` (N,).

        Args:
            class_maps: (B, C, H, W) logits of each level.
            box_maps: (B, 4 * (reg_max + 1), H, W) logits of each level.
            batch_img_metas: of each image ``batch_input_shape`` (else ``img_shape``), and for
                ``rescale`` also ``scale_factor`` and ``ori_shape``.
            cfg: replaces ``test_cfg``.
            rescale: give boxes in pixels of the original image, clipped to it.
            with_nms: False leaves out suppression and cap.
        """
        cfg = {**TEST_DEFAULTS, **(cfg or self.test_cfg or {})}
        predictions = self.flatten([x.detach() for x in class_maps], [x.detach() for x in box_maps])
        boxes = self.decode(predictions.box_logits, predictions.priors)
        scores = predictions.class_logits.sigmoid()
        results = []
        for image_boxes, image_scores, meta in zip(boxes, scores, batch_img_metas, strict=True):
            _clip(image_boxes, meta.get('batch_input_shape', meta['img_shape']))
            found = _above(image_boxes, image_scores, cfg['score_thr'], cfg['classes'])
            if with_nms:
                found = class_nms(found, nms=cfg['nms'], max_per_img=cfg['max_per_img'])
            if rescale:
                found.bboxes = to_original(found.bboxes, meta)
            results.append(found)
        return results


def _rows(maps: Sequence[Tensor]) -> Tensor:
    return torch.cat([x.flatten(2).transpose(1, 2) for x in maps], dim=1).float()


def to_original(boxes: Tensor, meta: dict) -> Tensor:
    """(N, 4) boxes in pixels of the original image, clipped to it.

    Args:
        boxes: (N, 4) xyxy in pixels of the input.
        meta: ``scale_factor`` (width, height) from the original, ``ori_shape`` (height, width).
    """
    width_factor, height_factor = meta['scale_factor'][:2]
    boxes = scale_boxes(boxes, (1 / width_factor, 1 / height_factor))
    _clip(boxes, meta['ori_shape'])
    return boxes


def _clip(boxes: Tensor, shape: Sequence[int]) -> None:
    """In place, to (height, width)."""
    boxes[:, 0::2].clamp_(min=0, max=shape[1])
    boxes[:, 1::2].clamp_(min=0, max=shape[0])


def _above(
    boxes: Tensor, scores: Tensor, min_score: float, classes: Sequence[int] | None
) -> InstanceData:
    """Each pair of point and class whose score is above the limit."""
    wanted = scores > min_score
    if classes is not None:
        if not set(classes) <= set(range(scores.shape[1])):
            raise ValueError(
                f"The 'classes' of test_cfg must be labels 0 to {scores.shape[1] - 1} of the head. "
                f'Got {list(classes)} instead.'
            )
        others = torch.ones(scores.shape[1], dtype=torch.bool, device=scores.device)
        others[list(classes)] = False
        wanted[:, others] = False
    points, labels = wanted.nonzero(as_tuple=True)
    return InstanceData(bboxes=boxes[points], scores=scores[points, labels], labels=labels)
