"""Camera motion from corners that are followed from one image to the next."""

from __future__ import annotations

import cv2
import numpy as np

from mmtrack_ext.association.parameters import check_number
from mmtrack_ext.camera_motion.coarse_shift import coarse_shift
from mmtrack_ext.camera_motion.motion_method import GrayImage, MotionMethod

LEVELS = 3  # of the pyramid above the image, as in OpenCV's videostab
CONFIDENCE = 0.99  # that RANSAC finds the warp; videostab's for similarities
MIN_POINTS = 4  # two make a similarity; of so few no majority can be told


class SparseOpticalFlow(MotionMethod):
    """Corners, pyramidal Lucas-Kanade flow, and the similarity that most of them agree on.

    The method that SparseTrack's released program calls: OpenCV's videostab with its keypoint
    estimator and RANSAC for a similarity. That module has no Python interface, so this puts the
    same functions together with its settings, which is an approximation, and starts the flow from
    ``coarse_shift``, which is ours. People who walk are outvoted as long as most corners stand
    still. The same images give the same warp: RANSAC draws
    from a generator of its own with a fixed seed.

    Args:
        scale: see ``MotionMethod``.
        max_points: of corners. videostab: 1000.
        quality: corners weaker than this share of the strongest are left out. videostab: 0.01.
        min_distance: between corners, in pixels of the small image. videostab: 1.
        window: side of the patch that is followed, in pixels of the small image. videostab has
            21; with 11 the warps were nearer to the truth on SynthMOT and on a static camera
            (PETS09: at most 0.8 instead of 1.1 pixels off in a corner).
        max_residual: a corner agrees with a warp if it lands this near, in pixels of the small
            image. videostab: 0.5; with 1 the errors are twice as large.
        min_inlier_ratio: no warp is found if a smaller share of the corners agrees. videostab:
            0.1. Measured: consecutive frames 0.62 and more, unrelated images 0.03 and less.
    """

    def __init__(
        self,
        *,
        scale: float = 0.25,
        max_points: int = 1000,
        quality: float = 0.01,
        min_distance: float = 1,
        window: int = 11,
        max_residual: float = 0.5,
        min_inlier_ratio: float = 0.1,
    ) -> None:
        super().__init__(scale=scale)
        self.max_points = max_points
        self.quality = quality
        self.min_distance = min_distance
        self.window = window
        self.max_residual = max_residual
        self.min_inlier_ratio = min_inlier_ratio
        check_number(self, 'max_points', minimum=MIN_POINTS, whole=True)
        check_number(self, 'quality', above=0, maximum=1)
        check_number(self, 'min_distance', minimum=0)
        check_number(self, 'window', minimum=3, whole=True)
        check_number(self, 'max_residual', above=0)
        check_number(self, 'min_inlier_ratio', minimum=0, maximum=1)

    def estimate(self, previous: GrayImage, current: GrayImage) -> np.ndarray | None:
        """The similarity between two small images; None if too few corners agree."""
        corners = cv2.goodFeaturesToTrack(
            previous, self.max_points, self.quality, self.min_distance
        )
        if corners is None or len(corners) < MIN_POINTS:
            return None
        found, status, _ = cv2.calcOpticalFlowPyrLK(
            previous,
            current,
            corners,
            corners + coarse_shift(previous, current).astype(np.float32),
            flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
            winSize=(self.window, self.window),
            maxLevel=LEVELS,
        )
        followed = status[:, 0] == 1
        if followed.sum() < MIN_POINTS:
            return None
        warp, inliers = cv2.estimateAffinePartial2D(
            corners[followed],
            found[followed],
            method=cv2.RANSAC,
            ransacReprojThreshold=self.max_residual,
            confidence=CONFIDENCE,
        )
        if warp is None or inliers.sum() < max(self.min_inlier_ratio * len(corners), MIN_POINTS):
            return None
        return np.asarray(warp)
