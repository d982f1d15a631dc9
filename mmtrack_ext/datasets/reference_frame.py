"""The second frame of a pair, for methods that learn from two frames of a video."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from mmtrack_ext.association.arrays import IntArray


class ReferenceFrame:
    """Draws a frame near the key frame, uniformly.

    QDTrack (Pang et al. 2021) takes any other frame within 10, CenterTrack (Zhou et al. 2020) any
    within 2, the key frame included.

    Args:
        frame_range: how many frames away, (-2, 2) or 2 for both directions; in numbers of frames
            of the video, whichever of them the dataset has left out.
        include_key: the key frame itself may be drawn. It is in any case where there is no other,
            as for a static image.

    Raises:
        ValueError: the range is none that holds 0.

    Example:
        >>> ReferenceFrame((-1, 0)).draw(np.array([3, 4, 6]), key=1)
        0
    """

    def __init__(self, frame_range: int | Sequence[int] = 10, *, include_key: bool = False) -> None:
        pair = (-frame_range, frame_range) if isinstance(frame_range, int) else tuple(frame_range)
        if (
            len(pair) != 2
            or not all(isinstance(end, int) for end in pair)
            or not (pair[0] <= 0 <= pair[1])
        ):
            raise ValueError(
                "The 'frame_range' parameter of ReferenceFrame must be an int >= 0 or (first, "
                f'last) with first <= 0 <= last. Got {frame_range!r} instead.'
            )
        self.first, self.last = pair
        self.include_key = include_key

    def draw(self, frame_ids: IntArray, *, key: int) -> int:
        """Which of the frames.

        Args:
            frame_ids: (F,) numbers of the frames of one video.
            key: which of them is the key frame.
        """
        gaps = frame_ids - frame_ids[key]
        near = (gaps >= self.first) & (gaps <= self.last)
        near[key] = self.include_key
        return int(random.choice(np.flatnonzero(near).tolist() or [key]))
