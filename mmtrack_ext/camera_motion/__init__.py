"""Estimating the motion of the camera from images by OpenCV; no network.

What trackers do with it: ``association.camera_motion``.
"""

from mmtrack_ext.camera_motion.ecc import ECC
from mmtrack_ext.camera_motion.estimator import METHODS, CameraMotionEstimator
from mmtrack_ext.camera_motion.sparse_flow import SparseOpticalFlow

__all__ = ['ECC', 'METHODS', 'CameraMotionEstimator', 'SparseOpticalFlow']
