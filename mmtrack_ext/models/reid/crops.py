"""Boxes cut out of a frame, all of one size."""

from __future__ import annotations

import cv2
import numpy as np


def crop_corners(boxes: np.ndarray, frame_size: tuple[int, int]) -> np.ndarray:
    """The pixels of boxes inside a frame.

    Corners are cut off to whole pixels, as in both published forms of DeepSORT.

    Args:
        boxes: (N, 4) xyxy in pixels of the frame; may lie outside of it.
        frame_size: (width, height) of the frame.

    Returns:
        (N, 4) int64 ``left, top, right, bottom``, the last two exclusive. A box without a pixel
        (outside, or without area) has ``right <= left`` or ``bottom <= top``.
    """
    limits = np.array([*frame_size, *frame_size])
    corners: np.ndarray = np.clip(boxes, 0, limits).astype(np.int64)
    return corners


def crop_boxes(
    frame: np.ndarray, boxes: np.ndarray, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Cut boxes out of a frame and stretch each to one size (bilinear).

    Args:
        frame: (H, W, 3) uint8, BGR.
        boxes: (N, 4) xyxy in pixels of the frame; clipped to it.
        size: (height, width) of the crops.

    Returns:
        crops: (N, height, width, 3) uint8, BGR; zeros where the box has no pixel.
        has_pixels: (N,) mask of the boxes that have one.
    """
    corners = crop_corners(np.reshape(boxes, (-1, 4)), (frame.shape[1], frame.shape[0]))
    has_pixels = (corners[:, 2:] > corners[:, :2]).all(axis=1)
    height, width = size
    crops = np.zeros((len(corners), height, width, 3), np.uint8)
    for row in np.flatnonzero(has_pixels):
        left, top, right, bottom = corners[row]
        part = frame[top:bottom, left:right]
        crops[row] = cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR)
    return crops, has_pixels
