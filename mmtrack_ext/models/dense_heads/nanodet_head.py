"""The head of the first NanoDet (NanoDet-m, -t, -g, EfficientLite, RepVGG).

NanoDet 1.0 (Apache-2.0, github.com/RangiLyu/nanodet); parameter names are the original's. Losses
are GFL's (Li et al., "Generalized focal loss", NeurIPS 2020), points answer for objects as ATSS
says (Zhang et al., CVPR 2020).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmdet.models.task_modules.assigners import AssignResult
from mmdet.structures.bbox import bbox_cxcywh_to_xyxy, bbox_overlaps, get_box_tensor
from mmdet.utils import reduce_mean
from mmengine.structures import InstanceData
from torch import Tensor

from mmtrack_ext.models.dense_heads.point_decoding import PointPredictions
from mmtrack_ext.models.dense_heads.point_gfl_head import (
    BATCH_NORM,
    BOX_LOSS,
    DISTRIBUTION_LOSS,
    INITIAL_WEIGHTS,
    LEAKY_RELU,
    QUALITY_FOCAL_LOSS,
    PointGFLHead,
    PointTargets,
)
from mmtrack_ext.registry import MODELS


@MODELS.register_module()
class NanoDetHead(PointGFLHead):
    """The head of the first NanoDet: its points are the centres of cells.

    Where the batches of all processes have no positive point, the quality focal loss of the
    negatives remains, as in NanoDet-Plus and in mmdet's ``GFLHead``: images without objects teach,
    too. The released program then takes 0 for all losses (``compat_released``).

    The original also stores convolutions ``gfl_reg`` that it never runs. They are left out here;
    weights that have them are accepted.

    Args:
        num_classes: C.
        in_channels: channels of every input.
        feat_channels: channels inside the towers; None for ``in_channels``.
        stacked_convs: convolutions in a tower.
        kernel_size: of those.
        conv: 'depthwise' for depthwise-separable ones, 'conv' for plain ones.
        strides: of the levels, fine to coarse.
        reg_max: the longest predicted distance, in strides.
        octave_base_scale: side of the square cells that ATSS compares with objects, in strides.
        norm_cfg: the normalisation.
        act_cfg: the activation.
        loss_cls: the quality focal loss.
        loss_bbox: the overlap loss.
        loss_dfl: the distribution focal loss.
        compat_released: no loss, and no gradient, from batches without any positive point.
        train_cfg: ``assigner``; None for mmdet's ``ATSSAssigner`` with ``topk=9``. Its
            ``ignore_iof_thr`` above 0 takes cells out of the loss that lie by more than this share
            in an ignored region; by default (the original) ignored regions have no effect.
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
        kernel_size: int = 3,
        conv: str = 'depthwise',
        strides: Sequence[int] = (8, 16, 32),
        reg_max: int = 7,
        octave_base_scale: float = 5,
        norm_cfg: dict = BATCH_NORM,
        act_cfg: dict = LEAKY_RELU,
        loss_cls: dict = QUALITY_FOCAL_LOSS,
        loss_bbox: dict = BOX_LOSS,
        loss_dfl: dict = DISTRIBUTION_LOSS,
        compat_released: bool = False,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        init_cfg: dict = INITIAL_WEIGHTS,
    ) -> None:
        super().__init__(
            num_classes, in_channels, feat_channels=feat_channels, stacked_convs=stacked_convs,
            kernel_size=kernel_size, conv=conv, strides=strides, reg_max=reg_max, prior_offset=0.5,
            assigner=dict(type='ATSSAssigner', topk=9),
            min_box_weight=0.0,  # mmdet's GFLHead has 1; its losses keep 0 / 0 at 0
            loss_cls=loss_cls, loss_bbox=loss_bbox, loss_dfl=loss_dfl, norm_cfg=norm_cfg,
            act_cfg=act_cfg, train_cfg=train_cfg, test_cfg=test_cfg, init_cfg=init_cfg,
        )  # fmt: skip
        self.octave_base_scale = octave_base_scale
        self.compat_released = compat_released

    def cells(self, priors: Tensor) -> Tensor:
        """(P, 4) squares, xyxy in pixels, ``octave_base_scale`` strides wide, around the points."""
        sides = self.octave_base_scale * priors[:, 2:]
        return bbox_cxcywh_to_xyxy(torch.cat([priors[:, :2], sides], dim=1))

    def assign(
        self, points: InstanceData, gt: InstanceData, ignored: InstanceData | None
    ) -> AssignResult:
        """By cells alone; the class score to predict is what the predicted box overlaps."""
        gt_boxes = get_box_tensor(gt.bboxes)
        gt = InstanceData(bboxes=gt_boxes, labels=gt.labels)
        if ignored is not None:
            ignored = InstanceData(bboxes=get_box_tensor(ignored.bboxes))
        # Levels have different strides, so a run of equal ones is a level.
        sizes = points.priors[:, 2].unique_consecutive(return_counts=True)[1].tolist()
        cells = InstanceData(priors=self.cells(points.priors))
        result = self.assigner.assign(cells, sizes, gt, ignored)
        if not len(gt_boxes):
            self._ignore(result.gt_inds, cells.priors, ignored)
        positive = result.gt_inds > 0
        objects = gt_boxes[result.gt_inds[positive] - 1]
        result.max_overlaps = torch.zeros_like(cells.priors[:, 0])
        result.max_overlaps[positive] = bbox_overlaps(
            points.bboxes[positive], objects, is_aligned=True
        )
        return result

    def _ignore(self, gt_inds: Tensor, cells: Tensor, ignored: InstanceData | None) -> None:
        """Set cells in ignored regions to -1: without objects mmdet's assigner does not look."""
        limit = self.assigner.ignore_iof_thr
        if limit > 0 and ignored is not None and len(ignored):
            share = bbox_overlaps(cells, ignored.bboxes, mode='iof').amax(dim=1)
            gt_inds[share > limit] = -1

    def count_positive(self, positive: Tensor) -> Tensor:
        """Their sum, an image without any counting 1."""
        return positive.clamp(min=1).sum()

    def losses(self, predictions: PointPredictions, targets: PointTargets) -> dict[str, Tensor]:
        """The three losses, weights included; see ``PointGFLHead`` and ``compat_released``."""
        losses = super().losses(predictions, targets)
        if not self.compat_released:
            return losses
        count = predictions.priors.new_tensor(float(len(targets.positive)))
        any_positive = reduce_mean(count) > 0
        # A factor of 0, for DistributedDataParallel waits for a gradient of each parameter.
        return {name: loss * any_positive for name, loss in losses.items()}

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: object) -> None:
        for name in [name for name in state_dict if name.startswith(f'{prefix}gfl_reg.')]:
            del state_dict[name]
        super()._load_from_state_dict(state_dict, prefix, *args)
