"""Frames in any order, for training."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import torch
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from mmtrack_ext.datasets.samplers.videos import videos_of
from mmtrack_ext.registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class FrameSampler(Sampler):
    """Every frame once an epoch, shared between the processes.

    Args:
        dataset: any dataset with a length; for ``interval`` see ``videos_of``.
        shuffle: in a new random order each epoch, the same in every process.
        seed: of that order; None draws one for all processes together.
        round_up: repeat the first frames until every process has the same number, so that none
            waits for the others' gradients; False leaves the last ones a frame short.
        interval: only every k-th frame of each video, its first included; neighbouring frames look
            alike.

    Raises:
        ValueError: the dataset is empty, or ``interval`` below 1.
    """

    def __init__(
        self,
        dataset: Any,
        *,
        shuffle: bool = True,
        seed: int | None = None,
        round_up: bool = True,
        interval: int = 1,
    ) -> None:
        if interval < 1:
            raise ValueError(
                "The 'interval' parameter of FrameSampler must be an int >= 1. "
                f'Got {interval} instead.'
            )
        self.rank, self.world_size = get_dist_info()
        self.shuffle = shuffle
        self.seed = sync_random_seed() if seed is None else seed
        self.epoch = 0
        self.frames = list(range(len(dataset)))
        if interval > 1:
            self.frames = [item for video in videos_of(dataset) for item in video[::interval]]
        if not self.frames:
            raise ValueError('The dataset of FrameSampler has no frames.')
        count = len(self.frames)
        rounded = math.ceil(count / self.world_size) * self.world_size
        self.total_size = rounded if round_up else count

    def __iter__(self) -> Iterator[int]:
        order = range(len(self.frames))
        if self.shuffle:
            generator = torch.Generator().manual_seed(self.seed + self.epoch)
            order = torch.randperm(len(self.frames), generator=generator).tolist()
        repeated = itertools.islice(itertools.cycle(order), self.total_size)
        mine = itertools.islice(repeated, self.rank, None, self.world_size)
        return (self.frames[number] for number in mine)

    def __len__(self) -> int:
        return len(range(self.rank, self.total_size, self.world_size))

    def set_epoch(self, epoch: int) -> None:
        """Another order for another epoch."""
        self.epoch = epoch
