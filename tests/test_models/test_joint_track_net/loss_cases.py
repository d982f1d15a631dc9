"""Batches for the losses: the recorded one, and small ones by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData, PixelData

SHAPE = (4, 6)  # of the small heat maps
CHANNELS = dict(hm=1, reg=2, wh=2, ltrb_amodal=4, tracking=2, embedding=8)


class Recording:
    """Outputs and targets of a batch of two, and what the original makes of them."""

    def __init__(self, folder: Path) -> None:
        with np.load(folder / 'losses.npz') as arrays:
            self.arrays = {name: arrays[name] for name in arrays}
        with np.load(folder / 'targets.npz') as arrays:
            self.targets = {name: arrays[name] for name in arrays}
        self.expected = json.loads((folder / 'losses.json').read_text(encoding='utf-8'))

    def outputs(self) -> dict[str, torch.Tensor]:
        """Of each head, leaves of the graph."""
        return {
            name: torch.from_numpy(
                self.arrays[f'out__{name}'].astype(np.float32) / self.arrays[f'div__{name}']
            ).requires_grad_()
            for name in CHANNELS
        }

    def samples(self) -> list[DetDataSample]:
        """Targets of the two frames."""
        return [self._sample(case) for case in self.expected['batch']]

    def _sample(self, case: str) -> DetDataSample:
        rows = self.targets[f'{case}__mask'] > 0

        def column(name: str) -> torch.Tensor:
            return torch.from_numpy(self.targets[f'{case}__{name}'][rows])

        names = ('reg', 'wh', 'ltrb_amodal', 'tracking')
        centers = InstanceData(
            index=column('ind'), category=column('cat'), **{name: column(name) for name in names}
        )
        centers.tracking_valid = column('tracking_mask')[:, 0] > 0
        centers.identity = torch.where(column('tid_mask') > 0, column('tid'), -1)
        return sample(torch.from_numpy(self.targets[f'{case}__hm']), centers)


def sample(heatmap: torch.Tensor, centers: InstanceData) -> DetDataSample:
    result = DetDataSample()
    result.gt_heatmap = PixelData(heatmap=heatmap)
    result.gt_centers = centers
    return result


def small_sample(*identities: int, valid: bool = True) -> DetDataSample:
    """Objects in the first cells of a heat map; all their targets are 1."""
    count = len(identities)
    heatmap = torch.zeros(1, *SHAPE)
    heatmap.view(-1)[:count] = 1
    names = ('reg', 'wh', 'ltrb_amodal', 'tracking')
    centers = InstanceData(
        index=torch.arange(count),
        category=torch.zeros(count, dtype=torch.long),
        tracking_valid=torch.full((count,), valid),
        identity=torch.tensor(identities, dtype=torch.long),
        **{name: torch.ones(count, CHANNELS[name]) for name in names},
    )
    return sample(heatmap, centers)


def small_outputs(batch: int, seed: int = 0) -> dict[str, torch.Tensor]:
    """Random, leaves of the graph."""
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(batch, channels, *SHAPE, generator=generator).requires_grad_()
        for name, channels in CHANNELS.items()
    }
