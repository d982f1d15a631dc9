"""Which items of a dataset form its videos."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmengine.dataset import ConcatDataset

from mmtrack_ext.datasets.flat_video import FlatVideoDataset


def videos_of(dataset: Any) -> list[list[int]]:
    """The items of every video, in order; video ids may repeat between concatenated datasets.

    Args:
        dataset: a dataset of this package, or a ``ConcatDataset`` of such.

    Raises:
        ValueError: another dataset or wrapper, or a video whose frames are not in a row.
    """
    if isinstance(dataset, ConcatDataset):
        dataset.full_init()
        starts = [0, *dataset.cumulative_sizes]
        return [
            [start + item for item in video]
            for start, part in zip(starts, dataset.datasets, strict=False)
            for video in videos_of(part)
        ]
    if not isinstance(dataset, FlatVideoDataset):
        raise ValueError(
            'Whole videos can be taken from MOTVideoDataset, MOTSequenceDataset and ConcatDataset '
            f'of these, where every frame stands once. Got {type(dataset).__name__}; use '
            'FrameSampler with interval=1 there, or leave the wrapper out.'
        )
    video_ids = dataset.video_ids
    starts = np.flatnonzero(np.diff(video_ids, prepend=video_ids[0] - 1))
    if len(starts) != len(np.unique(video_ids)):
        raise ValueError(
            f"The frames of a video of {type(dataset).__name__} are not in a row: its 'indices' or "
            'get_subset have mixed them.'
        )
    return [part.tolist() for part in np.split(np.arange(len(video_ids)), starts[1:])]
