"""Appearance as the mean of the last few embeddings of a track."""

from __future__ import annotations

import numpy as np

from mmtrack_ext.association.arrays import Float32Array, IntArray


def window_mean(
    window: Float32Array, counts: IntArray, new: Float32Array, *, recursive: bool = False
) -> Float32Array:
    """Put a new embedding into each track's window and take the mean, not at length 1.

    The released program of JointTrackNet then lets the mean take the place of the newest embedding
    in the window (``recursive``). So the first embedding keeps a weight of 0.5 for 19 updates.

    Args:
        window: (N, L, C) the last embeddings; row ``i`` of a track holds its embedding number ``i``
            modulo L, and is zero before there was one. **Changed in place.**
        counts: (N,) embeddings of each track, the new one counted.
        new: (N, C).
        recursive: as the released program does.

    Returns:
        (N, C) float32.

    Example:
        >>> window = np.zeros((1, 20, 2), np.float32)
        >>> for count, new in enumerate([[1, 0], [0, 1], [0, 1]], start=1):
        ...     mean = window_mean(window, np.array([count]), np.float32([new]), recursive=True)
        >>> mean.tolist()
        [[0.5, 0.5]]
    """
    length = window.shape[1]
    rows, places = np.arange(len(window)), (counts - 1) % length
    window[rows, places] = new
    sizes = np.minimum(counts, length)
    mean: Float32Array = (window.sum(axis=1) / sizes[:, None]).astype(np.float32)
    if recursive:
        window[rows, places] = mean
    return mean
