"""Filling gaps and smoothing, by hand and by the plain formula."""

import numpy as np
import pytest

from mmtrack_ext.association.detections import TrackedBoxes
from mmtrack_ext.association.interpolation import interpolate


def stream(num_frames, *tracks):
    """Frames of TrackedBoxes from tracks (id, {frame: box}); score and label tell the frame."""
    frames = []
    for frame in range(num_frames):
        rows = [(track_id, boxes[frame]) for track_id, boxes in tracks if frame in boxes]
        frames.append(
            TrackedBoxes(
                ids=np.array([track_id for track_id, _ in rows], np.int64),
                boxes=np.array([box for _, box in rows], np.float64).reshape(-1, 4),
                scores=np.full(len(rows), 0.5 + frame / 100),
                labels=np.full(len(rows), frame),
                detection_index=np.arange(10, 10 + len(rows)),
            )
        )
    return frames


def resting(frames, box):
    return dict.fromkeys(frames, box)


GAP = (7, {0: [0, 0, 10, 10], 4: [8, 4, 18, 16]})


def boxes_of(frames, track_id):
    return {
        frame: tracked.boxes[row].tolist()
        for frame, tracked in enumerate(frames)
        for row in np.flatnonzero(tracked.ids == track_id)
    }


def test_a_gap_by_hand():
    filled = interpolate(stream(6, GAP))
    assert boxes_of(filled, 7) == {
        0: [0, 0, 10, 10],
        1: [2, 1, 12, 11.5],
        2: [4, 2, 14, 13],
        3: [6, 3, 16, 14.5],
        4: [8, 4, 18, 16],
    }
    assert [tracked.detection_index.tolist() for tracked in filled] == [
        [10],
        [-1],
        [-1],
        [-1],
        [10],
        [],
    ]
    # score and label of the sighting before
    assert [tracked.scores.tolist() for tracked in filled[:5]] == [[0.5]] * 4 + [[0.54]]
    assert [tracked.labels.tolist() for tracked in filled[:5]] == [[0]] * 4 + [[4]]


@pytest.mark.parametrize(('max_gap', 'frames'), [(4, [0, 4]), (5, [0, 1, 2, 3, 4])])
def test_sightings_must_be_less_than_max_gap_apart(max_gap, frames):
    assert list(boxes_of(interpolate(stream(6, GAP), max_gap=max_gap), 7)) == frames


def test_short_gaps_are_filled_beside_long_ones():
    filled = interpolate(stream(12, (1, resting([0, 2, 8, 11], [0, 0, 1, 1]))), max_gap=4)
    assert list(boxes_of(filled, 1)) == [0, 1, 2, 8, 9, 10, 11]


@pytest.mark.parametrize(('min_length', 'ids'), [(2, [5, 7]), (3, [5]), (4, [])])
def test_min_length_counts_sightings(min_length, ids):
    three = (5, resting([1, 2, 3], [50, 50, 60, 60]))
    filled = interpolate(stream(6, GAP, three), min_length=min_length)
    found = np.concatenate([tracked.ids for tracked in filled])
    assert sorted(set(found.tolist())) == ids


def test_ids_are_kept_and_ascend_in_every_frame():
    early = (2, {0: [0, 0, 1, 1], 3: [3, 0, 4, 1]})
    late = (9, resting([1, 4], [0, 9, 1, 10]))
    filled = interpolate(stream(5, early, GAP, late))
    expected = [[2, 7], [2, 7, 9], [2, 7, 9], [2, 7, 9], [7, 9]]
    assert [tracked.ids.tolist() for tracked in filled] == expected
    assert boxes_of(filled, 2) == {frame: [frame, 0, frame + 1, 1] for frame in range(4)}
    assert boxes_of(filled, 9) == resting([1, 2, 3, 4], [0, 9, 1, 10])


def test_sightings_stay_to_the_last_digit():
    boxes = np.random.default_rng(0).uniform(0, 1000, (8, 4))
    seen = dict(zip([0, 1, 3, 6, 7, 11, 12, 13], boxes.tolist(), strict=True))
    filled = boxes_of(interpolate(stream(14, (1, seen))), 1)
    assert len(filled) == 14
    assert {frame: filled[frame] for frame in seen} == seen


def test_the_input_stays_as_it_is():
    frames = stream(6, GAP)
    interpolate(frames, 'gaussian')
    for tracked, expected in zip(frames, stream(6, GAP), strict=True):
        np.testing.assert_array_equal(tracked.boxes, expected.boxes)
        np.testing.assert_array_equal(tracked.detection_index, expected.detection_index)


def plain_gaussian_process(frames, values, tau):
    """Posterior mean at the frames themselves: K (K + 1e-10 I)^-1 y."""
    length = tau * np.log(tau**3 / len(frames))
    length = min(max(length, 1 / tau), tau**2)
    kernel = np.array([[np.exp(-((s - t) ** 2) / (2 * length**2)) for t in frames] for s in frames])
    return kernel @ np.linalg.solve(kernel + 1e-10 * np.eye(len(frames)), values)


@pytest.mark.parametrize('tau', [10.0, 6.0])
def test_gaussian_is_the_plain_formula(tau):
    rng = np.random.default_rng(1)
    seen = {frame: rng.normal([10, 20, 60, 90], 2).tolist() for frame in range(12)}
    smooth = boxes_of(interpolate(stream(12, (1, seen)), 'gaussian', smoothness=tau), 1)
    expected = plain_gaussian_process(list(range(12)), np.array(list(seen.values())), tau)
    np.testing.assert_allclose(list(smooth.values()), expected, atol=1e-3)
    # and it is no copy: of 12 free numbers the smooth kernel leaves fewer
    assert np.abs(np.array(list(smooth.values())) - list(seen.values())).max() > 0.5


def test_gaussian_leaves_a_track_longer_than_tau_cubed_alone():
    # 30 > 3^3: the length scale is 1 / 3 frame, so that boxes do not know of each other.
    rng = np.random.default_rng(3)
    seen = {frame: rng.normal([10, 20, 60, 90], 2).tolist() for frame in range(30)}
    smooth = boxes_of(interpolate(stream(30, (1, seen)), 'gaussian', smoothness=3), 1)
    np.testing.assert_allclose(list(smooth.values()), list(seen.values()), atol=1e-6)


def test_gaussian_smooths_each_track_by_itself_and_fills_gaps():
    rng = np.random.default_rng(2)
    frames = [0, 1, 2, 5, 6, 7, 8, 9]
    seen = {frame: rng.normal([10, 20, 60, 90], 2).tolist() for frame in frames}
    other = {frame: rng.normal([400, 20, 440, 90], 2).tolist() for frame in range(10)}
    linear = boxes_of(interpolate(stream(10, (1, seen))), 1)
    smooth = interpolate(stream(10, (1, seen), (2, other)), 'gaussian')
    expected = plain_gaussian_process(list(range(10)), np.array(list(linear.values())), 10.0)
    np.testing.assert_allclose(list(boxes_of(smooth, 1).values()), expected, atol=1e-3)
    assert [tracked.detection_index[0] for tracked in smooth] == [10, 10, 10, -1, -1] + [10] * 5


def test_gaussian_leaves_a_straight_line_straight():
    line = {f: [100 + 3 * f, 50 - f, 140 + 3 * f, 130 - f] for f in range(40) if f % 7}
    smooth = boxes_of(interpolate(stream(40, (1, line)), 'gaussian'), 1)
    assert list(smooth) == list(range(1, 40))
    for frame, box in smooth.items():
        expected = [100 + 3 * frame, 50 - frame, 140 + 3 * frame, 130 - frame]
        np.testing.assert_allclose(box, expected, atol=0.02)


@pytest.mark.parametrize('method', ['linear', 'gaussian'])
def test_no_tracks_at_all(method):
    assert interpolate([], method) == []
    empty = interpolate([TrackedBoxes.empty()] * 3, method)
    assert [len(tracked) for tracked in empty] == [0, 0, 0]
    dropped = interpolate(stream(6, GAP), method, min_length=3)
    assert [len(tracked) for tracked in dropped] == [0] * 6


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match=r"takes 'linear' or 'gaussian'\. Got 'cubic'"):
        interpolate([], 'cubic')


def test_long_track_is_not_smoothed_because_its_length_scale_is_a_tenth_of_a_frame():
    # tau 10, 2,000 boxes: 10 * log(1000 / 2000) is below 1 / 10, where the scale is clipped.
    rng = np.random.default_rng(0)
    boxes = np.array([0.0, 0, 50, 100]) + rng.normal(0, 1, (2000, 4))
    one = np.ones(1, np.int64)
    tracked = [TrackedBoxes(one, box[None], np.ones(1), one, one) for box in boxes]
    smoothed = interpolate(tracked, 'gaussian')
    assert np.concatenate([frame.boxes for frame in smoothed]).tolist() == boxes.tolist()
