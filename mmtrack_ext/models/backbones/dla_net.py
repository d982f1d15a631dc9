"""Deep layer aggregation over a frame, the frame before it, and where objects were in that.

Yu et al., "Deep Layer Aggregation", CVPR 2018, table 1 (the family); the stems for the previous
frame and its heat map are CenterTrack's (Zhou et al., ECCV 2020, section 4.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmtrack_ext.models.backbones.dla_blocks import BasicBlock, Bottleneck, Tree, conv
from mmtrack_ext.registry import MODELS


class Arch(NamedTuple):
    """A member of the family; depths and channels of the levels 0 to 5, strides 1 to 32."""

    levels: tuple[int, ...]
    channels: tuple[int, ...]
    block: type[nn.Module] = Bottleneck
    root_residual: bool = False


WIDE = (16, 32, 128, 256, 512, 1024)
ARCHS = {
    'tiny': Arch((1, 1, 1, 1, 1, 1), (8, 16, 32, 48, 64, 96), BasicBlock),  # ours, for a CPU
    '34': Arch((1, 1, 1, 2, 2, 1), (16, 32, 64, 128, 256, 512), BasicBlock),
    '60': Arch((1, 1, 1, 2, 3, 1), WIDE),
    '102': Arch((1, 1, 1, 3, 4, 1), WIDE, root_residual=True),
    '169': Arch((1, 1, 2, 3, 5, 1), WIDE, root_residual=True),
}
OUT_LEVELS = (2, 3, 4, 5)  # strides 4, 8, 16, 32


@MODELS.register_module()
class DLANet(BaseModule):
    """DLA with a stem for each of three inputs, whose outputs are summed after their ReLUs.

    An input that is not given adds nothing. That differs from zeros, which batch norm and ReLU
    turn into a constant.

    Args:
        depth: a key of ``ARCHS``.
        levels: depths of the six levels; None for those of ``depth``.
        channels: of the six levels; None for those of ``depth``.
        use_prev_img: there is a stem for the previous frame.
        use_prior_heatmap: there is a stem for the heat map of the previous frame's objects.
        init_cfg: ``dict(type='Pretrained', checkpoint=...)`` takes an ImageNet file of the
            authors, in which the two other stems are missing; None for torch's own weights.
    """

    def __init__(
        self,
        depth: int | str = '34',
        *,
        levels: Sequence[int] | None = None,
        channels: Sequence[int] | None = None,
        use_prev_img: bool = True,
        use_prior_heatmap: bool = True,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if str(depth) not in ARCHS:
            raise ValueError(
                f"The 'depth' of DLANet must be one of {', '.join(ARCHS)}. Got {depth!r} instead."
            )
        arch = ARCHS[str(depth)]
        levels, channels = tuple(levels or arch.levels), tuple(channels or arch.channels)
        if len(levels) != 6 or len(channels) != 6 or min(*levels, *channels) < 1:
            raise ValueError(
                "The 'levels' and 'channels' of DLANet must be six integers >= 1 each. Got "
                f'{levels} and {channels} instead.'
            )
        self.out_channels = tuple(channels[level] for level in OUT_LEVELS)
        self.use_prev_img, self.use_prior_heatmap = use_prev_img, use_prior_heatmap
        self.base_layer = _stem(3, channels[0])
        if use_prev_img:
            self.pre_img_layer = _stem(3, channels[0])
        if use_prior_heatmap:
            self.pre_hm_layer = _stem(1, channels[0])
        self.level0 = _convs(channels[0], channels[0], levels[0], stride=1)
        self.level1 = _convs(channels[0], channels[1], levels[1], stride=2)
        for level in OUT_LEVELS:
            tree = Tree(
                arch.block, channels[level - 1], channels[level], depth=levels[level], stride=2,
                level_root=level > 2, root_residual=arch.root_residual,
            )  # fmt: skip
            setattr(self, f'level{level}', tree)

    def forward(
        self, img: Tensor, prev_img: Tensor | None = None, prior_heatmap: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """Maps of strides 4, 8, 16 and 32.

        Args:
            img: (B, 3, H, W), H and W multiples of 32.
            prev_img: (B, 3, H, W), the previous frame; None to do without.
            prior_heatmap: (B, 1, H, W), 0 to 1; None to do without.

        Raises:
            ValueError: an input is given that the network was built without.
        """
        x = self.base_layer(img)
        if prev_img is not None:
            self._require('use_prev_img', 'prev_img')
            x = x + self.pre_img_layer(prev_img)
        if prior_heatmap is not None:
            self._require('use_prior_heatmap', 'prior_heatmap')
            x = x + self.pre_hm_layer(prior_heatmap)
        x = self.level1(self.level0(x))
        outputs = []
        for level in OUT_LEVELS:
            x = getattr(self, f'level{level}')(x)
            outputs.append(x)
        return tuple(outputs)

    def _require(self, option: str, name: str) -> None:
        if not getattr(self, option):
            raise ValueError(
                f'DLANet was built with {option}=False, and has no stem for the {name!r} that it '
                f'got; pass None, or set {option}=True.'
            )


def _stem(in_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(
        conv(in_channels, out_channels, 7), nn.BatchNorm2d(out_channels), nn.ReLU(inplace=True)
    )


def _convs(in_channels: int, out_channels: int, count: int, *, stride: int) -> nn.Sequential:
    """3x3 convolutions, the first of which has the stride."""
    layers: list[nn.Module] = []
    for number in range(count):
        layers += [
            conv(out_channels if number else in_channels, out_channels, 3,
                 stride=1 if number else stride),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        ]  # fmt: skip
    return nn.Sequential(*layers)
