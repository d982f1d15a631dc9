"""Networks, and the models that join them with trackers."""

from mmtrack_ext.models import (
    backbones,
    data_preprocessors,
    dense_heads,
    detectors,
    losses,
    mot,
    necks,
    reid,
    task_modules,
    trackers,
    tracking_heads,
)

__all__ = [
    'backbones',
    'data_preprocessors',
    'dense_heads',
    'detectors',
    'losses',
    'mot',
    'necks',
    'reid',
    'task_modules',
    'trackers',
    'tracking_heads',
]
