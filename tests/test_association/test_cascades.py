from __future__ import annotations

import numpy as np
import pytest

from mmtrack_ext.association.cascades import (
    depth_layers,
    depth_layers_in_groups,
    match_by_layers,
    match_in_rounds,
    overlap_groups,
)


def boxes_with_feet_at(*bottoms, left=0.0):
    return np.array([[left, bottom - 50, left + 20, bottom] for bottom in bottoms], float)


@pytest.mark.parametrize(
    ('span', 'num_layers', 'layers_used'),
    # m = ceil(k r / (r + 1)): the examples of the specification of the released programs
    [(40.5, 3, 3), (2.0, 3, 2), (1.5, 3, 2), (0.4, 3, 1), (0.0, 3, 1), (500.0, 1, 1)],
)
def test_number_of_layers(span, num_layers, layers_used):
    bottoms = 300 + np.linspace(0, span, 1000)
    layers = depth_layers(boxes_with_feet_at(*bottoms), num_layers)
    assert sorted(set(layers)) == list(range(layers_used))


def test_nearest_feet_are_in_the_first_layer():
    # r = 8, so a layer is (8 + 1) / 3 = 3 pixels: depths 0-2, 3-5, 6-8 below the lowest feet
    bottoms = np.arange(292, 301)
    assert depth_layers(boxes_with_feet_at(*bottoms), 3).tolist() == [2, 2, 2, 1, 1, 1, 0, 0, 0]


def test_an_edge_between_layers_belongs_to_the_farther_one():
    # r = 9, 12 layers of 10 / 12 pixels: 5 pixels are exactly 6 layers
    assert depth_layers(boxes_with_feet_at(300, 295, 291), 12).tolist() == [0, 6, 10]


def test_no_boxes_have_no_layers():
    nothing = np.empty((0, 4))
    assert depth_layers(nothing, 3).tolist() == []
    assert depth_layers_in_groups(nothing, 3).tolist() == []


def brute_force_groups(boxes):
    groups = list(range(len(boxes)))
    for _ in boxes:
        for i, a in enumerate(boxes):
            for j, b in enumerate(boxes):
                apart = a[0] > b[2] or b[0] > a[2] or a[1] > b[3] or b[1] > a[3]
                if not apart:
                    groups[i] = groups[j] = min(groups[i], groups[j])
    return groups


@pytest.mark.parametrize('seed', range(5))
def test_groups_equal_brute_force(seed):
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, 200, (40, 2)).astype(float)
    boxes = np.hstack([corners, corners + rng.integers(5, 30, (40, 2))])
    groups, expected = overlap_groups(boxes), brute_force_groups(boxes)
    same = groups[:, None] == groups
    assert (same == (np.array(expected)[:, None] == expected)).all()
    assert 1 < len(set(expected)) < 40


def test_boxes_that_touch_are_one_group():
    boxes = np.array([[0, 0, 10, 10], [10, 10, 20, 20], [20.5, 0, 30, 10]], float)
    first, second, third = overlap_groups(boxes)
    assert first == second != third


def test_depth_in_groups_leaves_lonely_boxes_in_the_first_layer():
    crowd = boxes_with_feet_at(300, 290, 280)  # they overlap: r = 20, layers of 7 pixels
    lonely = boxes_with_feet_at(100, left=500)
    boxes = np.concatenate([crowd, lonely])
    assert depth_layers_in_groups(boxes, 3).tolist() == [0, 1, 2, 0]
    assert depth_layers(boxes, 3).tolist() == [0, 0, 0, 2]


# Rounds


def index(*values):
    return np.array(values, np.int64)


def pairs(matches):
    return dict(zip(matches.tracks.tolist(), matches.detections.tolist(), strict=True))


def test_what_a_round_leaves_takes_part_in_the_next():
    # Together 0-1 and 1-0 cost .3, but round 0 offers track 0 detection 0 alone, at .5.
    cost = np.array([[0.5, 0.1], [0.2, 9.0], [9.0, 0.4]])
    rounds = [(index(0), index(0)), (index(1, 2), index(1))]
    done = match_in_rounds(cost, 1.0, rounds)
    assert pairs(done) == {0: 0, 2: 1}
    assert done.unmatched_tracks.tolist() == [1]
    done = match_in_rounds(cost, 0.45, rounds)
    assert pairs(done) == {0: 1, 1: 0}


def test_newcomers_of_a_round_stand_before_what_is_left():
    done = match_in_rounds(np.ones((3, 2)), 0.5, [(index(0), index(0)), (index(1, 2), index(1))])
    assert pairs(done) == {}
    assert done.unmatched_tracks.tolist() == [1, 2, 0]
    assert done.unmatched_detections.tolist() == [1, 0]


def test_no_rounds_match_nothing():
    done = match_in_rounds(np.zeros((1, 1)), 0.5, [])
    assert [len(part) for part in done] == [0, 0, 0, 0]


def test_surplus_layers_are_matched_only_if_asked_for():
    # Track 0 in layer 0, detections in layers 1 and 2, all alike.
    released = match_by_layers(np.zeros((1, 2)), 1.0, index(0), index(1, 2))
    assert pairs(released) == {}  # only layer 0 is common
    assert released.unmatched_tracks.tolist() == [0]
    assert released.unmatched_detections.tolist() == [0, 1]
    done = match_by_layers(np.zeros((1, 2)), 1.0, index(0), index(1, 2), num_layers=3)
    assert pairs(done) == {0: 0}  # in the second round, before detection 1 comes in
    assert done.unmatched_detections.tolist() == [1]
