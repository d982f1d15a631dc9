"""What all methods share: images are made smaller first, the warp is made larger afterwards."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TypeAlias

import cv2
import numpy as np

from mmtrack_ext.association.arrays import FloatArray
from mmtrack_ext.association.parameters import check_number

GrayImage: TypeAlias = np.ndarray  # (H, W) uint8

MIN_SIDE = 8  # pixels of the reduced image; below, there is nothing to compare


class MotionMethod(ABC):
    """From two images to the 2x3 warp between them.

    A point p of the previous image is at ``A p + b`` in the current one; ``[A | b]`` is the warp,
    in pixels of the images as they come, and the pixel of row and column 0 reaches from 0 to 1.

    Args:
        scale: the images are made smaller by this factor first. 1/4 is ``down_scale = 4`` of
            SparseTrack's released settings (for all but MOT17-06, which has 2). Small videos
            deserve more: at 640x384 sparse flow is off by 0.2 pixels in the corners (median)
            with 1/4, by 0.08 with 1/2, in twice the time.

    Raises:
        ValueError: an argument is outside its range.
    """

    def __init__(self, *, scale: float = 0.25) -> None:
        self.scale = scale
        check_number(self, 'scale', above=0, maximum=1)

    def warp(self, previous_gray: GrayImage, gray: GrayImage) -> FloatArray:
        """The (2, 3) float64 warp; the identity where none can be found.

        Args:
            previous_gray: (H, W) uint8.
            gray: (H, W) uint8.
        """
        found = self.between(self.reduce(previous_gray), self.reduce(gray))
        return np.eye(2, 3) if found is None else found

    def reduce(self, gray: GrayImage) -> GrayImage:
        """The image made smaller: every pixel the mean of those that it covers.

        Nothing is left of an image that is too small to be compared.
        """
        if min(gray.shape) * self.scale < MIN_SIDE:
            return gray[:0]
        # Given factors, not a size, cv2 scales by exactly these even if a side is no multiple.
        scale, area = self.scale, cv2.INTER_AREA
        return np.asarray(cv2.resize(gray, None, fx=scale, fy=scale, interpolation=area))

    def between(self, previous: GrayImage, current: GrayImage) -> FloatArray | None:
        """The warp between two images that ``reduce`` has made; None where none can be found."""
        if previous.shape != current.shape or not current.size:
            return None
        found = self.estimate(previous, current)
        if found is None or not np.isfinite(found).all():
            return None
        matrix, shift = np.asarray(found[:, :2], np.float64), np.asarray(found[:, 2], np.float64)
        # OpenCV counts from the centre of the first pixel, boxes from its corner.
        corner = np.full(2, 0.5)
        shift = shift + corner - matrix @ corner
        return np.column_stack([matrix, shift / self.scale])

    @abstractmethod
    def estimate(self, previous: GrayImage, current: GrayImage) -> np.ndarray | None:
        """The (2, 3) warp between two small images, in their pixels as OpenCV counts them."""
