"""Where the tracks have been lately."""

from __future__ import annotations

from collections import deque
from typing import Literal

import cv2
import numpy as np

from mmtrack_ext.association.detections import TrackedBoxes
from mmtrack_ext.visualization.colors import color_of, mix

FADE_STEPS = 6  # a trail is drawn in so many pieces, each paler than the one after it
FAR = 16_000  # pixels; the lines of OpenCV overflow beyond 32767


class Trails:
    """The points where each track stood in the last frames, drawn as a line that fades.

    A trail is drawn while its track is reported; the points of a track that is not are kept until
    they are too old.

    Args:
        length: how many frames back a trail reaches.
        point: 'bottom': the middle of the box's lower edge, where walkers touch the ground;
            'center': the middle of the box.
    """

    def __init__(self, length: int = 30, *, point: Literal['bottom', 'center'] = 'bottom') -> None:
        if length < 1:
            raise ValueError(f'The length of trails must be at least 1. Got {length}.')
        if point not in ('bottom', 'center'):
            raise ValueError(f"The point of trails must be 'bottom' or 'center'. Got {point!r}.")
        self.length = length
        self.point = point
        self._frame = -1
        self._points: dict[int, deque[tuple[int, float, float]]] = {}

    def __len__(self) -> int:
        """How many ids have points."""
        return len(self._points)

    def points(self, track_id: int) -> np.ndarray:
        """(N, 2) float64 x and y of one id, the oldest first."""
        points = [point[1:] for point in self._points.get(track_id, ())]
        return np.array(points, np.float64).reshape(-1, 2)

    def update(self, tracked: TrackedBoxes) -> None:
        """Add one frame, and forget what is older than ``length`` frames."""
        self._frame += 1
        for track_id, (x1, y1, x2, y2) in zip(tracked.ids, tracked.boxes, strict=True):
            y = y2 if self.point == 'bottom' else (y1 + y2) / 2
            point = (self._frame, float(x1 + x2) / 2, float(y))
            self._points.setdefault(int(track_id), deque()).append(point)
        oldest = self._frame - self.length + 1
        for track_id, points in list(self._points.items()):
            while points and points[0][0] < oldest:
                points.popleft()
            if not points:
                del self._points[track_id]

    def draw(self, image: np.ndarray, *, thickness: int = 1) -> None:
        """Draw the trails of the tracks of the last frame on ``image``, which is changed."""
        for track_id, points in self._points.items():
            if points[-1][0] == self._frame and len(points) > 1:
                self._draw_one(image, track_id, thickness)

    def _draw_one(self, image: np.ndarray, track_id: int, thickness: int) -> None:
        height, width = image.shape[:2]
        # Far outside, OpenCV's fixed-point numbers overflow.
        points = np.clip(self.points(track_id), -FAR, FAR)
        path = np.round(points).astype(np.int32)
        last, color = len(path) - 1, color_of(track_id)
        pieces = min(FADE_STEPS, last)
        for piece in range(pieces):
            start, stop = piece * last // pieces, (piece + 1) * last // pieces
            x, y = path[(start + stop) // 2].tolist()
            there = image[min(max(y, 0), height - 1), min(max(x, 0), width - 1)].tolist()
            # Mixed with what is there instead of blended: one pixel a piece, not a whole image.
            faded = mix(color, there, (piece + 1) / pieces)
            cv2.polylines(image, [path[start : stop + 1]], False, faded, thickness, cv2.LINE_AA)
