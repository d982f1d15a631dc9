"""One transformer layer over all levels: the neck of NanoDet-t.

NanoDet's "transformer attention network" (Apache-2.0, github.com/RangiLyu/nanodet), whose parameter
names these are. The layer is an encoder of Vaswani et al., NeurIPS 2017, which normalises first.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmcv.cnn import ConvModule, build_activation_layer
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.functional import interpolate, linear, scaled_dot_product_attention

from mmtrack_ext.models.necks.pan import resize_like
from mmtrack_ext.registry import MODELS


class Mlp(nn.Module):
    """Two layers over the channels of each token."""

    def __init__(self, channels: int, hidden: int, *, dropout: float, act_cfg: dict) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, hidden)
        self.act = build_activation_layer(act_cfg)
        self.fc2 = nn.Linear(hidden, channels)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(tokens, B, C) to the same."""
        return self.drop(self.fc2(self.drop(self.act(self.fc1(x)))))


class SelfAttention(nn.MultiheadAttention):
    """torch's, whose parameters it has, of tokens among themselves.

    Written out, because torch's own is exported to ONNX for one number of tokens alone.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(tokens, B, C) to the same."""
        projected = linear(x, self.in_proj_weight, self.in_proj_bias)
        heads = projected.unflatten(2, (3, self.num_heads, self.head_dim))
        query, key, value = heads.permute(2, 1, 3, 0, 4)  # each (B, heads, tokens, C / heads)
        dropout = self.dropout if self.training else 0.0
        x = scaled_dot_product_attention(query, key, value, dropout_p=dropout)
        return self.out_proj(x.permute(2, 0, 1, 3).flatten(2))


class Encoder(nn.Module):
    """Attention among the tokens, then a perceptron of each, both added to what they got."""

    def __init__(
        self, channels: int, *, num_heads: int, mlp_ratio: int, dropout: float, act_cfg: dict
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(channels)
        self.attn = SelfAttention(channels, num_heads, dropout=dropout)
        self.norm2 = nn.LayerNorm(channels)
        self.mlp = Mlp(channels, channels * mlp_ratio, dropout=dropout, act_cfg=act_cfg)

    def forward(self, x: Tensor) -> Tensor:
        """(tokens, B, C) to the same."""
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Transformer(nn.Module):
    """Narrows (B, C, H, W) to C', and lets all of its H * W positions see each other.

    ``linear`` is part of the original's files and takes no part in anything: it is not trained.
    """

    def __init__(self, in_channels: int, channels: int, *, num_encoders: int, **options) -> None:
        super().__init__()
        self.conv = ConvModule(in_channels, channels, 1)  # with bias and ReLU, whatever act_cfg is
        self.linear = nn.Linear(channels, channels).requires_grad_(False)
        self.encoders = nn.Sequential(*(Encoder(channels, **options) for _ in range(num_encoders)))

    def forward(self, x: Tensor, pos_embed: Tensor) -> Tensor:
        """(B, C, H, W) and (H * W, 1, C') to (B, C', H, W)."""
        x = self.conv(x)
        tokens = x.flatten(2).permute(2, 0, 1) + pos_embed
        return self.encoders(tokens).permute(1, 2, 0).reshape(x.shape)


def resize_positions(pos_embed: Tensor, old: Sequence[int], new: Sequence[int]) -> Tensor:
    """An embedding of ``old`` (height, width) positions for a grid of ``new`` ones (bicubic).

    Args:
        pos_embed: (old height * old width, 1, C), row by row.
        old: its grid.
        new: the grid wanted.

    Returns:
        (new height * new width, 1, C); what came in, if the grid is the same.
    """
    # An exported network takes images of any size, whatever the one that it is traced with has.
    if not torch.jit.is_tracing() and tuple(new) == tuple(old):
        return pos_embed
    grid = pos_embed.permute(1, 2, 0).unflatten(2, tuple(old))
    grid = interpolate(grid, size=new, mode='bicubic', align_corners=False)
    return grid.flatten(2).permute(2, 0, 1)


@MODELS.register_module()
class TAN(BaseModule):
    """NanoDet-t's neck: the levels, resized to the middle one, attend to each other in one layer.

    The positions' embedding has one size, that of the images it was trained with: 20 x 20 positions
    of stride 16 for 320 x 320 pixels. Images of another size get an embedding that is resized to
    theirs (bicubic): the network runs, as a published one does not, but has not seen that in
    training. Best results need images of 320 x 320.

    Args:
        in_channels: channels of the backbone's three outputs, fine to coarse.
        out_channels: channels of every output.
        feature_size: height and width of the middle level for which positions are learnt.
        num_heads: of the attention.
        num_encoders: layers.
        mlp_ratio: widening inside a layer's perceptron.
        dropout: in training, in attention and perceptron.
        norm_cfg: the normalisation of what comes from the backbone.
        act_cfg: the activation.
        init_cfg: initial weights; None for those of vision transformers: positions and linear
            layers normal with 0.02.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int = 128,
        *,
        feature_size: tuple[int, int] = (20, 20),
        num_heads: int = 8,
        num_encoders: int = 1,
        mlp_ratio: int = 4,
        dropout: float = 0.1,
        norm_cfg: dict = dict(type='BN'),  # noqa: B006  (never changed)
        act_cfg: dict = dict(type='LeakyReLU', negative_slope=0.1),  # noqa: B006
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if len(in_channels) != 3:
            raise ValueError(
                "The 'in_channels' of TAN must be three, of which the middle level's size is that "
                f'of the tokens. Got {list(in_channels)} instead.'
            )
        self.out_channels = out_channels
        self.feature_size = tuple(feature_size)
        self.lateral_convs = nn.ModuleList(
            ConvModule(channels, out_channels, 1, norm_cfg=norm_cfg, act_cfg=act_cfg)
            for channels in in_channels
        )
        self.transformer = Transformer(
            3 * out_channels, out_channels, num_encoders=num_encoders, num_heads=num_heads,
            mlp_ratio=mlp_ratio, dropout=dropout, act_cfg=act_cfg,
        )  # fmt: skip
        self.pos_embed = nn.Parameter(
            torch.zeros(self.feature_size[0] * self.feature_size[1], 1, out_channels)
        )

    def init_weights(self) -> None:
        """What ``init_cfg`` says, else the random weights of vision transformers."""
        super().init_weights()
        if self.init_cfg:
            return
        nn.init.trunc_normal_(self.pos_embed, std=0.02)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """The backbone's three maps, fine to coarse, to three maps of the same sizes."""
        if len(inputs) != 3:
            raise ValueError(f'TAN was built for 3 maps. Got {len(inputs)} instead.')
        fine, middle, coarse = (
            layer(x) for layer, x in zip(self.lateral_convs, inputs, strict=True)
        )
        together = [resize_like(fine, middle), middle, resize_like(coarse, middle)]
        positions = resize_positions(self.pos_embed, self.feature_size, middle.shape[-2:])
        shared = self.transformer(torch.cat(together, dim=1), positions)
        return (
            fine + resize_like(shared, fine),
            middle + shared,
            coarse + resize_like(shared, coarse),
        )
