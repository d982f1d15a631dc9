"""Appearance in the ByteTrack family (BoT-SORT's rule)."""

from __future__ import annotations

import numpy as np
import pytest

from mmtrack_ext.association.detections import Detections
from mmtrack_ext.association.trackers import ByteTracker, NanoTracker, SparseTracker

RED, BLUE = (1.0, 0.0), (0.0, 1.0)
BY_TRACKER = pytest.mark.parametrize('tracker_class', [ByteTracker, SparseTracker, NanoTracker])


def people(*, red_at, blue_at=None):
    """Boxes 100 x 200 at these left edges, the red one first; embeddings of any length."""
    lefts = [red_at] if blue_at is None else [red_at, blue_at]
    boxes = np.array([[left, 0, left + 100, 200] for left in lefts], float)
    return Detections(
        boxes, np.full(len(lefts), 0.9), None, 7 * np.array([RED, BLUE])[: len(lefts)]
    )


def ids_of_red_and_blue(tracker, frames):
    for frame in frames:
        tracked = tracker.update(frame)
    return tracked.ids[np.argsort(tracked.detection_index)].tolist()


@BY_TRACKER
def test_people_who_change_places_keep_their_ids(tracker_class):
    """IoU with the other's place: 70 / 130 = .54, near enough for appearance to count."""
    frames = [people(red_at=0, blue_at=30)] * 2 + [people(red_at=30, blue_at=0)]
    assert ids_of_red_and_blue(tracker_class(), frames) == [2, 1]
    assert ids_of_red_and_blue(tracker_class(max_appearance_cost=0.25), frames) == [1, 2]


@BY_TRACKER
def test_appearance_counts_only_near_a_track(tracker_class):
    """IoU with the other's place: 60 / 140 = .43, further than the limit of .5."""
    frames = [people(red_at=0, blue_at=40)] * 2 + [people(red_at=40, blue_at=0)]
    assert ids_of_red_and_blue(tracker_class(max_appearance_cost=0.25), frames) == [2, 1]
    wider = tracker_class(max_appearance_cost=0.25, appearance_max_overlap_cost=0.6)
    assert ids_of_red_and_blue(wider, frames) == [1, 2]


@pytest.mark.parametrize(('limit', 'ids'), [(0.14, [2, 1]), (0.15, [1, 2])])
def test_limit_of_appearance(limit, ids):
    """Both turn by 45 degrees: half of 1 - cos 45 is .146; motion says 1 - .65 for the other."""
    turned = np.array([[1.0, 1.0], [-1.0, 1.0]])
    swapped = people(red_at=30, blue_at=0)
    swapped = Detections(swapped.boxes, np.full(2, 0.65), None, turned)
    frames = [people(red_at=0, blue_at=30)] * 2 + [swapped]
    assert ids_of_red_and_blue(ByteTracker(max_appearance_cost=limit), frames) == ids


def test_memory_is_a_moving_average():
    tracker = ByteTracker(max_appearance_cost=0.25, embedding_momentum=0.6)
    tracker.update(people(red_at=0))
    np.testing.assert_allclose(tracker.tracks.embeddings, [RED])
    box = people(red_at=0)
    tracker.update(Detections(box.boxes, box.scores, None, np.array([[0.0, 3.0]])))
    # .6 (1, 0) + .4 (0, 1), to length 1
    expected = np.array([[0.6, 0.4]]) / np.sqrt(0.52)
    np.testing.assert_allclose(tracker.tracks.embeddings, expected, rtol=1e-6)


@BY_TRACKER
def test_needs_embeddings_only_if_there_is_something_to_look_at(tracker_class):
    tracker = tracker_class(max_appearance_cost=0.25)
    assert len(tracker.update(Detections.empty())) == 0
    bare = Detections(np.array([[0, 0, 100, 200.0]]), np.array([0.9]))
    message = f'{tracker_class.__name__} needs detections with embeddings'
    with pytest.raises(ValueError, match=message):
        tracker.update(bare)
    tracker.reset()
    tracker.update(people(red_at=0))
    tracker.update(Detections.empty())
    assert tracker.update(people(red_at=0)).ids.tolist() == [1]


def test_appearance_off_ignores_embeddings():
    frames = [people(red_at=0, blue_at=30)] * 2 + [people(red_at=30, blue_at=0)]
    tracker = ByteTracker()
    ids_of_red_and_blue(tracker, frames)
    assert not hasattr(tracker.tracks, 'embeddings')


def test_a_promoted_low_box_is_matched_by_its_score():
    """IoU 1 and score .1 cost .9, above the limit of .8, although it looks the same."""
    tracker = NanoTracker(max_appearance_cost=0.25, low_min_score=0.05)
    tracker.update(people(red_at=0))
    box = people(red_at=0)
    low = Detections(box.boxes, np.array([0.1]), None, box.embeddings)
    # promoted, so it is not offered to stage 2 either, where it would be matched by IoU alone
    assert tracker.update(low).ids.tolist() == []
