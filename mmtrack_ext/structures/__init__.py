"""Every copy between torch and NumPy."""

from mmtrack_ext.structures.instances import (
    detections_to_instances,
    instances_to_detections,
    instances_to_tracked,
    to_numpy,
    tracked_to_instances,
)

__all__ = [
    'detections_to_instances',
    'instances_to_detections',
    'instances_to_tracked',
    'to_numpy',
    'tracked_to_instances',
]
