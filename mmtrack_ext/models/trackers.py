"""The trackers of ``association`` in a registry: the only file that joins the two worlds."""

from __future__ import annotations

from mmtrack_ext.association.trackers import TRACKER_CLASSES
from mmtrack_ext.registry import TRACKERS

for tracker_class in TRACKER_CLASSES.values():
    TRACKERS.register_module(module=tracker_class)
