"""The head of NanoDet-Plus.

NanoDet-Plus 1.0 (Apache-2.0, github.com/RangiLyu/nanodet); parameter names are the original's.
"""

from __future__ import annotations

from collections.abc import Sequence

from mmdet.models.task_modules.assigners import AssignResult
from mmengine.structures import InstanceData
from torch import Tensor

from mmtrack_ext.models.dense_heads.point_gfl_head import (
    BATCH_NORM,
    BOX_LOSS,
    DISTRIBUTION_LOSS,
    INITIAL_WEIGHTS,
    LEAKY_RELU,
    QUALITY_FOCAL_LOSS,
    PointGFLHead,
)
from mmtrack_ext.registry import MODELS


@MODELS.register_module()
class NanoDetPlusHead(PointGFLHead):
    """The head of NanoDet-Plus: its points are the upper left corners of cells.

    With an auxiliary head, that one's predictions decide which points answer for which objects;
    without, the head's own do.

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
        loss_cls: dict = QUALITY_FOCAL_LOSS,
        loss_bbox: dict = BOX_LOSS,
        loss_dfl: dict = DISTRIBUTION_LOSS,
        norm_cfg: dict = BATCH_NORM,
        act_cfg: dict = LEAKY_RELU,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        init_cfg: dict = INITIAL_WEIGHTS,
    ) -> None:
        super().__init__(
            num_classes, in_channels, feat_channels=feat_channels, stacked_convs=stacked_convs,
            kernel_size=kernel_size, conv='depthwise' if use_depthwise else 'conv',
            strides=strides, reg_max=reg_max, prior_offset=0.0, assigner=dict(type='DSLAssigner'),
            min_box_weight=1.0, loss_cls=loss_cls, loss_bbox=loss_bbox, loss_dfl=loss_dfl,
            norm_cfg=norm_cfg, act_cfg=act_cfg, train_cfg=train_cfg, test_cfg=test_cfg,
            init_cfg=init_cfg,
        )  # fmt: skip

    def assign(
        self, points: InstanceData, gt: InstanceData, ignored: InstanceData | None
    ) -> AssignResult:
        """By the given predictions, whose overlap with the object is the class score to predict."""
        return self.assigner.assign(points, gt, ignored)

    def count_positive(self, positive: Tensor) -> Tensor:
        """Their sum."""
        return positive.sum()
