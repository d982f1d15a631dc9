from __future__ import annotations

import numpy as np
import pytest

from mmtrack_ext.association.detections import Detections
from mmtrack_ext.association.trackers import NanoTracker, SparseTracker
from mmtrack_ext.testing.scenes import make_scene

OFF = dict(
    refind_min_iou=None, low_init_min_iou=None, duplicate_min_iou=None, depth_in_groups=False
)
BOX = (0, 0, 100, 200)


def frame_of(*rows, labels=None):
    """Rows of box and score."""
    boxes = np.array([box for box, _ in rows], float).reshape(-1, 4)
    return Detections(boxes, np.array([score for _, score in rows], float), labels)


def ids_of(tracker, frames):
    return [tracker.update(frame).ids.tolist() for frame in frames]


def detections_of_scene():
    scene = make_scene('x', num_walkers=30, num_frames=80, seed=5)
    table = scene.detections
    for frame in range(80):
        rows = table.frames == frame
        yield Detections(table.boxes[rows], table.scores[rows])


def test_all_four_switched_off_it_is_sparse_track():
    nano, sparse, whole = NanoTracker(**OFF), SparseTracker(), NanoTracker()
    differs = False
    for frame in detections_of_scene():
        one, other = nano.update(frame), sparse.update(frame)
        np.testing.assert_array_equal(one.ids, other.ids)
        np.testing.assert_array_equal(one.boxes, other.boxes)
        differs |= one.ids.tolist() != whole.update(frame).ids.tolist()
    assert one.ids.max() > 20
    assert differs  # the scene needs the four


# Refind High Detection


def test_a_fading_box_stays_high_while_it_stays_where_it_was():
    fading = [[(BOX, score)] for score in (0.9, 0.4, 0.35, 0.3)]
    tracker = NanoTracker(**OFF | {'refind_min_iou': 0.8})
    frames = [frame_of(*rows) for rows in fading]
    high = []
    for frame in frames:
        tracker.update(frame)
        high.append(len(tracker.last_high.boxes))
    assert high == [1, 1, 1, 1]  # promoted ones promote in the next frame


@pytest.mark.parametrize(('shift', 'promoted'), [(11, True), (12, False)])
def test_promotion_needs_the_overlap(shift, promoted):
    """IoU of boxes 100 wide shifted by 11 is 89 / 111 = .802, by 12 is 88 / 112 = .786."""
    tracker = NanoTracker()
    low = frame_of(((shift, 0, 100 + shift, 200), 0.4))
    ids_of(tracker, [frame_of((BOX, 0.9)), low])
    assert (len(tracker.last_high.boxes), len(tracker.last_low.boxes)) == (promoted, not promoted)


def test_a_refound_box_is_matched_by_the_loose_rule_of_high_ones():
    """Who walks 30 pixels a frame and stops is predicted 30 too far: IoU 70 / 130 = .54.

    That is too little for a low box (.6), and .54 * .42 = .23 is enough for a high one (.2).
    """
    walk = [frame_of(((30 * frame, 0, 100 + 30 * frame, 200), 0.9)) for frame in range(12)]
    stop = frame_of(((330, 0, 430, 200), 0.42))
    assert ids_of(NanoTracker(), [*walk, stop])[-1] == [1]
    assert ids_of(NanoTracker(refind_min_iou=None), [*walk, stop])[-1] == []


def test_an_overlap_exactly_at_the_limit_counts_as_released():
    """100 x 80 in 100 x 100: the released program asks whether 1 - 0.8 < 0.2, which it is."""
    frames = [frame_of(((0, 0, 100, 100), 0.9)), frame_of(((0, 0, 100, 80), 0.3))]
    for compat, high in ((False, 0), (True, 1)):
        tracker = NanoTracker(compat_released=compat)
        ids_of(tracker, frames)
        assert len(tracker.last_high.boxes) == high


# Low-score initialisation


def test_two_still_low_boxes_start_a_track_that_the_third_confirms():
    still = [frame_of((BOX, 0.4))] * 4
    first_frame = frame_of(((900, 0, 940, 100), 0.9))  # so that BOX does not start in frame 1
    ids = ids_of(NanoTracker(), [first_frame, *still])
    assert ids == [[1], [], [], [2], [2]]
    assert ids_of(NanoTracker(low_init_min_iou=None), [first_frame, *still])[1:] == [[]] * 4


def test_a_low_box_that_moves_a_pixel_starts_none():
    # 100 x 200 shifted by one: IoU 99 / 101 = .980
    moving = [frame_of(((shift, 0, 100 + shift, 200), 0.4)) for shift in range(8)]
    assert ids_of(NanoTracker(), moving) == [[]] * 8
    assert ids_of(NanoTracker(low_init_min_iou=0.97), moving)[-1] != []


# Duplicate Track Checking


@pytest.mark.parametrize(('shift', 'blocked'), [(53, True), (54, False)])
def test_what_overlaps_a_track_starts_none(shift, blocked):
    """IoU of boxes 100 wide shifted by 53 is 47 / 153 = .307, by 54 is 46 / 154 = .299."""
    other = (shift, 0, 100 + shift, 200)
    frames = [frame_of((BOX, 0.9))] + [frame_of((BOX, 0.9), (other, 0.9))] * 3
    ids = ids_of(NanoTracker(), frames)[-1]
    assert ids == ([1] if blocked else [1, 2])
    assert ids_of(NanoTracker(duplicate_min_iou=None), frames)[-1] == [1, 2]


def test_two_that_appear_together_both_start():
    pair = [(BOX, 0.9), ((20, 0, 120, 200), 0.9)]
    frames = [frame_of(((900, 0, 940, 100), 0.9)), frame_of(*pair), frame_of(*pair)]
    assert ids_of(NanoTracker(), frames)[-1] == [2, 3]


def test_a_track_removed_in_this_frame_still_blocks():
    """A new track seen once leaves at its first miss; what lies there starts a frame later."""
    away = (900, 0, 940, 100)
    small = (0, 0, 100, 70)  # IoU .35 with BOX: above .3, but no match (1 - .35 * .8 > .7)
    frames = [frame_of((away, 0.9)), frame_of((away, 0.9), (BOX, 0.9))]
    frames += [frame_of((away, 0.9), (small, 0.8))] * 3
    assert ids_of(NanoTracker(), frames) == [[1], [1], [1], [1], [1, 3]]


# Depth inside groups


def test_who_stands_alone_does_not_wait():
    """Over the whole image the far track is in a layer that the one low box does not have."""
    near, far = (0, 0, 40, 300), (500, 0, 540, 100)
    frames = [*[frame_of((near, 0.9), (far, 0.9))] * 2, frame_of((far, 0.3))]
    no_promotion = {'refind_min_iou': None}
    assert ids_of(NanoTracker(**no_promotion), frames)[-1] == [2]
    assert ids_of(NanoTracker(**no_promotion, depth_in_groups=False), frames)[-1] == []


# Equality, classes, camera


def test_score_at_the_limit_is_high_unless_as_released():
    frames = [frame_of((BOX, 0.45))]
    assert ids_of(NanoTracker(), frames) == [[1]]
    assert ids_of(NanoTracker(compat_released=True), frames) == [[]]


def test_classes_do_not_block_each_other():
    frame = frame_of((BOX, 0.9), ((20, 0, 120, 200), 0.9), labels=[0, 1])
    first = frame_of((BOX, 0.9), labels=[0])
    assert ids_of(NanoTracker(), [first, frame, frame])[-1] == [1]
    assert ids_of(NanoTracker(class_aware=True), [first, frame, frame])[-1] == [1, 2]


def test_boxes_of_the_last_frame_move_with_the_camera():
    """A low box that stands still in the world starts a track although the camera pans."""
    pan = np.array([[1, 0, 30], [0, 1, 0]])  # things move 30 pixels to the right
    frames = [frame_of(((30 * t, 0, 100 + 30 * t, 200), 0.4)) for t in range(5)]
    first = frame_of(((900, 0, 940, 100), 0.9))
    followed, plain = NanoTracker(), NanoTracker()
    ids_of(followed, [first])
    tracked = [followed.update(frame, camera_motion=pan).ids.tolist() for frame in frames]
    assert tracked == [[], [], [2], [2], [2]]
    assert ids_of(plain, [first, *frames])[1:] == [[]] * 5


@pytest.mark.parametrize('name', ['refind_min_iou', 'low_init_min_iou', 'duplicate_min_iou'])
def test_limits_are_checked(name):
    with pytest.raises(ValueError, match=f"'{name}' parameter of NanoTracker .* or None"):
        NanoTracker(**{name: 1.5})
