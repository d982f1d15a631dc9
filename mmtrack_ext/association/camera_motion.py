"""Applying a camera motion to tracks; estimating one from images is not the core's work.

A camera motion is a 2x3 warp ``[A | b]`` that takes a point of the previous frame to the current
one: ``p' = A p + b``, in pixels of the original image.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mmtrack_ext.association.arrays import FloatArray
from mmtrack_ext.association.box_spaces import BoxSpace
from mmtrack_ext.association.boxes import cxcywh_to_xyxy, xyxy_to_cxcywh


def check_camera_motion(camera_motion: Any) -> FloatArray:
    """The warp as (2, 3) float64.

    Raises:
        ValueError: wrong shape, or NaN or infinity in it.
    """
    warp = np.asarray(camera_motion, np.float64)
    if warp.shape != (2, 3) or not np.isfinite(warp).all():
        raise ValueError(f"The 'camera_motion' must be a finite 2x3 warp. Got {warp.tolist()}.")
    return warp


def warp_gaussians(gaussians: FloatArray, warp: FloatArray, space: BoxSpace) -> FloatArray:
    """Move what the filter knows with the camera: x <- M x + b at the centre, P <- M P M'.

    Velocities turn and grow with the image; they do not take part in the shift.
    Source: BoT-SORT, section 3.2, for XYWH; the other spaces scale their sizes alike.

    Args:
        gaussians: (T, n, n + 1), see ``kalman_filter``.
        warp: (2, 3).
        space: gives the (n, n) matrix M.
    """
    matrix = space.motion_matrix(warp[:, :2])
    warped: FloatArray = matrix @ gaussians  # M [P | x]
    warped[:, :, :-1] = warped[:, :, :-1] @ matrix.T
    warped[:, :2, -1] += warp[:, 2]
    return warped


def warp_boxes(boxes_xyxy: FloatArray, warp: FloatArray) -> FloatArray:
    """Move (T, 4) boxes with the camera: centres by the warp, sides by its scale."""
    boxes = xyxy_to_cxcywh(boxes_xyxy)
    boxes[:, :2] = boxes[:, :2] @ warp[:, :2].T + warp[:, 2]
    boxes[:, 2:] *= np.sqrt(abs(np.linalg.det(warp[:, :2])))
    return cxcywh_to_xyxy(boxes)
