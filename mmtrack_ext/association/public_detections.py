"""Tracks that may start only where given detections are."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmtrack_ext.association.arrays import FloatArray, IntArray
from mmtrack_ext.association.costs import squared_distances


def near_public(points: FloatArray, areas: FloatArray, public_centers: FloatArray) -> IntArray:
    """CenterTrack's rule: each public detection in turn takes the nearest detection left.

    If the square of the distance is not below the area of that one, it takes none. Source: the
    released program (Zhou et al. 2020, MIT).

    Args:
        points: (D, 2) displaced centres of the detections, in pixels.
        areas: (D,) of their boxes, in square pixels.
        public_centers: (P, 2) in pixels.

    Returns:
        (N,) the detections taken, in the order of the public ones.
    """
    distances = squared_distances(points, public_centers)
    taken: list[int] = []
    for public in range(len(public_centers) if len(points) else 0):
        nearest = int(np.argmin(distances[:, public]))
        if distances[nearest, public] < areas[nearest]:
            taken.append(nearest)
            distances[nearest] = np.inf
    return np.array(taken, np.int64)


def check_public_centers(values: Any) -> FloatArray | None:
    """(P, 2) float64, or None for None.

    Raises:
        ValueError: wrong shape, or NaN or infinity in it.
    """
    if values is None:
        return None
    points = np.asarray(values, np.float64)
    if points.shape == (0,):
        points = points.reshape(0, 2)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise ValueError(f"The 'public_centers' must be (P, 2) finite points. Got {points}.")
    return points
