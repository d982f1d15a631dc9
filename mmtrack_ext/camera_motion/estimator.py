"""Camera motion of a video, frame by frame."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from mmtrack_ext.association.arrays import FloatArray
from mmtrack_ext.camera_motion.ecc import ECC
from mmtrack_ext.camera_motion.motion_method import GrayImage, MotionMethod
from mmtrack_ext.camera_motion.sparse_flow import SparseOpticalFlow

METHODS: dict[str, type[MotionMethod]] = {'sparse_flow': SparseOpticalFlow, 'ecc': ECC}


class CameraMotionEstimator:
    """Remembers the last frame, and gives the warp from it to the next.

    Args:
        method: 'sparse_flow' (``SparseOpticalFlow``) or 'ecc' (``ECC``).
        options: the method's arguments.

    Attributes:
        failures: frames since the last ``reset`` for which no warp could be found: too few corners
            agree, no correlation, or the frame before had another size.

    Raises:
        ValueError: the method is unknown, or an argument is outside its range.

    Example::

        estimator = CameraMotionEstimator()
        for image in frames:
            tracked = tracker.update(detect(image), camera_motion=estimator(image))
    """

    def __init__(self, method: str = 'sparse_flow', **options: Any) -> None:
        if method not in METHODS:
            raise ValueError(
                f"The 'method' parameter of CameraMotionEstimator must be one of {tuple(METHODS)}. "
                f'Got {method!r} instead.'
            )
        self.method = METHODS[method](**options)
        self.reset()

    def reset(self) -> None:
        """Start a new video."""
        self.failures = 0
        self._last: GrayImage | None = None

    def __call__(self, image: np.ndarray) -> FloatArray:
        """The (2, 3) float64 warp from the last frame to this one, in pixels of the image.

        The identity for the first frame, and where no warp can be found.

        Args:
            image: (H, W, 3) uint8, BGR.

        Raises:
            ValueError: the image has another shape or type.
        """
        last, self._last = self._last, self.method.reduce(_gray(image))
        if last is None:
            return np.eye(2, 3)
        warp = self.method.between(last, self._last)
        if warp is None:
            self.failures += 1
            return np.eye(2, 3)
        return warp


def _gray(image: np.ndarray) -> GrayImage:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(
            f'Camera motion needs frames of (H, W, 3) uint8. Got {image.shape} of type '
            f'{image.dtype}; load them without to_float32.'
        )
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
