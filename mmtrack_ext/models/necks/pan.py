"""Path aggregation without convolutions between levels: the neck of NanoDet.

Liu et al., "Path Aggregation Network for Instance Segmentation", CVPR 2018, with all that is
between the levels taken away but resizing and adding: NanoDet (Apache-2.0,
github.com/RangiLyu/nanodet), whose parameter names these are.
"""

from __future__ import annotations

from collections.abc import Sequence

from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.functional import interpolate

from mmtrack_ext.registry import MODELS


def resize_like(x: Tensor, other: Tensor) -> Tensor:
    """(B, C, H, W) bilinearly to the height and width of ``other``."""
    return interpolate(x, size=other.shape[-2:], mode='bilinear', align_corners=False)


@MODELS.register_module()
class PAN(BaseModule):
    """NanoDet's neck: coarse levels are added to finer ones, and those to coarser ones again.

    Args:
        in_channels: channels of the backbone's outputs, fine to coarse.
        out_channels: channels of every output: 96 or 128 in NanoDet.
        init_cfg: initial weights; Xavier's, as in feature pyramids.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int = 96,
        *,
        init_cfg: dict | None = dict(  # noqa: B006  (never changed)
            type='Xavier', layer='Conv2d', distribution='uniform'
        ),
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.out_channels = out_channels
        # With a bias; neither normalised nor activated.
        self.lateral_convs = nn.ModuleList(
            ConvModule(channels, out_channels, 1, act_cfg=None) for channels in in_channels
        )

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """The backbone's maps, fine to coarse, to as many maps of the same sizes."""
        if len(inputs) != len(self.lateral_convs):
            raise ValueError(
                f'PAN was built for {len(self.lateral_convs)} maps. Got {len(inputs)} instead.'
            )
        maps = [layer(x) for layer, x in zip(self.lateral_convs, inputs, strict=True)]
        for i in reversed(range(1, len(maps))):
            maps[i - 1] = maps[i - 1] + resize_like(maps[i], maps[i - 1])
        for i in range(1, len(maps)):
            maps[i] = maps[i] + resize_like(maps[i - 1], maps[i])
        return tuple(maps)
