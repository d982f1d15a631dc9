"""A small cross-stage-partial network, the backbone of NanoDet-g.

Cross-stage partial: Wang et al., "CSPNet", CVPR Workshops 2020; its light form with blocks that
keep both of their halves follows YOLOv4-tiny. Plain 3x3 convolutions, few layers: made for
accelerators. Layout and parameter names are those of NanoDet 1.0 (Apache-2.0,
github.com/RangiLyu/nanodet).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmtrack_ext.registry import MODELS

STEM_CHANNELS = 32
# Of NanoDet-g: (input channels, blocks, stride) of the stages 2 to 5. 0 is the stem, 1 a pooling.
CSP_STAGES = ((32, 1, 1), (64, 2, 2), (128, 2, 2), (256, 3, 2))


class TinyBlock(nn.Module):
    """Two convolutions of half the width, one after the other, beside each other in the output."""

    def __init__(self, channels: int, *, conv: Any) -> None:
        super().__init__()
        self.in_conv = conv(channels, channels // 2)
        self.mid_conv = conv(channels // 2, channels // 2)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same."""
        first = self.in_conv(x)
        return torch.cat([self.mid_conv(first), first], dim=1)


class CspStage(nn.Module):
    """A convolution, and blocks beside it: (B, C, H, W) to (B, 2 * C, H/stride, W/stride)."""

    def __init__(self, channels: int, *, num_blocks: int, stride: int, conv: Any) -> None:
        super().__init__()
        self.in_conv = conv(channels, channels, stride=stride)
        self.res_blocks = nn.Sequential(
            *(TinyBlock(channels, conv=conv) for _ in range(num_blocks))
        )
        self.res_out_conv = conv(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """What went through the blocks first, then what passed them by."""
        x = self.in_conv(x)
        return torch.cat([self.res_out_conv(self.res_blocks(x)), x], dim=1)


@MODELS.register_module()
class CustomCspNet(BaseModule):
    """The backbone of NanoDet-g.

    Args:
        out_stages: which of the stages 2 to 5 (strides 4, 8, 16, 32; 64, 128, 256, 512 channels)
            are returned.
        norm_cfg: the normalisation.
        act_cfg: the activation.
        init_cfg: ``dict(type='Pretrained', checkpoint=...)``, or None for Kaiming's random weights
            (the original has no others).
    """

    def __init__(
        self,
        *,
        out_stages: Sequence[int] = (3, 4, 5),
        norm_cfg: dict = dict(type='BN'),  # noqa: B006  (never changed)
        act_cfg: dict = dict(type='LeakyReLU', negative_slope=0.1),  # noqa: B006
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg or dict(type='Kaiming', layer='Conv2d', mode='fan_out'))
        if not set(out_stages) <= {2, 3, 4, 5}:
            raise ValueError(
                "The 'out_stages' of CustomCspNet must be among 2, 3, 4 and 5. "
                f'Got {tuple(out_stages)} instead.'
            )
        self.out_stages = tuple(out_stages)
        self.out_channels = tuple(2 * CSP_STAGES[stage - 2][0] for stage in out_stages)
        conv = partial(ConvModule, kernel_size=3, padding=1, norm_cfg=norm_cfg, act_cfg=act_cfg)
        self.stages = nn.ModuleList(
            [conv(3, STEM_CHANNELS, stride=2), nn.MaxPool2d(3, stride=2, padding=1)]
        )
        for channels, num_blocks, stride in CSP_STAGES:
            stage = CspStage(channels, num_blocks=num_blocks, stride=stride, conv=conv)
            self.stages.append(stage)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) to one (B, C, H/stride, W/stride) for each of ``out_stages``."""
        outputs = []
        for i, stage in enumerate(self.stages):
            x = stage(x)
            if i in self.out_stages:
                outputs.append(x)
        return tuple(outputs)
