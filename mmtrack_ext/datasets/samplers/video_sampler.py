"""Whole videos for each process, for testing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmengine.dist import get_dist_info
from torch.utils.data import Sampler

from mmtrack_ext.datasets.samplers.videos import videos_of
from mmtrack_ext.registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class VideoSampler(Sampler):
    """Every frame once, in order, all frames of a video in one process; nothing is padded.

    The longest video goes first to the process with the fewest frames so far, then the next
    longest; within a process the videos keep the order of the dataset. A process may get none.

    Args:
        dataset: see ``videos_of``.
        seed: mmengine's Runner gives one to every sampler; there is nothing random here.

    Raises:
        ValueError: the dataset has no videos, or a wrapper repeats them.
    """

    def __init__(self, dataset: Any, *, seed: int | None = None) -> None:
        self.rank, self.world_size = get_dist_info()
        self.seed = seed
        videos = videos_of(dataset)
        mine = share_videos([len(video) for video in videos], self.world_size)[self.rank]
        self.indices = [item for video in mine for item in videos[video]]

    def __iter__(self) -> Iterator[int]:
        return iter(self.indices)

    def __len__(self) -> int:
        return len(self.indices)

    def set_epoch(self, epoch: int) -> None:
        """Nothing changes between epochs."""


def share_videos(lengths: list[int], num_ranks: int) -> list[list[int]]:
    """The videos of each process, ascending; at most 4/3 of the best longest share (Graham 1969).

    Example:
        >>> share_videos([10, 50, 30, 25], num_ranks=2)
        [[0, 1], [2, 3]]
    """
    shares: list[list[int]] = [[] for _ in range(num_ranks)]
    loads = [0] * num_ranks
    for video in sorted(range(len(lengths)), key=lambda video: -lengths[video]):
        rank = loads.index(min(loads))
        shares[rank].append(video)
        loads[rank] += lengths[video]
    return [sorted(share) for share in shares]
