"""RepVGG, trained with three branches a block and run with one.

Ding et al., "RepVGG: Making VGG-style ConvNets Great Again", CVPR 2021: table 2 (A0) and section
3.3 (how three branches become one convolution). Parameter names are those of NanoDet 1.0
(Apache-2.0, github.com/RangiLyu/nanodet).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from mmcv.cnn import build_activation_layer, build_norm_layer
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmtrack_ext.registry import MODELS

# Channels of the stages 0 to 4 (the last is given) and blocks in them.
ARCHS = {'A0': ((48, 48, 96, 192), (1, 2, 4, 14, 1))}
NORM_ENTRIES = ('weight', 'bias', 'running_mean', 'running_var')


class RepVGGBlock(nn.Module):
    """3x3 and 1x1 convolution and, where the shape stays, the input, each normalised, summed.

    In deploy form one 3x3 convolution with a bias, ``rbr_reparam``. Weights of the form with
    branches may be loaded into it: they are fused. The reverse is not possible, and refused.
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, stride: int, norm_cfg: dict, act_cfg: dict,
        deploy: bool,
    ) -> None:  # fmt: skip
        super().__init__()
        self.eps = norm_cfg.get('eps', 1e-5)  # mmcv's default
        self.has_identity = stride == 1 and in_channels == out_channels
        self.sizes = dict(in_channels=in_channels, out_channels=out_channels, stride=stride)
        self.act = build_activation_layer({'inplace': True, **act_cfg})
        self.deploy = deploy
        if deploy:
            self.rbr_reparam = nn.Conv2d(**self.sizes, kernel_size=3, padding=1)
            return

        def norm() -> nn.Module:
            return build_norm_layer(norm_cfg, out_channels)[1]

        self.rbr_identity = norm() if self.has_identity else None
        self.rbr_dense = nn.Sequential(
            nn.Conv2d(**self.sizes, kernel_size=3, padding=1, bias=False), norm()
        )
        self.rbr_1x1 = nn.Sequential(nn.Conv2d(**self.sizes, kernel_size=1, bias=False), norm())

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H/stride, W/stride)."""
        if self.deploy:
            return self.act(self.rbr_reparam(x))
        total = self.rbr_dense(x) + self.rbr_1x1(x)
        return self.act(total if self.rbr_identity is None else total + self.rbr_identity(x))

    @torch.no_grad()
    def switch_to_deploy(self) -> None:
        """Replace the branches by one convolution that gives the same in ``eval()``."""
        if self.deploy:
            return
        kernel, bias = fuse_branches(self.state_dict(), eps=self.eps)
        conv = nn.Conv2d(**self.sizes, kernel_size=3, padding=1).to(kernel)
        conv.weight.copy_(kernel)
        conv.bias.copy_(bias)
        conv.train(self.training)
        del self.rbr_dense, self.rbr_1x1, self.rbr_identity
        self.rbr_reparam = conv
        self.deploy = True

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        """As any module; fuses branches where this block has none.

        Raises:
            ValueError: these are weights in deploy form, and this block has branches.
        """
        found = {name: value for name, value in state_dict.items() if name.startswith(prefix)}
        if not self.deploy and f'{prefix}rbr_reparam.weight' in found:
            raise ValueError(
                f"{prefix}rbr_reparam: these weights are in RepVGG's deploy form, whose branches "
                'are fused for good; set deploy=True of the backbone to load them'
            )
        branches = {name.removeprefix(prefix): value for name, value in found.items()}
        if self.deploy and branch_entries(self.has_identity) <= branches.keys():
            for name in branches:
                del state_dict[prefix + name]
            kernel, bias = fuse_branches(branches, eps=self.eps)
            state_dict[f'{prefix}rbr_reparam.weight'] = kernel
            state_dict[f'{prefix}rbr_reparam.bias'] = bias
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


def branch_entries(has_identity: bool) -> set[str]:
    """Names of what must be known of a block with branches to fuse them."""
    norms = ['rbr_dense.1', 'rbr_1x1.1', *(['rbr_identity'] if has_identity else [])]
    entries = {f'{norm}.{entry}' for norm in norms for entry in NORM_ENTRIES}
    return entries | {'rbr_dense.0.weight', 'rbr_1x1.0.weight'}


def fuse_branches(state: Mapping[str, Tensor], *, eps: float) -> tuple[Tensor, Tensor]:
    """The one convolution that equals a block's branches in ``eval()`` (paper, section 3.3).

    Args:
        state: of one block with branches: its state dict.
        eps: of the normalisations.

    Returns:
        weight (C', C, 3, 3) and bias (C',), computed in float64, of the type of the state's.
    """
    dense = state['rbr_dense.0.weight'].double()
    # A 1x1 kernel is the middle of a 3x3 one.
    branches = [
        ('rbr_dense.1', dense),
        ('rbr_1x1.1', F.pad(state['rbr_1x1.0.weight'].double(), [1, 1, 1, 1])),
    ]
    if 'rbr_identity.weight' in state:
        same = torch.eye(len(dense), dtype=dense.dtype, device=dense.device)
        branches.append(('rbr_identity', F.pad(same[:, :, None, None], [1, 1, 1, 1])))
    kernel, bias = torch.zeros_like(dense), dense.new_zeros(len(dense))
    for norm, branch in branches:
        weight, shift, mean, var = (state[f'{norm}.{entry}'].double() for entry in NORM_ENTRIES)
        factor = weight / torch.sqrt(var + eps)
        kernel += branch * factor[:, None, None, None]
        bias += shift - mean * factor
    dtype = state['rbr_dense.0.weight'].dtype
    return kernel.to(dtype), bias.to(dtype)


@MODELS.register_module()
class RepVGG(BaseModule):
    """RepVGG without its classifier.

    Args:
        arch: 'A0'.
        out_stages: which of the stages 0 to 4 (strides 2, 4, 8, 16, 32) are returned.
        last_channels: of stage 4; 512 in NanoDet, 1280 in the paper.
        deploy: build the form for inference; weights with branches may be loaded into it.
        norm_cfg: the normalisation of the branches.
        act_cfg: the activation.
        init_cfg: ``dict(type='Pretrained', checkpoint=...)``, or None for torch's own weights
            (the outputs of Kaiming's, in three branches a block, grow beyond measure).
    """

    def __init__(
        self,
        arch: str = 'A0',
        *,
        out_stages: Sequence[int] = (2, 3, 4),
        last_channels: int = 512,
        deploy: bool = False,
        norm_cfg: dict = dict(type='BN'),  # noqa: B006  (never changed)
        act_cfg: dict = dict(type='ReLU'),  # noqa: B006
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if arch not in ARCHS:
            raise ValueError(
                f"The 'arch' of RepVGG must be one of {', '.join(ARCHS)}. Got {arch!r} instead."
            )
        if not set(out_stages) <= {0, 1, 2, 3, 4}:
            raise ValueError(
                f"The 'out_stages' of RepVGG must be among 0 to 4. Got {tuple(out_stages)} instead."
            )
        widths, depths = ARCHS[arch]
        widths = (*widths, last_channels)
        self.out_stages = tuple(out_stages)
        self.out_channels = tuple(widths[stage] for stage in out_stages)
        style = dict(norm_cfg=norm_cfg, act_cfg=act_cfg, deploy=deploy)
        self.stage0 = RepVGGBlock(3, widths[0], stride=2, **style)
        for stage in range(1, 5):
            layers = [RepVGGBlock(widths[stage - 1], widths[stage], stride=2, **style)]
            for _ in range(depths[stage] - 1):
                layers.append(RepVGGBlock(widths[stage], widths[stage], stride=1, **style))
            setattr(self, f'stage{stage}', nn.Sequential(*layers))

    def switch_to_deploy(self) -> None:
        """Fuse the branches of every block, for inference; there is no way back."""
        for module in self.modules():
            if isinstance(module, RepVGGBlock):
                module.switch_to_deploy()

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) to one (B, C, H/stride, W/stride) for each of ``out_stages``."""
        outputs = []
        for stage in range(5):
            x = getattr(self, f'stage{stage}')(x)
            if stage in self.out_stages:
                outputs.append(x)
        return tuple(outputs)
