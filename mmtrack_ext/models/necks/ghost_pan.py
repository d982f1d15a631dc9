"""Path aggregation with ghost blocks: the neck of NanoDet-Plus.

Path aggregation: Liu et al., CVPR 2018. Ghost bottlenecks: Han et al., "GhostNet", CVPR 2020.
Their combination, the extra level and the names of the parameters are those of NanoDet 1.0
(Apache-2.0, github.com/RangiLyu/nanodet).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F  # noqa: N812
from mmcv.cnn import (
    ConvModule,
    DepthwiseSeparableConvModule,
    build_activation_layer,
    build_norm_layer,
)
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmtrack_ext.registry import MODELS


class GhostModule(nn.Module):
    """Half of the output channels by a 1x1 convolution, the others by 3x3 depthwise from those."""

    def __init__(
        self, in_channels: int, out_channels: int, *, norm_cfg: dict, act_cfg: dict | None
    ) -> None:
        super().__init__()
        if out_channels % 2:
            raise ValueError(f'A ghost module makes an even number of channels, not {out_channels}')
        half = out_channels // 2

        def tail() -> list[nn.Module]:
            norm = build_norm_layer(norm_cfg, half)[1]
            return (
                [norm, build_activation_layer({'inplace': True, **act_cfg})] if act_cfg else [norm]
            )

        self.primary_conv = nn.Sequential(nn.Conv2d(in_channels, half, 1, bias=False), *tail())
        self.cheap_operation = nn.Sequential(
            nn.Conv2d(half, half, 3, padding=1, groups=half, bias=False), *tail()
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H, W)."""
        primary = self.primary_conv(x)
        return torch.cat([primary, self.cheap_operation(primary)], dim=1)


class GhostBottleneck(nn.Module):
    """Two ghost modules beside a shortcut (depthwise and 1x1 where the width changes)."""

    def __init__(
        self, in_channels: int, out_channels: int, *, kernel_size: int, expand: int, norm_cfg: dict,
        act_cfg: dict,
    ) -> None:  # fmt: skip
        super().__init__()
        middle = out_channels * expand
        self.ghost1 = GhostModule(in_channels, middle, norm_cfg=norm_cfg, act_cfg=act_cfg)
        self.ghost2 = GhostModule(middle, out_channels, norm_cfg=norm_cfg, act_cfg=None)
        self.shortcut = nn.Sequential()
        if in_channels != out_channels:
            padding = (kernel_size - 1) // 2
            self.shortcut = nn.Sequential(
                nn.Conv2d(
                    in_channels, in_channels, kernel_size, padding=padding, groups=in_channels,
                    bias=False,
                ),
                build_norm_layer(norm_cfg, in_channels)[1],
                nn.Conv2d(in_channels, out_channels, 1, bias=False),
                build_norm_layer(norm_cfg, out_channels)[1],
            )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H, W)."""
        return self.ghost2(self.ghost1(x)) + self.shortcut(x)


class GhostBlocks(nn.Module):
    """``num_blocks`` bottlenecks in a row; the first one changes the width."""

    def __init__(self, in_channels: int, out_channels: int, *, num_blocks: int, **options) -> None:
        super().__init__()
        widths = [in_channels] + [out_channels] * num_blocks
        self.blocks = nn.Sequential(
            *(GhostBottleneck(*pair, **options) for pair in pairwise(widths))
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H, W)."""
        return self.blocks(x)


@MODELS.register_module()
class GhostPAN(BaseModule):
    """NanoDet-Plus's neck: top-down, bottom-up, and levels beyond the backbone's.

    Args:
        in_channels: channels of the backbone's outputs, fine to coarse.
        out_channels: channels of every output; 96 for NanoDet-Plus-m, 128 for its 1.5x.
        kernel_size: of the depthwise convolutions of downsampling, extra levels and shortcuts.
        num_extra_levels: 1 for one more output, of twice the coarsest input's stride; or 0.
        expand: widening inside a ghost bottleneck.
        num_blocks: bottlenecks at each junction.
        norm_cfg: the normalisation.
        act_cfg: the activation.
        init_cfg: passed to ``BaseModule``; None keeps each layer's own initial weights.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int = 96,
        *,
        kernel_size: int = 5,
        num_extra_levels: int = 1,
        expand: int = 1,
        num_blocks: int = 1,
        norm_cfg: dict = dict(type='BN'),  # noqa: B006  (never changed)
        act_cfg: dict = dict(type='LeakyReLU', negative_slope=0.1),  # noqa: B006
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if num_extra_levels not in (0, 1):
            raise ValueError(
                "The 'num_extra_levels' of GhostPAN must be 0 or 1. "
                f'Got {num_extra_levels} instead.'
            )
        self.out_channels = out_channels
        style = dict(norm_cfg=norm_cfg, act_cfg=act_cfg)
        joints = len(in_channels) - 1

        def block() -> GhostBlocks:
            return GhostBlocks(
                2 * out_channels, out_channels, num_blocks=num_blocks, kernel_size=kernel_size,
                expand=expand, **style,
            )  # fmt: skip

        def halve() -> DepthwiseSeparableConvModule:
            return DepthwiseSeparableConvModule(
                out_channels, out_channels, kernel_size, stride=2, padding=kernel_size // 2, **style
            )

        self.reduce_layers = nn.ModuleList(
            ConvModule(channels, out_channels, 1, **style) for channels in in_channels
        )
        self.top_down_blocks = nn.ModuleList(block() for _ in range(joints))  # coarse to fine
        self.downsamples = nn.ModuleList(halve() for _ in range(joints))
        self.bottom_up_blocks = nn.ModuleList(block() for _ in range(joints))  # fine to coarse
        self.extra_lvl_in_conv = nn.ModuleList(halve() for _ in range(num_extra_levels))
        self.extra_lvl_out_conv = nn.ModuleList(halve() for _ in range(num_extra_levels))

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """The backbone's maps, fine to coarse, to as many maps and the extra one."""
        if len(inputs) != len(self.reduce_layers):
            raise ValueError(
                f'GhostPAN was built for {len(self.reduce_layers)} maps. Got {len(inputs)} instead.'
            )
        reduced = [layer(x) for layer, x in zip(self.reduce_layers, inputs, strict=True)]
        inner = self._top_down(reduced)
        outputs = inner[:1]
        for downsample, block, x in zip(
            self.downsamples, self.bottom_up_blocks, inner[1:], strict=True
        ):
            outputs.append(block(torch.cat([downsample(outputs[-1]), x], dim=1)))
        for from_input, from_output in zip(
            self.extra_lvl_in_conv, self.extra_lvl_out_conv, strict=True
        ):
            outputs.append(from_input(reduced[-1]) + from_output(outputs[-1]))
        return tuple(outputs)

    def _top_down(self, reduced: list[Tensor]) -> list[Tensor]:
        inner = [reduced[-1]]
        for block, x in zip(self.top_down_blocks, reduced[-2::-1], strict=True):
            coarse = F.interpolate(
                inner[0], size=x.shape[-2:], mode='bilinear', align_corners=False
            )
            inner.insert(0, block(torch.cat([coarse, x], dim=1)))
        return inner
