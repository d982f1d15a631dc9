"""What SparseTrack and NanoTrack share."""

from __future__ import annotations

import numpy as np
import pytest

from mmtrack_ext.association.detections import Detections
from mmtrack_ext.association.trackers import NanoTracker, SparseTracker


def frame_of(*boxes, scores=0.9, labels=None):
    boxes = np.array(boxes, float).reshape(-1, 4)
    return Detections(boxes, np.broadcast_to(scores, len(boxes)), labels)


def run(tracker, frames):
    return [tracker.update(frame) for frame in frames]


# Two people, one behind the other: feet at 100 and at 64.
NEAR, FAR = (0, 0, 40, 100), (0, 0, 40, 64)


def ids_after(tracker, *low):
    """Ids reported for low boxes, after two frames in which both people were seen well."""
    return run(tracker, [frame_of(NEAR, FAR)] * 2 + [frame_of(*low, scores=0.3)])[-1].ids.tolist()


def test_layers_that_only_the_tracks_have_are_not_tried():
    # One box is one layer: only NEAR may have it, and its IoU .5 is too low; FAR has .78.
    low = (0, 0, 40, 50)
    assert ids_after(SparseTracker(low_depth_levels=2), low) == []
    assert ids_after(SparseTracker(low_depth_levels=1), low) == [2]
    assert ids_after(NanoTracker(low_depth_levels=2), low) == [2]  # tries every layer
    assert ids_after(NanoTracker(low_depth_levels=2, depth_in_groups=False), low) == []


@pytest.mark.parametrize(('compat', 'label'), [(False, 2), (True, 1)])
@pytest.mark.parametrize('tracker_class', [SparseTracker, NanoTracker])
def test_class_follows_the_detection_unless_as_released(tracker_class, compat, label):
    tracker = tracker_class(compat_released=compat)
    tracker.update(frame_of(NEAR, labels=[1]))
    assert tracker.update(frame_of(NEAR, labels=[2])).labels.tolist() == [label]


@pytest.mark.parametrize('tracker_class', [SparseTracker, NanoTracker])
@pytest.mark.parametrize('name', ['high_depth_levels', 'low_depth_levels'])
def test_levels_are_checked(tracker_class, name):
    message = f"'{name}' parameter of {tracker_class.__name__} must be an int >= 1"
    with pytest.raises(ValueError, match=message):
        tracker_class(**{name: 0})
