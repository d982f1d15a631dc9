"""ShuffleNetV2, the backbone of the light detectors.

Ma et al., "ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design", ECCV 2018,
table 5. Layout and parameter names are torchvision's, so that its ImageNet weights load, without
the last convolution (``conv5``) and the classifier.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmcv.cnn import build_activation_layer, build_norm_layer
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmtrack_ext.registry import MODELS

STEM_CHANNELS = 24
STAGE_CHANNELS = {  # paper, table 5: stages 2, 3 and 4
    '0.5x': (48, 96, 192),
    '1.0x': (116, 232, 464),
    '1.5x': (176, 352, 704),
    '2.0x': (244, 488, 976),
}
STAGE_UNITS = (4, 8, 4)


def channel_shuffle(x: Tensor, groups: int) -> Tensor:
    """Interleave the ``groups`` parts of the channels of (B, C, H, W).

    >>> channel_shuffle(torch.arange(6).view(1, 6, 1, 1), 2).flatten().tolist()
    [0, 3, 1, 4, 2, 5]
    """
    batch, channels, height, width = x.shape
    x = x.view(batch, groups, channels // groups, height, width)
    return x.transpose(1, 2).reshape(batch, channels, height, width)


class ShuffleUnit(BaseModule):
    """One unit (paper, figure 3c; with stride 2, figure 3d): (B, C, H, W) to (B, C', H/s, W/s)."""

    def __init__(
        self, in_channels: int, out_channels: int, *, stride: int, norm_cfg: dict, act_cfg: dict
    ) -> None:
        super().__init__()
        self.stride = stride
        width = out_channels // 2

        def norm() -> nn.Module:
            return build_norm_layer(norm_cfg, width)[1]

        def act() -> nn.Module:
            return build_activation_layer({'inplace': True, **act_cfg})

        if stride > 1:
            self.branch1 = nn.Sequential(
                _depthwise(in_channels, stride),
                build_norm_layer(norm_cfg, in_channels)[1],
                _pointwise(in_channels, width),
                norm(),
                act(),
            )
        self.branch2 = nn.Sequential(
            _pointwise(in_channels if stride > 1 else width, width),
            norm(),
            act(),
            _depthwise(width, stride),
            norm(),
            _pointwise(width, width),
            norm(),
            act(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Half of the channels passes untouched at stride 1; at stride 2 both branches see all."""
        if self.stride > 1:
            halves = self.branch1(x), self.branch2(x)
        else:
            untouched, half = x.chunk(2, dim=1)
            halves = untouched, self.branch2(half)
        return channel_shuffle(torch.cat(halves, dim=1), 2)


def _depthwise(channels: int, stride: int) -> nn.Conv2d:
    return nn.Conv2d(channels, channels, 3, stride, padding=1, groups=channels, bias=False)


def _pointwise(in_channels: int, out_channels: int) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, 1, bias=False)


@MODELS.register_module()
class ShuffleNetV2(BaseModule):
    """ShuffleNetV2 without its classifier.

    Args:
        model_size: '0.5x', '1.0x', '1.5x' or '2.0x'.
        out_stages: which of the stages 2, 3, 4 (strides 8, 16, 32) are returned.
        norm_cfg: the normalisation.
        act_cfg: the activation; NanoDet's LeakyReLU has slope 0.1 (mmcv's default is 0.01).
        init_cfg: ``dict(type='Pretrained', checkpoint=...)`` takes torchvision's weights; None
            draws weights as the original does.
    """

    def __init__(
        self,
        model_size: str = '1.0x',
        *,
        out_stages: Sequence[int] = (2, 3, 4),
        norm_cfg: dict = dict(type='BN'),  # noqa: B006  (never changed)
        act_cfg: dict = dict(type='LeakyReLU', negative_slope=0.1),  # noqa: B006
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if model_size not in STAGE_CHANNELS:
            raise ValueError(
                f"The 'model_size' of ShuffleNetV2 must be one of {', '.join(STAGE_CHANNELS)}. "
                f'Got {model_size!r} instead.'
            )
        if not set(out_stages) <= {2, 3, 4}:
            raise ValueError(
                "The 'out_stages' of ShuffleNetV2 must be among 2, 3 and 4. "
                f'Got {tuple(out_stages)} instead.'
            )
        self.out_stages = tuple(out_stages)
        self.out_channels = STAGE_CHANNELS[model_size]
        self.conv1 = nn.Sequential(
            nn.Conv2d(3, STEM_CHANNELS, 3, stride=2, padding=1, bias=False),
            build_norm_layer(norm_cfg, STEM_CHANNELS)[1],
            build_activation_layer({'inplace': True, **act_cfg}),
        )
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        in_channels = STEM_CHANNELS
        for stage, channels, units in zip((2, 3, 4), self.out_channels, STAGE_UNITS, strict=True):
            style = dict(norm_cfg=norm_cfg, act_cfg=act_cfg)
            layers = [ShuffleUnit(in_channels, channels, stride=2, **style)]
            layers += [ShuffleUnit(channels, channels, stride=1, **style) for _ in range(units - 1)]
            setattr(self, f'stage{stage}', nn.Sequential(*layers))
            in_channels = channels

    def init_weights(self) -> None:
        """Pretrained weights if ``init_cfg`` names some, else NanoDet's random ones.

        Those are: convolutions normal with standard deviation 1 / (channels of one filter), 0.01
        in the stem, normalisations with weight 1 and bias 1e-4.
        """
        if self.init_cfg:
            super().init_weights()
            return
        for name, module in self.named_modules():
            if isinstance(module, nn.Conv2d):
                std = 0.01 if name.startswith('conv1') else 1.0 / module.weight.shape[1]
                nn.init.normal_(module.weight, 0, std)
            elif getattr(module, 'bias', None) is not None:
                nn.init.ones_(module.weight)
                nn.init.constant_(module.bias, 1e-4)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) to one (B, C, H/stride, W/stride) for each of ``out_stages``."""
        x = self.maxpool(self.conv1(x))
        outputs = []
        for stage in (2, 3, 4):
            x = getattr(self, f'stage{stage}')(x)
            if stage in self.out_stages:
                outputs.append(x)
        return tuple(outputs)
