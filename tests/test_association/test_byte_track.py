from __future__ import annotations

import re

import numpy as np
import pytest

from mmtrack_ext.association.detections import Detections
from mmtrack_ext.association.trackers import ByteTracker


def frame_of(*boxes: tuple[float, float, float, float], scores: object = 0.9) -> Detections:
    return Detections(np.array(boxes, float).reshape(-1, 4), np.broadcast_to(scores, len(boxes)))


def test_first_frame_is_confirmed_at_once_and_later_ones_when_seen_again():
    first, second = (0, 0, 40, 100), (300, 0, 340, 100)
    tracker = ByteTracker()
    assert tracker.update(frame_of(first)).ids.tolist() == [1]
    assert tracker.update(frame_of(first, second)).ids.tolist() == [1]
    assert tracker.update(frame_of(first, second)).ids.tolist() == [1, 2]


def test_new_track_that_is_missed_once_is_forgotten_and_its_id_not_used_again():
    first, second = (0, 0, 40, 100), (300, 0, 340, 100)
    tracker = ByteTracker()
    for boxes in ([first], [first, second], [first], [first, second]):
        tracker.update(frame_of(*boxes))
    assert tracker.update(frame_of(first, second)).ids.tolist() == [1, 3]


def test_low_score_keeps_a_track_but_starts_none():
    box, other = (0, 0, 40, 100), (300, 0, 340, 100)
    tracker = ByteTracker()
    tracker.update(frame_of(box))
    for _ in range(3):
        tracked = tracker.update(frame_of(box, other, scores=[0.2, 0.2]))
        assert tracked.ids.tolist() == [1]
        assert tracked.scores.tolist() == [0.2]


def test_low_score_does_not_bring_back_a_lost_track():
    box = (0, 0, 40, 100)
    tracker = ByteTracker()
    tracker.update(frame_of(box))
    assert len(tracker.update(frame_of())) == 0
    assert len(tracker.update(frame_of(box, scores=0.5))) == 0
    assert tracker.update(frame_of(box, scores=0.9)).ids.tolist() == [1]


def test_score_decides_between_two_detections_unless_it_is_not_fused():
    # IoU of a and b with the track: 0.9 and 1.0; times score: 0.9 * 1.0 > 1.0 * 0.7.
    track, a = (0, 0, 100, 100), (0, 0, 90, 100)
    for fuse_score, winner in ((True, 0), (False, 1)):
        tracker = ByteTracker(fuse_score=fuse_score, init_min_score=0.99)
        tracker.update(frame_of(track, scores=0.99))
        tracked = tracker.update(frame_of(a, track, scores=[1.0, 0.7]))
        assert tracked.detection_index.tolist() == [winner]


@pytest.mark.parametrize(('score', 'ids'), [(0.59, [1]), (0.6, []), (0.61, [1])])
def test_score_exactly_at_the_high_threshold_is_neither_high_nor_low(score, ids):
    box = (0, 0, 40, 100)
    tracker = ByteTracker(high_min_score=0.6)
    tracker.update(frame_of(box))
    assert tracker.update(frame_of(box, scores=score)).ids.tolist() == ids


@pytest.mark.parametrize(('score', 'ids'), [(0.1, []), (0.11, [1])])
def test_low_scores_are_above_their_threshold(score, ids):
    box = (0, 0, 40, 100)
    tracker = ByteTracker(low_min_score=0.1)
    tracker.update(frame_of(box))
    assert tracker.update(frame_of(box, scores=score)).ids.tolist() == ids


@pytest.mark.parametrize(('width', 'ids'), [(85, [1, 2]), (86, [1])])
def test_duplicates_overlap_by_more_than_their_threshold(width, ids):
    # Boxes 100 and `width` wide, one inside the other: IoU is exactly width / 100.
    tracker = ByteTracker(high_max_cost=0)
    tracker.update(frame_of((0, 0, 100, 100)))
    tracker.update(frame_of())
    tracker.update(frame_of((0, 0, width, 100)))
    assert tracker.tracks.ids.tolist() == ids


@pytest.mark.parametrize(
    ('compat_released', 'gap', 'ids'),
    [(False, 6, [1]), (False, 7, []), (True, 7, [1]), (True, 8, [])],
)
def test_age_at_which_a_lost_track_is_removed(compat_released, gap, ids):
    # max_age 5: unseen for 5 frames, found in the 6th after the last sighting; the released
    # program still finds it in the 7th.
    box = (0, 0, 40, 100)
    tracker = ByteTracker(max_age=5, compat_released=compat_released)
    tracker.update(frame_of(box))
    for _ in range(gap - 1):
        tracker.update(frame_of())
    assert tracker.update(frame_of(box)).ids.tolist() == ids


@pytest.mark.parametrize(('gap', 'ids'), [(3, [1]), (4, [])])
def test_max_age_is_in_frames_at_thirty_per_second(gap, ids):
    # 5 frames at 30 per second are int(14 / 30 * 5) = 2 frames at 14.
    box = (0, 0, 40, 100)
    tracker = ByteTracker(max_age=5, frame_rate=14)
    tracker.update(frame_of(box))
    for _ in range(gap - 1):
        tracker.update(frame_of())
    assert tracker.update(frame_of(box)).ids.tolist() == ids


def lives_of_two_overlapping_tracks(old: int, young: int) -> ByteTracker:
    """A lost track of ``old`` frames and a live one of ``young`` frames at the same place."""
    box = (0, 0, 100, 100)
    tracker = ByteTracker(high_max_cost=0, tentative_max_cost=0.9)
    tracker.update(frame_of(box))
    tracker.tracks.first_frame[:] = -old
    tracker.tracks.last_frame[:] = 0
    tracker.update(frame_of())
    tracker.update(frame_of(box))  # at limit 0 the lost track cannot match, so this one is new
    return tracker


def test_of_two_tracks_at_one_place_the_longer_life_stays():
    tracker = lives_of_two_overlapping_tracks(old=9, young=0)
    assert tracker.tracks.ids.tolist() == [1]


@pytest.mark.parametrize(('class_aware', 'ids'), [(False, [1]), (True, [1, 2])])
def test_duplicates_are_of_one_class_if_classes_matter(class_aware, ids):
    box = [[0, 0, 100, 100]]
    tracker = ByteTracker(class_aware=class_aware, high_max_cost=0)
    tracker.update(Detections(box, [0.9], [0]))
    tracker.update(Detections.empty())
    tracker.update(Detections(box, [0.9], [1]))
    assert tracker.tracks.ids.tolist() == ids


def test_of_two_equally_long_lives_the_lost_track_stays():
    tracker = lives_of_two_overlapping_tracks(old=0, young=0)
    assert tracker.tracks.ids.tolist() == [1]


def test_longer_live_track_removes_the_lost_one():
    tracker = lives_of_two_overlapping_tracks(old=-5, young=0)
    assert tracker.tracks.ids.tolist() == [2]


@pytest.mark.parametrize(
    ('argument', 'value', 'message'),
    [
        ('max_age', -1, "'max_age' parameter of ByteTracker must be an int >= 0. Got -1 instead."),
        ('max_age', 1.5, 'must be an int >= 0. Got 1.5'),
        ('high_max_cost', 1.2, "'high_max_cost' parameter of ByteTracker must be a number >= 0"),
        ('high_min_score', 'high', "'high_min_score' parameter of ByteTracker must be a number"),
        ('low_min_score', 0.7, "'low_min_score' parameter of ByteTracker must be a number <= 0.6"),
        ('fuse_score', 1, "'fuse_score' parameter of ByteTracker must be a bool. Got 1"),
        ('frame_rate', 0, "'frame_rate' parameter of ByteTracker must be a number > 0. Got 0"),
    ],
)
def test_wrong_arguments_are_named(argument, value, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        ByteTracker(**{argument: value})
