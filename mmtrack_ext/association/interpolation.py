"""Offline: fill the gaps of finished tracks, smooth them, drop short ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from mmtrack_ext.association.arrays import FloatArray, IntArray
from mmtrack_ext.association.detections import TrackedBoxes


def interpolate(
    tracked: Sequence[TrackedBoxes],
    method: Literal['linear', 'gaussian'] = 'linear',
    *,
    max_gap: int = 20,
    min_length: int = 0,
    smoothness: float = 10.0,
) -> list[TrackedBoxes]:
    """Fill gaps between two sightings of a track.

    Interpolated rows have ``detection_index`` -1, the score and the label of the sighting before.

    Args:
        tracked: what a tracker reported, frame by frame.
        method: 'linear', or 'gaussian': linear, then each box coordinate smoothed over the whole
            track by Gaussian process regression.
        max_gap: fill where two sightings are less than this many frames apart.
        min_length: drop tracks reported in fewer frames than this, before filling.
        smoothness: tau of the Gaussian process; its length scale for a track of n boxes is
            ``tau * log(tau^3 / n)``, within ``1 / tau`` and ``tau^2`` frames.

    Raises:
        ValueError: the method is unknown.

    Sources: linear, ByteTrack's released ``interpolation.py`` (gap < 20, at least 5 boxes);
    Gaussian, StrongSORT (Du et al. 2023), section 3.4.
    """
    if method not in ('linear', 'gaussian'):
        raise ValueError(f"interpolate takes 'linear' or 'gaussian'. Got {method!r}.")
    frames = np.repeat(np.arange(len(tracked)), [len(boxes) for boxes in tracked])
    rows = _concatenate(tracked)
    filled_frames, filled = [], []
    for track_id in np.unique(rows.ids):
        own = np.flatnonzero(rows.ids == track_id)
        if len(own) < min_length:
            continue
        track_frames, track = _fill(frames[own], rows[own], max_gap)
        if method == 'gaussian':
            track = replace(track, boxes=_smooth(track_frames, track.boxes, smoothness))
        filled_frames.append(track_frames)
        filled.append(track)
    return _by_frame(filled_frames, filled, len(tracked))


def _fill(frames: IntArray, track: TrackedBoxes, max_gap: int) -> tuple[IntArray, TrackedBoxes]:
    """The track with rows for the frames of its short gaps."""
    steps = np.diff(frames)
    wanted = np.where((steps > 1) & (steps < max_gap), steps, 1)
    before = np.repeat(np.arange(len(frames)), np.append(wanted, 1))
    offset = np.arange(len(before)) - np.searchsorted(before, before)
    all_frames = frames[before] + offset
    boxes = np.stack([np.interp(all_frames, frames, side) for side in track.boxes.T], axis=1)
    # np.interp may change the last digit of what was seen.
    boxes[offset == 0] = track.boxes
    index = np.where(offset == 0, track.detection_index[before], -1)
    filled = track[before]
    return all_frames, TrackedBoxes(filled.ids, boxes, filled.scores, filled.labels, index)


def _smooth(frames: IntArray, boxes: FloatArray, tau: float) -> FloatArray:
    """The mean of a Gaussian process with a squared-exponential kernel, fitted to each side."""
    length_scale = np.clip(tau * np.log(tau**3 / len(frames)), 1 / tau, tau**2)
    if np.exp(-0.5 / length_scale**2) < np.finfo(np.float64).eps:
        return boxes  # of a long track: neighbours do not correlate, nothing is smoothed
    distances = (frames[:, None] - frames) / length_scale
    kernel = np.exp(-0.5 * distances**2)
    noise = 1e-10 * np.eye(len(frames))  # as in the published program (scikit-learn's default)
    smoothed: FloatArray = kernel @ cho_solve(cho_factor(kernel + noise), boxes)
    return smoothed


def _concatenate(tracked: Sequence[TrackedBoxes]) -> TrackedBoxes:
    tables = [TrackedBoxes.empty(), *tracked]
    names = TrackedBoxes.__match_args__
    return TrackedBoxes(*(np.concatenate([getattr(table, n) for table in tables]) for n in names))


def _by_frame(
    frames: list[IntArray], tracks: list[TrackedBoxes], num_frames: int
) -> list[TrackedBoxes]:
    rows = _concatenate(tracks)
    frame_of_row = np.concatenate([np.empty(0, np.int64), *frames])
    return [rows[frame_of_row == frame] for frame in range(num_frames)]
