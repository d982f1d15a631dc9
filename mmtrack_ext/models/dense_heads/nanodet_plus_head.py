"""The head of NanoDet-Plus.

NanoDet-Plus 1.0 (Apache-2.0, github.com/RangiLyu/nanodet); parameter names are the original's.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from mmcv.cnn import ConvModule, DepthwiseSeparableConvModule
from mmdet.models.utils import unpack_gt_instances
from mmdet.structures.bbox import bbox2distance, get_box_tensor
from mmdet.utils import reduce_mean
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmtrack_ext.models.dense_heads.point_gfl_head import PointGFLHead, PointPredictions
from mmtrack_ext.registry import MODELS, TASK_UTILS


class PointTargets(NamedTuple):
    """What B * P points shall predict; N of them are positive."""

    labels: Tensor  # (B * P,): class, num_classes = background
    label_weights: Tensor  # (B * P,): 0 = ignored
    overlaps: Tensor  # (B * P,): the class score to predict, 0 for negatives
    positive: Tensor  # (N,): which points, ascending
    boxes: Tensor  # (N, 4): their objects, xyxy in pixels
    num_positive: Tensor  # (): mean over processes, at least 1


@MODELS.register_module()
class NanoDetPlusHead(PointGFLHead):
    """A tower of convolutions for each level, and one 1x1 convolution for classes and boxes.

    Args:
        num_classes: C.
        in_channels: channels of every input.
        feat_channels: channels inside the towers; None for ``in_channels``.
        stacked_convs: convolutions in a tower.
        kernel_size: of those.
        use_depthwise: depthwise-separable towers, or plain ones.
        strides: of the levels, fine to coarse.
        reg_max: the longest predicted distance, in strides.
        loss_cls: the quality focal loss.
        loss_bbox: the overlap loss.
        loss_dfl: the distribution focal loss.
        norm_cfg: the normalisation.
        act_cfg: the activation.
        train_cfg: ``assigner``; None for ``DSLAssigner``.
        test_cfg: see ``PointGFLHead``.
        init_cfg: NanoDet's: normal with 0.01; all last biases, of boxes too, -4.595.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        *,
        feat_channels: int | None = None,
        stacked_convs: int = 2,
        kernel_size: int = 5,
        use_depthwise: bool = True,
        strides: Sequence[int] = (8, 16, 32, 64),
        reg_max: int = 7,
        loss_cls: dict = dict(type='QualityFocalLoss', beta=2.0, loss_weight=1.0),  # noqa: B006
        loss_bbox: dict = dict(type='GIoULoss', eps=1e-6, loss_weight=2.0),  # noqa: B006
        loss_dfl: dict = dict(type='DistributionFocalLoss', loss_weight=0.25),  # noqa: B006
        norm_cfg: dict = dict(type='BN'),  # noqa: B006  (never changed, like all defaults here)
        act_cfg: dict = dict(type='LeakyReLU', negative_slope=0.1),  # noqa: B006
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        init_cfg: dict = dict(  # noqa: B006
            type='Normal',
            layer='Conv2d',
            std=0.01,
            override=dict(type='Normal', name='gfl_cls', std=0.01, bias_prob=0.01),
        ),
    ) -> None:
        super().__init__(
            num_classes, strides=strides, reg_max=reg_max, prior_offset=0.0, train_cfg=train_cfg,
            test_cfg=test_cfg, init_cfg=init_cfg,
        )  # fmt: skip
        assigner = (train_cfg or {}).get('assigner') or dict(type='DSLAssigner')
        self.assigner = TASK_UTILS.build(assigner)
        self.loss_cls = MODELS.build(loss_cls)
        self.loss_bbox = MODELS.build(loss_bbox)
        self.loss_dfl = MODELS.build(loss_dfl)

        feat_channels = feat_channels or in_channels
        conv = DepthwiseSeparableConvModule if use_depthwise else ConvModule
        style = dict(padding=kernel_size // 2, norm_cfg=norm_cfg, act_cfg=act_cfg)
        widths = [in_channels] + [feat_channels] * stacked_convs
        self.cls_convs = nn.ModuleList(
            nn.Sequential(*(conv(*pair, kernel_size, **style) for pair in pairwise(widths)))
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
        """Losses without an auxiliary head: assignment by this head's own predictions."""
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
        """Assign points to objects by the given predictions, and collect what each shall predict.

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
            result = self.assigner.assign(points, gt, ignored)
            assigned.append(result)
            objects = result.gt_inds[result.gt_inds > 0] - 1
            gt_boxes.append(get_box_tensor(gt.bboxes)[objects])
        gt_inds = torch.cat([result.gt_inds for result in assigned])
        labels = torch.cat([result.labels for result in assigned])
        positive = (gt_inds > 0).nonzero().squeeze(1)
        return PointTargets(
            labels=torch.where(gt_inds > 0, labels, self.num_classes),
            label_weights=(gt_inds >= 0).to(boxes.dtype),
            overlaps=torch.cat([result.max_overlaps for result in assigned]),
            positive=positive,
            boxes=torch.cat(gt_boxes),
            num_positive=reduce_mean(boxes.new_tensor(float(len(positive)))).clamp(min=1),
        )

    def losses(self, predictions: PointPredictions, targets: PointTargets) -> dict[str, Tensor]:
        """The three losses of one head, weights included.

        Classes are normalised by the number of positives. Boxes are weighted by the head's own
        highest class score, and normalised by the sum of that, at least 1.
        """
        class_logits = predictions.class_logits.flatten(0, 1)
        loss_qfl = self.loss_cls(
            class_logits, (targets.labels, targets.overlaps), weight=targets.label_weights,
            avg_factor=targets.num_positive,
        )  # fmt: skip
        positive = targets.positive
        weights = class_logits.detach()[positive].sigmoid().amax(dim=1)
        weight_sum = reduce_mean(weights.sum()).clamp(min=1)

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
