"""The auxiliary head that teaches NanoDet-Plus in training and is not used afterwards.

It is larger than the head that it helps: its predictions decide which point answers for which
object ("assign guidance module"). NanoDet-Plus 1.0 (Apache-2.0, github.com/RangiLyu/nanodet).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from mmcv.cnn import ConvModule, Scale
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmtrack_ext.models.dense_heads.point_gfl_head import INITIAL_WEIGHTS, LEAKY_RELU
from mmtrack_ext.registry import MODELS


@MODELS.register_module()
class NanoDetAuxHead(BaseModule):
    """A tower of 3x3 convolutions for classes and one for boxes, the same for all levels.

    Args:
        num_classes: C.
        in_channels: channels of every input.
        num_levels: how many inputs; each has a scale of its own for the boxes.
        feat_channels: channels inside the towers; None for ``in_channels``.
        stacked_convs: convolutions in a tower.
        reg_max: as the head's that it helps.
        norm_cfg: the normalisation.
        act_cfg: the activation.
        init_cfg: NanoDet's: normal with 0.01; the last biases -4.595 for classes, 0 for boxes.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        *,
        num_levels: int = 4,
        feat_channels: int | None = None,
        stacked_convs: int = 4,
        reg_max: int = 7,
        norm_cfg: dict = dict(type='GN', num_groups=32),  # noqa: B006  (never changed)
        act_cfg: dict = LEAKY_RELU,
        init_cfg: dict = INITIAL_WEIGHTS,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        feat_channels = feat_channels or in_channels
        widths = [in_channels] + [feat_channels] * stacked_convs

        def tower() -> nn.Sequential:
            pairs = pairwise(widths)
            style = dict(padding=1, norm_cfg=norm_cfg, act_cfg=act_cfg)
            return nn.Sequential(*(ConvModule(*pair, 3, **style) for pair in pairs))

        self.cls_convs = tower()
        self.reg_convs = tower()
        self.gfl_cls = nn.Conv2d(widths[-1], num_classes, 3, padding=1)
        self.gfl_reg = nn.Conv2d(widths[-1], 4 * (reg_max + 1), 3, padding=1)
        self.scales = nn.ModuleList(Scale(1.0) for _ in range(num_levels))

    def forward(self, features: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Class maps (B, C, H, W) and box maps (B, 4 * (reg_max + 1), H, W), logits, by level."""
        class_maps = [self.gfl_cls(self.cls_convs(x)) for x in features]
        box_maps = [
            scale(self.gfl_reg(self.reg_convs(x)))
            for x, scale in zip(features, self.scales, strict=True)
        ]
        return class_maps, box_maps
