"""Camera motion from the images as wholes: the warp at which they correlate best."""

from __future__ import annotations

import cv2
import numpy as np

from mmtrack_ext.association.parameters import check_number
from mmtrack_ext.camera_motion.coarse_shift import coarse_shift
from mmtrack_ext.camera_motion.motion_method import GrayImage, MotionMethod

MOTIONS = {
    'translation': cv2.MOTION_TRANSLATION,
    'euclidean': cv2.MOTION_EUCLIDEAN,
    'affine': cv2.MOTION_AFFINE,
}
BLUR = 5  # side of the Gaussian before gradients are taken; OpenCV's default
NO_CONVERGENCE = -7  # cv::Error::StsNoConv


class ECC(MotionMethod):
    """Maximises the enhanced correlation coefficient.

    Source: Evangelidis and Psarakis, Parametric Image Alignment Using Enhanced Correlation
    Coefficient Maximization, PAMI 2008 (``cv2.findTransformECC``). It climbs to the nearest
    optimum, which it misses from a few pixels of the small image on; so it starts from
    ``coarse_shift``.

    Every pixel has a vote, that of people who walk, too: with a static camera (PETS09) it is off by
    up to 3 pixels where ``SparseOpticalFlow`` is by less than 1.

    Args:
        scale: see ``MotionMethod``.
        motion: 'translation', 'euclidean' (shift and rotation) or 'affine'. Euclidean as in
            mmtracking's ``CameraMotionCompensation``; affine sees zoom, too, but is four times
            as far off where there is none.
        max_iterations: of the climb; OpenCV's default.
        min_increment: the climb ends when the coefficient grows by less; OpenCV's default. A
            hundredth of it changed no warp on SynthMOT.
        min_correlation: no warp is found if the images, aligned, correlate less than this.
            Measured: consecutive frames 0.96 and more, unrelated images below 0.43.
    """

    def __init__(
        self,
        *,
        scale: float = 0.25,
        motion: str = 'euclidean',
        max_iterations: int = 50,
        min_increment: float = 0.001,
        min_correlation: float = 0.5,
    ) -> None:
        super().__init__(scale=scale)
        self.motion = motion
        self.max_iterations = max_iterations
        self.min_increment = min_increment
        self.min_correlation = min_correlation
        if motion not in MOTIONS:
            raise ValueError(
                f"The 'motion' parameter of ECC must be one of {tuple(MOTIONS)}. "
                f'Got {motion!r} instead.'
            )
        check_number(self, 'max_iterations', minimum=1, whole=True)
        check_number(self, 'min_increment', above=0)
        check_number(self, 'min_correlation', minimum=-1, maximum=1)

    def estimate(self, previous: GrayImage, current: GrayImage) -> np.ndarray | None:
        """The warp between two small images; None if the climb fails."""
        criteria = (
            cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS,
            self.max_iterations,
            self.min_increment,
        )
        start = np.eye(2, 3, dtype=np.float32)
        start[:, 2] = coarse_shift(previous, current)
        try:
            correlation, warp = cv2.findTransformECC(
                previous, current, start, MOTIONS[self.motion], criteria, None, BLUR
            )
        except cv2.error as error:
            if error.code != NO_CONVERGENCE:
                raise
            return None
        return np.asarray(warp) if correlation >= self.min_correlation else None
