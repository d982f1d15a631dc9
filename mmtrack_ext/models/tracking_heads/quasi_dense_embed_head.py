"""From features of boxes to embeddings, and what these cost in training."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from mmcv.cnn import ConvModule
from mmdet.models.task_modules import SamplingResult
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional

from mmtrack_ext.registry import MODELS

# Linear layers Xavier-uniform, the last one normal (SysCV/qdtrack and mmdet 3.3).
INIT = dict(
    type='Xavier',
    layer='Linear',
    distribution='uniform',
    bias=0,
    override=dict(type='Normal', name='fc_embed', mean=0, std=0.01, bias=0),
)


@MODELS.register_module()
class QuasiDenseEmbedHead(BaseModule):
    """QDTrack's embedding of a box (Pang et al. 2021); no norm, no activation at the end.

    Layers and their names are those of mmdet 3.3 and of mmtracking, so that checkpoints fit.

    Args:
        num_convs, num_fcs: layers before the last.
        roi_feat_size: side of the features of a box.
        in_channels, conv_out_channels, fc_out_channels, embed_channels: widths.
        norm_cfg: after every convolution; None for none, which gives these a bias.
        loss_track: config of the loss of products, ``forward(similarities, positive)``.
        loss_track_aux: config of the loss of cosines, likewise; None for none.
        init_cfg: see mmengine's ``BaseModule``.
    """

    def __init__(
        self,
        *,
        num_convs: int = 4,
        num_fcs: int = 1,
        roi_feat_size: int = 7,
        in_channels: int = 256,
        conv_out_channels: int = 256,
        fc_out_channels: int = 1024,
        embed_channels: int = 256,
        norm_cfg: dict[str, Any] | None = dict(type='GN', num_groups=32),  # noqa: B006
        loss_track: dict[str, Any] = dict(  # noqa: B006
            type='MultiPositiveContrastiveLoss', loss_weight=0.25
        ),
        loss_track_aux: dict[str, Any] | None = dict(type='MarginL2Loss'),  # noqa: B006
        init_cfg: dict[str, Any] | None = INIT,
    ) -> None:
        super().__init__(init_cfg)
        widths = [in_channels, *[conv_out_channels] * num_convs]
        self.convs = nn.ModuleList(
            ConvModule(before, after, 3, padding=1, norm_cfg=norm_cfg)
            for before, after in pairwise(widths)
        )
        widths = [widths[-1] * roi_feat_size**2, *[fc_out_channels] * num_fcs]
        self.fcs = nn.ModuleList(nn.Linear(before, after) for before, after in pairwise(widths))
        self.fc_embed = nn.Linear(widths[-1], embed_channels)
        self.loss_track = MODELS.build(loss_track)
        self.loss_track_aux = MODELS.build(loss_track_aux) if loss_track_aux else None

    def forward(self, features: Tensor) -> Tensor:
        """(R, C, side, side) features of boxes to their (R, embed_channels) embeddings."""
        for conv in self.convs:
            features = conv(features)
        features = features.flatten(1)
        for fc in self.fcs:
            features = functional.relu(fc(features))
        embeddings: Tensor = self.fc_embed(features)
        return embeddings

    def loss(
        self,
        key_features: Tensor,
        ref_features: Tensor,
        key_samples: Sequence[SamplingResult],
        ref_samples: Sequence[SamplingResult],
        matches: Sequence[Tensor],
    ) -> dict[str, Tensor]:
        """``loss_track`` and ``loss_track_aux``, the means over the pairs of frames.

        Args:
            key_features: features of all positive boxes of the key frames, pair by pair.
            ref_features: of all boxes of the reference frames, positives first in each.
            key_samples: these boxes, and which objects they are assigned to.
            ref_samples: likewise.
            matches: for every pair, see ``pair_targets``.
        """
        keys = self(key_features).split([len(sample.pos_priors) for sample in key_samples])
        refs = self(ref_features).split([len(sample.priors) for sample in ref_samples])
        losses: dict[str, list[Tensor]] = {}
        for index, (key, ref) in enumerate(zip(keys, refs, strict=True)):
            positive = pair_targets(key_samples[index], ref_samples[index], matches[index])
            for name, loss in self._pair_losses(key, ref, positive).items():
                losses.setdefault(name, []).append(loss)
        return {name: torch.stack(values).mean() for name, values in losses.items()}

    def _pair_losses(self, key: Tensor, ref: Tensor, positive: Tensor) -> dict[str, Tensor]:
        """Of one pair; products of float16 leave its range, so they are made in float32."""
        with torch.autocast(key.device.type, enabled=False):
            key, ref = key.float(), ref.float()
            losses = {'loss_track': self.loss_track(key @ ref.T, positive)}
            if self.loss_track_aux is not None:
                cosines = functional.normalize(key) @ functional.normalize(ref).T
                losses['loss_track_aux'] = self.loss_track_aux(cosines, positive)
        return losses


def pair_targets(key: SamplingResult, ref: SamplingResult, match: Tensor) -> Tensor:
    """Which boxes of two frames show one object.

    Args:
        key: P positive boxes of the key frame.
        ref: boxes of the reference frame, positives first, N in all.
        match: (objects of the key frame,) which object of the reference frame each is, -1 if none.

    Returns:
        (P, N) bool.
    """
    wanted = match[key.pos_assigned_gt_inds]
    target = torch.zeros(len(wanted), len(ref.priors), dtype=torch.bool, device=wanted.device)
    # An object that is not in the reference frame has -1, which is no index of an object there.
    target[:, : len(ref.pos_priors)] = wanted[:, None] == ref.pos_assigned_gt_inds
    return target
