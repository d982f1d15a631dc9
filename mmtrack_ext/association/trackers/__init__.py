"""One file a paper, and building a tracker from its config without torch."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping
from typing import Any

from mmtrack_ext.association.base_tracker import BaseTracker
from mmtrack_ext.association.trackers.byte_track import ByteTracker
from mmtrack_ext.association.trackers.deep_sort import DeepSORTTracker
from mmtrack_ext.association.trackers.joint_track import JointTracker
from mmtrack_ext.association.trackers.nano_track import NanoTracker
from mmtrack_ext.association.trackers.quasi_dense import QuasiDenseTracker
from mmtrack_ext.association.trackers.quasi_dense_tao import QuasiDenseTAOTracker
from mmtrack_ext.association.trackers.sort import SORTTracker
from mmtrack_ext.association.trackers.sparse_track import SparseTracker

__all__ = [
    'TRACKER_CLASSES',
    'BaseTracker',
    'ByteTracker',
    'DeepSORTTracker',
    'JointTracker',
    'NanoTracker',
    'QuasiDenseTAOTracker',
    'QuasiDenseTracker',
    'SORTTracker',
    'SparseTracker',
    'build_tracker',
]

TRACKER_CLASSES: dict[str, type[BaseTracker]] = {
    tracker.__name__: tracker
    for tracker in (
        SORTTracker,
        DeepSORTTracker,
        ByteTracker,
        SparseTracker,
        NanoTracker,
        QuasiDenseTracker,
        QuasiDenseTAOTracker,
        JointTracker,
    )
}


def build_tracker(config: Mapping[str, Any], *, sequence: str | None = None) -> BaseTracker:
    """A tracker from ``dict(type='ByteTracker', max_age=30, ...)``.

    Args:
        config: ``type`` is a class name; the rest are constructor arguments. ``per_sequence`` maps
            names of sequences to arguments that hold there instead.
        sequence: the sequence to be tracked.

    Raises:
        ValueError: the type or an argument is unknown (the message proposes the nearest name), or
            a value is out of its range.

    Example:
        >>> build_tracker(dict(type='SORTTracker', max_age=5)).max_age
        5
    """
    arguments = dict(config)
    name = str(arguments.pop('type', '')).removeprefix('mmtrack_ext.')
    overrides = arguments.pop('per_sequence', None) or {}
    if not isinstance(overrides, dict) or not all(
        isinstance(changes, dict) for changes in overrides.values()
    ):
        raise ValueError(
            "'per_sequence' must be a dict from names of sequences to dicts of arguments. "
            f'Got {overrides!r}.'
        )
    if name not in TRACKER_CLASSES:
        raise ValueError(f'Unknown tracker type {name!r}. {_hint(name, list(TRACKER_CLASSES))}')
    tracker_class = TRACKER_CLASSES[name]
    known = _argument_names(tracker_class)
    for argument in (*arguments, *(a for changes in overrides.values() for a in changes)):
        if argument not in known:
            raise ValueError(f'{name} has no argument {argument!r}. {_hint(argument, known)}')
    return tracker_class(**arguments | overrides.get(sequence, {}))


def _argument_names(tracker_class: type[BaseTracker]) -> list[str]:
    signatures = [inspect.signature(c) for c in tracker_class.__mro__ if issubclass(c, BaseTracker)]
    parameters = [p for signature in signatures for p in signature.parameters.values()]
    return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]


def _hint(name: str, known: list[str]) -> str:
    nearest = difflib.get_close_matches(name, known, n=1)
    return f'Did you mean {nearest[0]!r}?' if nearest else f'Known are: {", ".join(known)}.'
