"""From detections to tracks, in NumPy, SciPy and lap alone."""

from mmtrack_ext.association.base_tracker import BaseTracker
from mmtrack_ext.association.detections import Detections, TrackedBoxes
from mmtrack_ext.association.trackers import ByteTracker, SORTTracker, build_tracker

__all__ = [
    'BaseTracker',
    'ByteTracker',
    'Detections',
    'SORTTracker',
    'TrackedBoxes',
    'build_tracker',
]
