from __future__ import annotations

import json

import numpy as np
import pytest

from mmtrack_ext.association.detections import Detections
from mmtrack_ext.association.trackers import SORTTracker
from mmtrack_ext.fileio import read_detections

SEQUENCES = (
    'ADL-Rundle-6',
    'ETH-Sunnyday',
    'KITTI-17',
    'PETS09-S2L1',
    'TUD-Campus',
    'Venice-2',
)


def frame_of(*boxes: tuple[float, float, float, float]) -> Detections:
    return Detections(np.array(boxes, float).reshape(-1, 4), np.ones(len(boxes)))


@pytest.mark.parametrize('sequence', SEQUENCES)
def test_counts_of_the_original_program(golden, shared_data, sequence):
    expected = json.loads((golden / 'sort_expected.json').read_text())[sequence]
    detections = read_detections(shared_data / 'MOT15' / 'train' / sequence / 'det' / 'det.txt')
    tracker = SORTTracker()
    ids = np.concatenate([tracker.update(frame).ids for frame, _ in detections])
    assert len(ids) == expected['rows']
    assert len(np.unique(ids)) == expected['distinct_ids']
    assert ids.max() == expected['max_id']


def test_every_recorded_sequence_is_tested(golden):
    assert set(json.loads((golden / 'sort_expected.json').read_text())) == set(SEQUENCES)


def test_after_the_first_frames_an_object_is_reported_from_its_fourth_sighting():
    old, new = (0, 0, 40, 100), (300, 0, 340, 100)
    tracker = SORTTracker()
    reported = [tracker.update(frame_of(old)).ids.tolist() for _ in range(3)]
    assert reported == [[1]] * 3
    reported = [tracker.update(frame_of(old, new)).ids.tolist() for _ in range(5)]
    assert reported == [[1], [1], [1], [1, 2], [1, 2]]


def test_in_the_first_frames_an_object_is_reported_at_once():
    old, new = (0, 0, 40, 100), (300, 0, 340, 100)
    tracker = SORTTracker()
    reported = [tracker.update(frame_of(*b)).ids.tolist() for b in ([old], [old], [old, new])]
    assert reported == [[1], [1], [1, 2]]


def test_after_a_miss_three_matches_are_needed():
    box = (0, 0, 40, 100)
    tracker = SORTTracker()
    for _ in range(6):
        tracker.update(frame_of(box))
    reported = [tracker.update(frame_of(*boxes)).ids.tolist() for boxes in [[]] + [[box]] * 4]
    assert reported == [[], [], [], [1], [1]]


@pytest.mark.parametrize(('max_age', 'ids'), [(1, [2]), (2, [1])])
def test_track_lives_max_age_frames_without_a_match(max_age, ids):
    box = (0, 0, 40, 100)
    tracker = SORTTracker(max_age=max_age, min_hits=0)
    for boxes in ([box], [], []):
        tracker.update(frame_of(*boxes))
    assert tracker.update(frame_of(box)).ids.tolist() == ids


def track_with_overlaps(overlaps: list[list[float]], min_iou: float) -> dict[int, int]:
    """Two tracks, then a frame of detections with these IoUs: the detection of each id."""
    boxes = frame_of(*((20 * i, 0, 20 * i + 10, 10) for i in range(len(overlaps[0]))))
    tracker = SORTTracker(min_iou=min_iou, min_hits=0)
    tracker.update(boxes[:2])
    tracker._negative_iou = lambda rows, columns: -np.array(overlaps)[np.ix_(rows, columns)]
    tracked = tracker.update(boxes)
    return dict(zip(tracked.ids.tolist(), tracked.detection_index.tolist(), strict=True))


def test_pairs_that_leave_no_choice_go_before_the_largest_sum():
    # Only .35 is above the limit, so it is taken although .3 + .3 is more; 3 is a new track.
    assert track_with_overlaps([[0.35, 0.3], [0.3, 0]], min_iou=0.3) == {1: 0, 3: 1}


@pytest.mark.parametrize(('overlap', 'matched'), [(0.31, True), (0.3, True), (0.29, False)])
def test_a_match_needs_the_minimal_overlap(overlap, matched):
    expected = {1: 0, 3: 1} if matched else {3: 0, 4: 1}
    assert track_with_overlaps([[overlap, 0], [0, 0]], min_iou=0.3) == expected


def test_new_ids_go_to_what_the_assignment_left_out_and_then_to_what_was_rejected():
    # .2 and .1 are assigned and rejected, so detection 1 comes first, then 0 and 2.
    assert track_with_overlaps([[0.2, 0, 0], [0, 0, 0.1]], min_iou=0.3) == {3: 1, 4: 0, 5: 2}


def test_solve_then_reject_is_not_forbid_then_solve():
    # .85 + .45 is more than .90 + .05, so track 2 gets detection 0; then .45 is rejected. To
    # forbid .45 and .05 first would give detection 0 to track 1.
    assert track_with_overlaps([[0.90, 0.45], [0.85, 0.05]], min_iou=0.5) == {2: 0, 3: 1}


def test_box_that_would_shrink_below_zero_keeps_its_area():
    tracker = SORTTracker(min_hits=0, max_age=10)
    tracker.update(frame_of((0, 0, 100, 100)))
    tracker.tracks.means[0, 6] = -20_000  # the area's velocity; the area is 10,000
    tracker.update(frame_of())
    assert tracker.tracks.means[0, 2] == 10_000
    assert np.isfinite(tracker.tracks.boxes).all()


def test_area_that_would_reach_exactly_zero_stays_too():
    tracker = SORTTracker(min_hits=0, max_age=10)
    tracker.update(frame_of((0, 0, 100, 100)))
    tracker.tracks.means[0, 6] = -10_000
    tracker.update(frame_of())
    assert tracker.tracks.means[0, 2] == 10_000


def test_track_without_a_possible_box_is_removed():
    tracker = SORTTracker(min_hits=0, max_age=10)
    tracker.update(frame_of((0, 0, 100, 100), (300, 0, 400, 100)))
    tracker.tracks.means[0, 3] = -1  # a negative aspect ratio
    with np.errstate(invalid='raise', divide='raise'):
        tracked = tracker.update(frame_of((0, 0, 100, 100), (300, 0, 400, 100)))
    assert tracked.ids.tolist() == [2, 3]
