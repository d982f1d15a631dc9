"""The dense heads of JointTrackNet: layers alone.

JointTrackNet (MIT, github.com/simsekfe/JointTrackNet) adds an embedding to the heads of CenterTrack
(Zhou et al., "Tracking Objects as Points", ECCV 2020, section 4). Targets, losses and decoding have
files of their own.
"""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmtrack_ext.registry import MODELS

# Channels of each head, in cells of the output grid; None: an argument says it.
CHANNELS = {
    'hm': None,  # a class each: logit of an object's centre
    'reg': 2,  # x, y of the centre minus its cell
    'wh': 2,  # width, height of the box inside the image
    'ltrb_amodal': 4,  # edges of the whole box minus the cell: left, top, right, bottom
    'tracking': 2,  # x, y of the centre in the previous frame minus the cell
    'embedding': None,  # not normalised
}
PRIOR_BIAS = -4.6  # CenterNet: every cell starts as an object with probability 0.01


@MODELS.register_module()
class JointTrackHead(BaseModule):
    """Two convolutions for each head, on one map.

    Args:
        in_channels: of the map.
        num_classes: channels of ``hm``.
        embedding_channels: of ``embedding``.
        head_channels: between the two convolutions; 256 in the original with DLA.
        heads: which of ``CHANNELS`` there are; a head whose loss has no weight is left out.
        prior_bias: of ``hm``'s last convolution.
        init_cfg: see ``mmengine.model.BaseModule``; None for torch's own weights and zero biases.
    """

    def __init__(
        self,
        in_channels: int = 64,
        *,
        num_classes: int = 1,
        embedding_channels: int = 128,
        head_channels: int = 256,
        heads: Sequence[str] = tuple(CHANNELS),
        prior_bias: float = PRIOR_BIAS,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if not {'hm'} <= set(heads) <= CHANNELS.keys():
            raise ValueError(
                f"The 'heads' of JointTrackHead must be 'hm' and others of {', '.join(CHANNELS)}. "
                f'Got {list(heads)} instead.'
            )
        self.num_classes = num_classes
        self.embedding_channels = embedding_channels
        self.heads = tuple(heads)
        channels = {**CHANNELS, 'hm': num_classes, 'embedding': embedding_channels}
        for name in self.heads:
            setattr(self, name, _layers(in_channels, head_channels, channels[name]))
            if name != 'hm':
                nn.init.zeros_(getattr(self, name)[0].bias)
                nn.init.zeros_(getattr(self, name)[2].bias)
        nn.init.constant_(self.hm[2].bias, prior_bias)

    def forward(self, feature: Tensor) -> dict[str, Tensor]:
        """(B, C, h, w) to the raw maps of all heads, (B, channels, h, w) each."""
        return {name: getattr(self, name)(feature) for name in self.heads}


def _layers(in_channels: int, hidden: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, hidden, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(hidden, out_channels, 1),
    )
