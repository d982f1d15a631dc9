"""Networks, and the models that join them with trackers."""

from mmtrack_ext.models import (
    backbones,
    data_preprocessors,
    dense_heads,
    detectors,
    mot,
    necks,
    reid,
    task_modules,
    trackers,
)

__all__ = [
    'backbones',
    'data_preprocessors',
    'dense_heads',
    'detectors',
    'mot',
    'necks',
    'reid',
    'task_modules',
    'trackers',
]
