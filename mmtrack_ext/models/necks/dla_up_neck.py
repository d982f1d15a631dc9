"""From the maps of DLA to one map of the finest stride.

Iterative deep aggregation: Yu et al., "Deep Layer Aggregation", CVPR 2018, section 4.2, with
deformable convolutions as in CenterNet and CenterTrack (MIT, github.com/xingyizhou/CenterTrack).
Parameter names are CenterTrack's but for ``conv_offset``, mmcv's name of ``conv_offset_mask``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import torch
from mmcv.ops import ModulatedDeformConv2dPack
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmtrack_ext.registry import MODELS

NODES: dict[str, Callable[[int, int], nn.Module]] = {  # with bias where the original has one
    'dcn': partial(ModulatedDeformConv2dPack, kernel_size=3, padding=1, bias=True),
    'conv': partial(nn.Conv2d, kernel_size=1, bias=False),
}


class Node(nn.Module):
    """Deformable 3x3 ('dcn') or ordinary 1x1 ('conv') convolution, batch norm, ReLU.

    The convolution of offsets and masks starts with zeros: no offset, and masks of one half.
    """

    def __init__(self, in_channels: int, out_channels: int, *, node: str) -> None:
        super().__init__()
        self.conv = NODES[node](in_channels, out_channels)
        self.actf = nn.Sequential(nn.BatchNorm2d(out_channels), nn.ReLU(inplace=True))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H, W)."""
        return self.actf(self.conv(x))


class IDAUp(nn.Module):
    """Adds maps to a running one, each brought to its channels and size before.

    Args:
        in_channels: of the maps that are added.
        out_channels: of the running map, and of the result.
        factors: by how much each map is enlarged.
        node: see ``DLAUpNeck``.
    """

    def __init__(
        self, in_channels: Sequence[int], out_channels: int, *, factors: Sequence[int], node: str
    ) -> None:
        super().__init__()
        self.steps = tuple(range(1, len(in_channels) + 1))
        for step, channels, factor in zip(self.steps, in_channels, factors, strict=True):
            setattr(self, f'proj_{step}', Node(channels, out_channels, node=node))
            setattr(self, f'up_{step}', bilinear_upsampling(out_channels, factor))
            setattr(self, f'node_{step}', Node(out_channels, out_channels, node=node))

    def forward(self, running: Tensor, maps: Sequence[Tensor]) -> list[Tensor]:
        """The running map after each of the maps, all of its shape."""
        results = []
        for step, x in zip(self.steps, maps, strict=True):
            enlarged = getattr(self, f'up_{step}')(getattr(self, f'proj_{step}')(x))
            running = getattr(self, f'node_{step}')(enlarged + running)
            results.append(running)
        return results


class DLAUp(nn.Module):
    """Joins the coarsest two maps, the coarsest three, and so on, ever finer."""

    def __init__(self, in_channels: Sequence[int], *, node: str) -> None:
        super().__init__()
        self.rounds = len(in_channels) - 1
        for number in range(self.rounds):
            wide, narrow = in_channels[-1 - number], in_channels[-2 - number]
            maps = number + 1
            joined = IDAUp([wide] * maps, narrow, factors=[2] * maps, node=node)
            setattr(self, f'ida_{number}', joined)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Maps, fine to coarse, to joined maps of their shapes without the coarsest."""
        outputs, coarser = [], [maps[-1]]
        for number in range(self.rounds):
            finer = maps[-2 - number]
            joined = getattr(self, f'ida_{number}')(finer, coarser)
            outputs.append(joined[-1])
            coarser = [finer, *joined]
        return outputs[::-1]


@MODELS.register_module()
class DLAUpNeck(BaseModule):
    """Everything that the backbone sees in one map, of its finest stride.

    Takes the maps of any backbone whose strides double from one to the next.

    Args:
        in_channels: of the backbone's maps, fine to coarse; the first is that of the output.
        node: 'dcn': deformable convolutions (the original); 'conv': 1x1 convolutions, lighter.
        init_cfg: see ``mmengine.model.BaseModule``; None for torch's and mmcv's own weights and
            bilinear upsampling.
    """

    def __init__(
        self,
        in_channels: Sequence[int] = (64, 128, 256, 512),
        *,
        node: str = 'dcn',
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if node not in NODES:
            raise ValueError(
                f"The 'node' of DLAUpNeck must be one of {', '.join(NODES)}. Got {node!r} instead."
            )
        if len(in_channels) < 3:
            raise ValueError(
                "The 'in_channels' of DLAUpNeck must be those of three maps or more. Got "
                f'{list(in_channels)} instead.'
            )
        self.in_channels, self.out_channels = tuple(in_channels), in_channels[0]
        self.dla_up = DLAUp(in_channels, node=node)
        coarser = in_channels[1:-1]
        factors = [2 ** (number + 1) for number in range(len(coarser))]
        self.ida_up = IDAUp(coarser, self.out_channels, factors=factors, node=node)

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """The backbone's maps, fine to coarse, to one (B, C, h, w) of the first one's shape."""
        if len(inputs) != len(self.in_channels):
            raise ValueError(
                f'DLAUpNeck was built for {len(self.in_channels)} maps. Got {len(inputs)} instead.'
            )
        finest, *coarser = self.dla_up(inputs)
        return self.ida_up(finest, coarser)[-1]


def bilinear_upsampling(channels: int, factor: int) -> nn.ConvTranspose2d:
    """Enlarges each channel by itself; starts as bilinear interpolation and is trained on."""
    layer = nn.ConvTranspose2d(
        channels, channels, 2 * factor, stride=factor, padding=factor // 2, groups=channels,
        bias=False,
    )  # fmt: skip
    kernel = bilinear_kernel(2 * factor)
    with torch.no_grad():
        layer.weight.copy_(kernel[:, None] * kernel[None, :])
    return layer


def bilinear_kernel(size: int) -> Tensor:
    """One axis of the interpolation as a transposed convolution (Caffe's bilinear filler).

    >>> bilinear_kernel(4).tolist()
    [0.25, 0.75, 0.75, 0.25]
    """
    half = math.ceil(size / 2)
    centre = (2 * half - 1 - half % 2) / (2 * half)
    return torch.tensor([1 - abs(place / half - centre) for place in range(size)])
