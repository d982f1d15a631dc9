from __future__ import annotations

import numpy as np

from mmtrack_ext.association.detections import Detections
from mmtrack_ext.association.trackers import SparseTracker


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


def test_near_track_takes_the_near_box_although_the_far_one_fits_better():
    # IoU of the first box with NEAR .66, with FAR .97; the second makes a far layer, fits nobody
    low = (0, 0, 40, 66), (300, 0, 340, 20)
    assert ids_after(SparseTracker(low_depth_levels=2), *low) == [1]
    assert ids_after(SparseTracker(low_depth_levels=1), *low) == [2]  # no cascade


def test_high_boxes_have_levels_of_their_own():
    low = (0, 0, 40, 66), (300, 0, 340, 20)
    frames = [*[frame_of(NEAR, FAR)] * 2, frame_of(*low)]
    for levels, expected in ((1, 2), (2, 1)):
        tracker = SparseTracker(high_depth_levels=levels, high_max_cost=0.5)
        tracked = run(tracker, frames)[-1]
        assert tracked.ids[tracked.detection_index == 0].tolist() == [expected]


def test_a_new_track_needs_the_initial_score():
    box = (0, 0, 40, 100)
    for score, ids in ((0.45, []), (0.46, [1])):
        tracker = SparseTracker()
        assert tracker.update(frame_of(box, scores=score)).ids.tolist() == ids
    tracker = SparseTracker(init_min_score=0.6)
    assert tracker.update(frame_of(box, scores=0.59)).ids.tolist() == []
    assert tracker.update(frame_of(box, scores=0.6)).ids.tolist() == []  # not the first frame
    assert tracker.update(frame_of(box, scores=0.6)).ids.tolist() == [1]
