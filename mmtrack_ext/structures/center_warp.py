"""The similarity warp between an image and the fixed input of a centre-point network.

A (2, 3) float64 matrix ``[A | b]`` takes a point of the image to ``A p + b`` of the input. It is
given by the point that goes to the middle of the input, by the number of source pixels that fill
its *width*, and by an angle. Source of the convention: CenterNet and CenterTrack (MIT).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

RESIZE_MODES = ('contain', 'width')


def center_warp_matrix(
    center: Any, scale: float, size: Sequence[int], *, angle: float = 0.0
) -> np.ndarray:
    """The (2, 3) matrix.

    Args:
        center: x, y in the source that goes to the middle of the destination.
        scale: source pixels that fill the width of the destination.
        size: (width, height) of the destination.
        angle: in degrees, counter-clockwise as it is seen.

    Example:
        >>> center_warp_matrix((960, 540), 1920, (960, 544))[:, 2]
        array([0., 2.])
    """
    factor = size[0] / scale
    cosine, sine = (factor * f(math.radians(angle)) for f in (math.cos, math.sin))
    linear = np.array([[cosine, sine], [-sine, cosine]])
    shift = np.array(size) / 2 - linear @ np.asarray(center, np.float64)
    return np.column_stack([linear, shift])


def resize_scale(image_size: Sequence[int], size: Sequence[int], mode: str = 'contain') -> float:
    """Source pixels that fill the width of the destination, without augmentation.

    Args:
        image_size: (width, height) of the image.
        size: (width, height) of the destination.
        mode: 'contain' shows all of the image, with black bars; 'width' takes its longer side, as
            the original does, which crops what is higher than the destination.

    Raises:
        ValueError: there is no such mode.
    """
    if mode not in RESIZE_MODES:
        raise ValueError(f'The mode of resizing must be one of {RESIZE_MODES}. Got {mode!r}.')
    width, height = image_size
    return max(width, height * size[0] / size[1] if mode == 'contain' else height)


def resize_warp(
    image_size: Sequence[int], size: Sequence[int], mode: str = 'contain'
) -> np.ndarray:
    """The (2, 3) matrix that puts the middle of an image in the middle of the input.

    Args:
        image_size: (width, height) of the image.
        size: (width, height) of the input.
        mode: see ``resize_scale``.
    """
    middle = (image_size[0] / 2, image_size[1] / 2)
    return center_warp_matrix(middle, resize_scale(image_size, size, mode), size)


def flip_matrix(width: int) -> np.ndarray:
    """(2, 3): left and right change places, pixel x becomes W - 1 - x."""
    return np.array([[-1.0, 0.0, width - 1.0], [0.0, 1.0, 0.0]])


def chain_warps(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The (2, 3) matrix that does ``first``, then ``second``."""
    return np.column_stack([second[:, :2] @ first[:, :2], warp_points(first[:, 2], second)])


def invert_warp(matrix: np.ndarray) -> np.ndarray:
    """The (2, 3) matrix of the way back, as from the input to the image."""
    inverse = np.linalg.inv(matrix[:, :2])
    return np.column_stack([inverse, -inverse @ matrix[:, 2]])


def warp_points(points: Any, matrix: np.ndarray) -> np.ndarray:
    """(..., 2) points to (..., 2) float64."""
    return np.asarray(points, np.float64) @ matrix[:, :2].T + matrix[:, 2]


def warp_corners(boxes_xyxy: Any, matrix: np.ndarray) -> np.ndarray:
    """(N, 4): each box's upper left and lower right corner warped, in this order, nothing more.

    This is the box again where the warp does not turn. One that mirrors takes the corners of the
    mirrored box, so that left stays left.
    """
    boxes = np.asarray(boxes_xyxy).reshape(-1, 4)
    if np.linalg.det(matrix[:, :2]) < 0:
        boxes = boxes[:, [2, 1, 0, 3]]
    return warp_points(boxes.reshape(-1, 2, 2), matrix).reshape(-1, 4)


def warp_boxes(boxes_xyxy: Any, matrix: np.ndarray) -> np.ndarray:
    """(N, 4): the upright boxes around the four warped corners, not clipped."""
    boxes = np.asarray(boxes_xyxy).reshape(-1, 4)
    corners = warp_points(boxes[:, [[0, 1], [2, 1], [2, 3], [0, 3]]], matrix)
    return np.concatenate([corners.min(1), corners.max(1)], axis=1)
