"""What NanoDet's two heads share: towers, targets, losses; how boxes are read is in point_decoding.

NanoDet 1.0 (Apache-2.0, github.com/RangiLyu/nanodet); parameter names are the original's.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from mmcv.cnn import ConvModule, DepthwiseSeparableConvModule
from mmdet.models.dense_heads.base_dense_head import BaseDenseHead
from mmdet.models.task_modules.assigners import AssignResult
from mmdet.models.utils import unpack_gt_instances
from mmdet.structures.bbox import bbox2distance, get_box_tensor
from mmdet.utils import reduce_mean
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmtrack_ext.models.dense_heads.point_decoding import PointDecoder, PointPredictions
from mmtrack_ext.registry import MODELS, TASK_UTILS

CONVS = dict(depthwise=DepthwiseSeparableConvModule, conv=ConvModule)

# Defaults of both heads, NanoDet's; never changed.
QUALITY_FOCAL_LOSS = dict(type='QualityFocalLoss', beta=2.0, loss_weight=1.0)
BOX_LOSS = dict(type='GIoULoss', eps=1e-6, loss_weight=2.0)
DISTRIBUTION_LOSS = dict(type='DistributionFocalLoss', loss_weight=0.25)
BATCH_NORM = dict(type='BN')
LEAKY_RELU = dict(type='LeakyReLU', negative_slope=0.1)
# The last layer's class probabilities start at 0.01: biases of -4.595.
INITIAL_WEIGHTS = dict(
    type='Normal',
    layer='Conv2d',
    std=0.01,
    override=dict(type='Normal', name='gfl_cls', std=0.01, bias_prob=0.01),
)


class PointTargets(NamedTuple):
    """What B * P points shall predict; N of them are positive."""

    labels: Tensor  # (B * P,): class, num_classes = background
    label_weights: Tensor  # (B * P,): 0 = ignored
    overlaps: Tensor  # (B * P,): the class score to predict, 0 for negatives
    positive: Tensor  # (N,): which points, ascending
    boxes: Tensor  # (N, 4): their objects, xyxy in pixels
    num_positive: Tensor  # (): divisor of the class loss: mean over processes, at least 1


class PointGFLHead(PointDecoder, BaseDenseHead):
    """Base of the heads: a tower of convolutions and a last 1x1 convolution for each level.

    Class and box share both. A subclass says which point answers for which object (``assign``) and
    by what the losses are divided (``count_positive``, ``min_box_weight``).

    Args:
        num_classes: C.
        in_channels: channels of every input.
        feat_channels: channels inside the towers; None for ``in_channels``.
        stacked_convs: convolutions in a tower.
        kernel_size: of those.
        conv: 'depthwise' for depthwise-separable ones, 'conv' for plain ones.
        strides: pixels between the points of each level, fine to coarse.
        reg_max: the longest distance, in strides.
        prior_offset: where in its cell a point lies, in strides: 0 (NanoDet-Plus) or 0.5 (NanoDet).
        assigner: the default of ``train_cfg['assigner']``.
        min_box_weight: lower bound of the divisor of the box losses.
        loss_cls: the quality focal loss.
        loss_bbox: the overlap loss.
        loss_dfl: the distribution focal loss.
        norm_cfg: the normalisation.
        act_cfg: the activation.
        train_cfg: ``assigner``.
        test_cfg: see ``PointDecoder``.
        init_cfg: initial weights.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        *,
        feat_channels: int | None,
        stacked_convs: int,
        kernel_size: int,
        conv: str,
        strides: Sequence[int],
        reg_max: int,
        prior_offset: float,
        assigner: dict,
        min_box_weight: float,
        loss_cls: dict,
        loss_bbox: dict,
        loss_dfl: dict,
        norm_cfg: dict,
        act_cfg: dict,
        train_cfg: dict | None,
        test_cfg: dict | None,
        init_cfg: dict | None,
    ) -> None:
        super().__init__(
            num_classes, strides=strides, reg_max=reg_max, prior_offset=prior_offset,
            test_cfg=test_cfg, init_cfg=init_cfg,
        )  # fmt: skip
        self.min_box_weight = min_box_weight
        self.train_cfg = train_cfg
        self.assigner = TASK_UTILS.build((train_cfg or {}).get('assigner') or assigner)
        self.loss_cls = MODELS.build(loss_cls)
        self.loss_bbox = MODELS.build(loss_bbox)
        self.loss_dfl = MODELS.build(loss_dfl)

        if conv not in CONVS:
            raise ValueError(
                f"The 'conv' of {type(self).__name__} must be one of {', '.join(CONVS)}. "
                f'Got {conv!r} instead.'
            )
        style = dict(padding=kernel_size // 2, norm_cfg=norm_cfg, act_cfg=act_cfg)
        widths = [in_channels] + [feat_channels or in_channels] * stacked_convs
        self.cls_convs = nn.ModuleList(
            nn.Sequential(*(CONVS[conv](*pair, kernel_size, **style) for pair in pairwise(widths)))
            for _ in strides
        )
        outputs = num_classes + 4 * (reg_max + 1)
        self.gfl_cls = nn.ModuleList(nn.Conv2d(widths[-1], outputs, 1) for _ in strides)

    def forward(self, features: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Class maps (B, C, H, W) and box maps (B, 4 * (reg_max + 1), H, W), logits, by level."""
        layers = zip(features, self.cls_convs, self.gfl_cls, strict=True)
        outputs = [last(tower(x)) for x, tower, last in layers]
        return (
            [x[:, : self.num_classes] for x in outputs],
            [x[:, self.num_classes :] for x in outputs],
        )

    def loss(self, features: Sequence[Tensor], batch_data_samples: Sequence) -> dict[str, Tensor]:
        """Losses by targets from this head's own predictions."""
        predictions = self.flatten(*self(features))
        return self.losses(predictions, self.targets(predictions, batch_data_samples))

    def loss_by_feat(
        self, class_maps: Sequence[Tensor], box_maps: Sequence[Tensor], batch_data_samples: Sequence
    ) -> dict[str, Tensor]:
        """Losses of given outputs of ``forward``."""
        predictions = self.flatten(class_maps, box_maps)
        return self.losses(predictions, self.targets(predictions, batch_data_samples))

    @torch.no_grad()
    def targets(self, predictions: PointPredictions, batch_data_samples: Sequence) -> PointTargets:
        """Assign points to objects, and collect what each shall predict.

        Args:
            predictions: of this head or, in training with one, of the auxiliary head.
            batch_data_samples: ``DetDataSample`` with ``gt_instances`` (``bboxes`` in pixels of the
                input, ``labels``) and, where there are ignored regions, ``ignored_instances``.
        """
        batch_gt, batch_ignored, _ = unpack_gt_instances(batch_data_samples)
        boxes = self.decode(predictions.box_logits, predictions.priors)
        assigned, gt_boxes = [], []
        for i, (gt, ignored) in enumerate(zip(batch_gt, batch_ignored, strict=True)):
            points = InstanceData(
                priors=predictions.priors, bboxes=boxes[i], scores=predictions.class_logits[i]
            )
            result = self.assign(points, gt, ignored)
            assigned.append(result)
            objects = result.gt_inds[result.gt_inds > 0] - 1
            gt_boxes.append(get_box_tensor(gt.bboxes)[objects])
        gt_inds = torch.stack([result.gt_inds for result in assigned])
        num_positive = self.count_positive((gt_inds > 0).sum(dim=1))
        gt_inds = gt_inds.flatten()
        labels = torch.cat([result.labels for result in assigned])
        return PointTargets(
            labels=torch.where(gt_inds > 0, labels, self.num_classes),
            label_weights=(gt_inds >= 0).to(boxes.dtype),
            overlaps=torch.cat([result.max_overlaps for result in assigned]),
            positive=(gt_inds > 0).nonzero().squeeze(1),
            boxes=torch.cat(gt_boxes),
            num_positive=reduce_mean(num_positive.to(boxes.dtype)).clamp(min=1),
        )

    @abstractmethod
    def assign(
        self, points: InstanceData, gt: InstanceData, ignored: InstanceData | None
    ) -> AssignResult:
        """Which point answers for which object, in one image.

        Args:
            points: ``priors`` (P, 4) as in ``PointPredictions``, and what is predicted there:
                ``bboxes`` (P, 4) xyxy in pixels, ``scores`` (P, C) logits.
            gt: ``bboxes`` (G, 4) xyxy in pixels, ``labels`` (G,).
            ignored: ``bboxes`` (I, 4), or None.

        Returns:
            ``gt_inds`` (P,): 0 = negative, -1 = ignored, i + 1 = object i; ``max_overlaps`` (P,):
            the class score to predict, 0 for negatives; ``labels`` (P,): the object's class.
        """

    @abstractmethod
    def count_positive(self, positive: Tensor) -> Tensor:
        """This process's share () of the class loss's divisor, from (B,) positives per image."""

    def losses(self, predictions: PointPredictions, targets: PointTargets) -> dict[str, Tensor]:
        """The three losses of one head, weights included.

        Classes are normalised by ``num_positive``. Boxes are weighted by the head's own highest
        class score, and normalised by the sum of that, at least ``min_box_weight``.
        """
        class_logits = predictions.class_logits.flatten(0, 1)
        loss_qfl = self.loss_cls(
            class_logits, (targets.labels, targets.overlaps), weight=targets.label_weights,
            avg_factor=targets.num_positive,
        )  # fmt: skip
        positive = targets.positive
        weights = class_logits.detach()[positive].sigmoid().amax(dim=1)
        weight_sum = reduce_mean(weights.sum()).clamp(min=self.min_box_weight)

        box_logits = predictions.box_logits.flatten(0, 1)[positive]
        priors = predictions.priors[positive % len(predictions.priors)]
        boxes = self.decode(box_logits, priors)
        loss_bbox = self.loss_bbox(boxes, targets.boxes, weight=weights, avg_factor=weight_sum)

        distances = bbox2distance(priors[:, :2], targets.boxes) / priors[:, 2:3]
        loss_dfl = self.loss_dfl(
            box_logits.reshape(-1, self.reg_max + 1),
            distances.clamp(min=0, max=self.reg_max - 0.1).flatten(),  # GFL: below the last bin
            weight=weights[:, None].expand(-1, 4).flatten(),
            avg_factor=4 * weight_sum,
        )
        return dict(loss_qfl=loss_qfl, loss_bbox=loss_bbox, loss_dfl=loss_dfl)
