"""EfficientNet-Lite, a backbone without squeeze-and-excitation.

Tan and Le, "EfficientNet", ICML 2019, table 1, in the Lite form of TensorFlow's model garden: no
squeeze-and-excitation, ReLU6, and a stem and a first and last stage that are not scaled. Parameter
names are those of NanoDet 1.0 (Apache-2.0, github.com/RangiLyu/nanodet), so that the weights of
github.com/RangiLyu/EfficientNet-Lite load.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from mmcv.cnn import build_activation_layer, build_norm_layer
from mmcv.cnn.bricks import DropPath
from mmdet.models.utils import make_divisible
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmtrack_ext.registry import MODELS

STEM_CHANNELS = 32
SCALES = {'lite0': (1.0, 1.0), 'lite1': (1.0, 1.1), 'lite2': (1.1, 1.2)}  # width, depth
# Blocks, kernel, stride, widening inside, channels of the stages 0 to 6 (paper, table 1).
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


class InvertedResidual(nn.Module):
    """Widen, filter each channel, narrow (MBConv): (B, C, H, W) to (B, C', H/stride, W/stride)."""

    def __init__(
        self, in_channels: int, out_channels: int, *, kernel_size: int, stride: int, expand: int,
        drop_rate: float, norm_cfg: dict, act_cfg: dict,
    ) -> None:  # fmt: skip
        super().__init__()
        middle = in_channels * expand
        self.expand = expand > 1
        if self.expand:
            self._expand_conv = nn.Conv2d(in_channels, middle, 1, bias=False)
            self._bn0 = build_norm_layer(norm_cfg, middle)[1]
        self._depthwise_conv = nn.Conv2d(
            middle, middle, kernel_size, stride, padding=kernel_size // 2, groups=middle, bias=False
        )
        self._bn1 = build_norm_layer(norm_cfg, middle)[1]
        self._project_conv = nn.Conv2d(middle, out_channels, 1, bias=False)
        self._bn2 = build_norm_layer(norm_cfg, out_channels)[1]
        self.act = build_activation_layer({'inplace': True, **act_cfg})
        self.residual = stride == 1 and in_channels == out_channels
        self.drop = DropPath(drop_rate)

    def forward(self, inputs: Tensor) -> Tensor:
        """No activation after the last convolution; the input is added where the shape stays."""
        x = self.act(self._bn0(self._expand_conv(inputs))) if self.expand else inputs
        x = self.act(self._bn1(self._depthwise_conv(x)))
        x = self._bn2(self._project_conv(x))
        return inputs + self.drop(x) if self.residual else x


@MODELS.register_module()
class EfficientNetLite(BaseModule):
    """EfficientNet-Lite without its classifier.

    Args:
        arch: 'lite0', 'lite1' or 'lite2'.
        out_stages: which of the stages 0 to 6 are returned; 2, 4, 6 have the strides 8, 16, 32.
        drop_connect_rate: in training, the share of images whose block is left out, by residual
            block: it grows in proportion to the block's index from 0, and would be this at the
            number of blocks, as in the paper. (NanoDet divides by the number of stages, 7, and so
            drops up to half.)
        norm_cfg: the normalisation; TensorFlow's epsilon and momentum, not torch's.
        act_cfg: the activation.
        init_cfg: ``dict(type='Pretrained', checkpoint=..., prefix=...)``, or None for Kaiming's
            random weights.
    """

    def __init__(
        self,
        arch: str = 'lite0',
        *,
        out_stages: Sequence[int] = (2, 4, 6),
        drop_connect_rate: float = 0.2,
        norm_cfg: dict = dict(type='BN', eps=1e-3, momentum=0.01),  # noqa: B006  (never changed)
        act_cfg: dict = dict(type='ReLU6'),  # noqa: B006
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg or dict(type='Kaiming', layer='Conv2d', mode='fan_out'))
        if arch not in SCALES:
            raise ValueError(
                f"The 'arch' of EfficientNetLite must be one of {', '.join(SCALES)}. "
                f'Got {arch!r} instead.'
            )
        if not set(out_stages) <= set(range(len(STAGES))):
            raise ValueError(
                "The 'out_stages' of EfficientNetLite must be among 0 to 6. "
                f'Got {tuple(out_stages)} instead.'
            )
        width, depth = SCALES[arch]
        self.out_stages = tuple(out_stages)
        style = dict(norm_cfg=norm_cfg, act_cfg=act_cfg)
        self.stem = nn.Sequential(
            nn.Conv2d(3, STEM_CHANNELS, 3, stride=2, padding=1, bias=False),
            build_norm_layer(norm_cfg, STEM_CHANNELS)[1],
            build_activation_layer({'inplace': True, **act_cfg}),
        )
        repeats = [_repeats(stage, depth) for stage in range(len(STAGES))]
        widths = [make_divisible(channels * width, 8) for *_, channels in STAGES]
        self.out_channels = tuple(widths[stage] for stage in out_stages)
        rates = iter(drop_connect_rate * i / sum(repeats) for i in range(sum(repeats)))
        self.blocks = nn.ModuleList()
        in_channels = STEM_CHANNELS
        for stage, (_, kernel_size, stride, expand, _) in enumerate(STAGES):
            layers = []
            for block in range(repeats[stage]):
                layers.append(
                    InvertedResidual(
                        in_channels, widths[stage], kernel_size=kernel_size,
                        stride=1 if block else stride, expand=expand, drop_rate=next(rates),
                        **style,
                    )
                )  # fmt: skip
                in_channels = widths[stage]
            self.blocks.append(nn.Sequential(*layers))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) to one (B, C, H/stride, W/stride) for each of ``out_stages``."""
        x = self.stem(x)
        outputs = []
        for i, stage in enumerate(self.blocks):
            x = stage(x)
            if i in self.out_stages:
                outputs.append(x)
        return tuple(outputs)


def _repeats(stage: int, depth: float) -> int:
    """Blocks of a stage; the first and the last stage are not scaled.

    >>> [_repeats(stage, 1.2) for stage in range(7)]
    [1, 3, 3, 4, 4, 5, 1]
    """
    repeats = STAGES[stage][0]
    return repeats if stage in (0, len(STAGES) - 1) else math.ceil(repeats * depth)
