"""What deep layer aggregation is made of: blocks, and trees of blocks.

Yu et al., "Deep Layer Aggregation", CVPR 2018, section 3 and figure 3 (hierarchical aggregation).
Parameter names are those of the authors' program (BSD-3-Clause, github.com/ucbdrive/dla), so that
its files load.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


def conv(in_channels: int, out_channels: int, kernel: int, *, stride: int = 1) -> nn.Conv2d:
    """Without bias, as a norm follows, and padded to keep the size."""
    return nn.Conv2d(
        in_channels, out_channels, kernel, stride=stride, padding=kernel // 2, bias=False
    )


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and what bypasses them."""

    def __init__(self, in_channels: int, out_channels: int, *, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = conv(in_channels, out_channels, 3, stride=stride)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = conv(out_channels, out_channels, 3)
        self.bn2 = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """``residual``: of the output's shape, added before the last ReLU; ``x`` if None."""
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + (x if residual is None else residual))


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions, half as wide inside, and what bypasses them."""

    def __init__(self, in_channels: int, out_channels: int, *, stride: int = 1) -> None:
        super().__init__()
        hidden = out_channels // 2
        self.conv1 = conv(in_channels, hidden, 1)
        self.bn1 = nn.BatchNorm2d(hidden)
        self.conv2 = conv(hidden, hidden, 3, stride=stride)
        self.bn2 = nn.BatchNorm2d(hidden)
        self.conv3 = conv(hidden, out_channels, 1)
        self.bn3 = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """As ``BasicBlock.forward``."""
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return F.relu(y + (x if residual is None else residual))


class Root(nn.Module):
    """Joins the maps of a tree by a 1x1 convolution."""

    def __init__(self, in_channels: int, out_channels: int, *, residual: bool) -> None:
        super().__init__()
        self.conv = conv(in_channels, out_channels, 1)
        self.bn = nn.BatchNorm2d(out_channels)
        self.residual = residual

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Maps of one size, the deepest first."""
        y = self.bn(self.conv(torch.cat(maps, dim=1)))
        return F.relu(y + maps[0] if self.residual else y)


class Tree(nn.Module):
    """Two blocks and their root; or two trees, of which the second holds the root of both.

    A tree of trees has no ``project``, unlike the authors' program: there it is computed, and what
    it gives is replaced inside the first tree, so that nothing ever depends on it.

    Args:
        block: ``BasicBlock`` or ``Bottleneck``.
        in_channels: of the input.
        out_channels: of everything inside.
        depth: 2 ** depth blocks.
        stride: of the first block, and of the pooling that bypasses it.
        level_root: the root of this tree gets its (pooled) input, too.
        root_channels: what the root gets besides that; 0: the two blocks' outputs.
        root_residual: the root adds the deepest map to its output.
    """

    def __init__(
        self, block: type[nn.Module], in_channels: int, out_channels: int, *, depth: int,
        stride: int = 1, level_root: bool = False, root_channels: int = 0,
        root_residual: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        root_channels = root_channels or 2 * out_channels
        if level_root:
            root_channels += in_channels
        self.level_root = level_root
        self.pool = nn.MaxPool2d(stride, stride) if stride > 1 else nn.Identity()
        self.root = self.project = None
        if depth > 1:
            inner = dict(depth=depth - 1, root_residual=root_residual)
            self.tree1 = Tree(block, in_channels, out_channels, stride=stride, **inner)
            root_channels += out_channels
            self.tree2 = Tree(
                block, out_channels, out_channels, root_channels=root_channels, **inner
            )
            return
        self.tree1 = block(in_channels, out_channels, stride=stride)
        self.tree2 = block(out_channels, out_channels)
        self.root = Root(root_channels, out_channels, residual=root_residual)
        if in_channels != out_channels:
            self.project = nn.Sequential(
                conv(in_channels, out_channels, 1), nn.BatchNorm2d(out_channels)
            )

    def forward(self, x: Tensor, children: Sequence[Tensor] = ()) -> Tensor:
        """(B, C, H, W) to (B, C', H / stride, W / stride).

        ``children`` are the maps, of the output's size, that the root is to join besides.
        """
        bottom = self.pool(x)
        if self.level_root:
            children = [*children, bottom]
        if self.root is None:
            x1 = self.tree1(x)
            return self.tree2(x1, [*children, x1])
        residual = bottom if self.project is None else self.project(bottom)
        x1 = self.tree1(x, residual)
        return self.root([self.tree2(x1), x1, *children])
