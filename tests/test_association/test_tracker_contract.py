"""What every tracker promises, in every form. New trackers join through TRACKER_CLASSES.

Inputs are made by hypothesis, or by seeds where a promise is about long or big input.
"""

import inspect
import pickle
import runpy
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mmtrack_ext.association.boxes import iou
from mmtrack_ext.association.detections import Detections, TrackedBoxes
from mmtrack_ext.association.trackers import TRACKER_CLASSES, build_tracker
from mmtrack_ext.testing.tracker_forms import TRACKER_FORMS


def of_type(*types):
    return {name for name, config in TRACKER_FORMS.items() if config['type'] in types}


# Where a published rule contradicts a promise. The tests assert the rule there.
STANDS_STILL = {'DeepSORT, paddle', 'QDTrack, released'}  # no track goes in frames of no detections
ONE_PIXEL_MORE = {'DeepSORT, paddle'}  # boxes are tracked one pixel wider and higher
AVERAGES_SCORES = of_type('QuasiDenseTAOTracker')  # half the new one, half the one reported last
# Who knows things by appearance alone may give a new one the id of a lost one that looks alike.
TAKES_LOOK_ALIKES = of_type('QuasiDenseTracker', 'QuasiDenseTAOTracker')

# Appearance is no part of these; DeepSORT does without where there is none.
IGNORES_EMBEDDINGS = of_type('SORTTracker', 'ByteTracker', 'SparseTracker', 'NanoTracker') - {
    name for name, config in TRACKER_FORMS.items() if 'max_appearance_cost' in config
}
IGNORES_EMBEDDINGS.add('JointTrack, CenterTrack')
NEEDS_EMBEDDINGS = TRACKER_FORMS.keys() - IGNORES_EMBEDDINGS - of_type('DeepSORTTracker')

# Forms that hold other things than their tracker as it comes, or hold them for another time.
REMEMBERS_OTHERWISE = ('ByteTrack, appearance', 'QDTrack, released', 'JointTrack, released')

BY_TRACKER = pytest.mark.parametrize('name', TRACKER_CLASSES)
BY_CONFIG = pytest.mark.parametrize('name', TRACKER_FORMS)
FEW = settings(deadline=None, max_examples=10, derandomize=True)
COLUMNS = ('ids', 'boxes', 'scores', 'labels', 'detection_index')
INPUTS = ('boxes', 'scores', 'labels', 'embeddings', 'displacements')
CHANNELS = 32


def new(name, **arguments):
    return build_tracker(TRACKER_FORMS[name] | arguments)


# Scenes. They carry every optional column, so that each tracker finds what it needs.


def embeddings_of(rng, count):
    """One direction a thing, long enough for a softmax over thousands."""
    vectors = rng.normal(size=(count, CHANNELS))
    return 30 * vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def scene(seed=0, *, num_frames=25, num_objects=7, spacing=45.0, shift=(0.0, 0.0), scale=1.0):
    """Things 40 x 80 with a speed, a class, a score and an appearance each; some frames are missed.

    With the default spacing they overlap and pass each other, with 200 they stay apart.
    """
    rng = np.random.default_rng(seed)
    shape = (num_objects, 2)
    start = spacing * np.arange(num_objects)[:, None] * [1, 0.2] + rng.normal(0, 3, shape)
    velocity, sizes = rng.normal(0, 2, shape), rng.uniform(0.9, 1.1, shape)
    embeddings, labels = embeddings_of(rng, num_objects), rng.integers(0, 2, num_objects)
    scores = rng.uniform(0.72, 0.98, num_objects)
    frames = []
    for frame in range(num_frames):
        centers = start + frame * velocity + rng.normal(0, 0.5, shape)
        halves = sizes * [20, 40]
        boxes = scale * np.hstack([centers - halves, centers + halves]) + np.tile(shift, 2)
        seen = rng.permutation(np.flatnonzero(rng.uniform(size=num_objects) > 0.1))
        columns = (boxes, scores, labels, embeddings, -scale * velocity)
        frames.append(Detections(*(column[seen] for column in columns)))
    return frames


def noisy_scene(seed=0):
    """A scene with scores that change, and false alarms."""
    rng = np.random.default_rng(seed + 1000)
    frames = []
    for detections in scene(seed):
        count = rng.integers(0, 4)
        corners = rng.uniform(0, 300, (count, 2))
        extra = {
            'boxes': np.hstack([corners, corners + rng.uniform(20, 90, (count, 2))]),
            'scores': np.empty(count),
            'labels': rng.integers(0, 2, count),
            'embeddings': embeddings_of(rng, count),
            'displacements': rng.normal(0, 2, (count, 2)),
        }
        columns = {n: np.concatenate([getattr(detections, n), extra[n]]) for n in INPUTS}
        columns['scores'] = rng.uniform(0.05, 1, len(columns['boxes']))
        frames.append(Detections(**columns))
    return frames


def frame_of(boxes, scores=0.95, seed=0):
    """A frame of given boxes, each with the appearance of its row."""
    boxes = np.array(boxes, np.float64).reshape(-1, 4)
    return Detections(
        boxes,
        np.full(len(boxes), scores),
        np.zeros(len(boxes), np.int64),
        embeddings_of(np.random.default_rng(seed), len(boxes)),
        np.zeros((len(boxes), 2)),
    )


IMAGE = (120, 90)  # which about half of the boxes of ``walks`` and ``streams`` leave
number = st.integers(-100, 400).map(lambda value: value / 2)
length = st.sampled_from([0, 0.5, 10, 20, 20, 40, 40, 300])
score = st.sampled_from([0, 0.1, 0.3, 0.45, 0.6, 0.7, 0.8, 0.9, 0.95, 1])
detection = st.tuples(number, number, length, length, score, st.integers(0, 2))


@st.composite
def streams(draw, scales=(1,), shifts=(0,)):
    """Frames of few boxes: none, equal ones, boxes without area, big ones, boxes outside."""
    frames = draw(st.lists(st.lists(detection, max_size=5), max_size=8))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    scale, shift = draw(st.sampled_from(scales)), draw(st.sampled_from(shifts))
    stream = []
    for rows in frames:
        x, y, width, height, scores, labels = np.array(rows, np.float64).reshape(-1, 6).T
        boxes = scale * np.stack([x, y, x + width, y + height], axis=1) + shift
        extra = embeddings_of(rng, len(rows)), rng.normal(0, 5, (len(rows), 2))
        stream.append(Detections(boxes, scores, labels.astype(np.int64), *extra))
    return stream


# In pixels: near an image, and almost as far away as ``Detections`` allows.
place = st.one_of(st.integers(-3000, 3000), st.sampled_from([-9e8, -1e6, 1e6, 9e8]))
side = st.one_of(st.integers(3, 3000), st.sampled_from([1e5]))


# First and last frame, place and speed, score and class.
walker = st.tuples(
    st.integers(0, 5),
    st.integers(4, 12),
    st.integers(0, 150),
    st.integers(0, 60),
    st.integers(-8, 8),
    st.integers(-3, 3),
    score,
    st.integers(0, 1),
)


@st.composite
def walks(draw, num_frames=12):
    """Things that come, cross and go, and an order of the rows of each frame.

    All numbers have some noise, so that no two scores or costs are equal.
    """
    things = np.array(draw(st.lists(walker, min_size=1, max_size=6)), np.float64)
    turns = [np.array(draw(st.permutations(range(len(things))))) for _ in range(3)]
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    looks, frames, orders = embeddings_of(rng, len(things)), [], []
    for frame in range(num_frames):
        seen = ((things[:, 0] <= frame) & (frame <= things[:, 1])).nonzero()[0]
        place, speed, scores, labels = np.split(things[seen, 2:], [2, 4, 5], axis=1)
        noise = rng.normal(0, 1, (len(seen), 4 + CHANNELS))
        corners = place + frame * speed + 0.3 * noise[:, :2]
        boxes = np.hstack([corners, corners + [30, 60] + noise[:, 2:4]])
        scores = scores[:, 0] + rng.uniform(-0.04, 0.04, len(seen))
        seen_looks = looks[seen] + 0.5 * noise[:, 4:]
        frames.append(Detections(boxes, scores, labels[:, 0], seen_looks, -speed))
        orders.append(np.argsort(turns[frame % 3][seen]))
    return frames, orders


# Checks


def run(tracker, frames):
    return [tracker.update(frame) for frame in frames]


def run_checked(tracker, frames):
    """The same; also every row is as promised, and no id comes back once its track is gone."""
    results, alive, highest = [], set(), 0
    for frame in frames:
        results.append(tracker.update(frame))
        check_frame(frame, results[-1])
        ids = tracker.tracks.ids.tolist()
        assert len(set(ids)) == len(ids)
        assert set(results[-1].ids.tolist()) <= set(ids)
        assert all(track_id > highest for track_id in set(ids) - alive)
        alive, highest = set(ids), max([highest, *ids])
    return results


def check_frame(detections, tracked):
    """Row types, ids ascending, boxes that are boxes, an index into the input."""
    assert isinstance(tracked, TrackedBoxes)
    types_of_columns = [getattr(tracked, column).dtype for column in COLUMNS]
    assert types_of_columns == [np.int64, np.float64, np.float64, np.int64, np.int64]
    assert tracked.boxes.shape == (len(tracked), 4)
    assert {len(getattr(tracked, column)) for column in COLUMNS} == {len(tracked)}
    assert (np.diff(tracked.ids, prepend=0) > 0).all()
    assert np.isfinite(tracked.boxes).all()
    assert (tracked.boxes[:, :2] < tracked.boxes[:, 2:]).all()
    matched = tracked.detection_index[tracked.detection_index != -1]
    assert ((matched >= 0) & (matched < len(detections))).all()
    assert len(np.unique(matched)) == len(matched)


def assert_equal(results, expected):
    for one, other in zip(results, expected, strict=True):
        for column in COLUMNS:
            np.testing.assert_array_equal(getattr(one, column), getattr(other, column))


def partition(results, rows_of=None):
    """The set of tracks, each the set of its (frame, row of the detection)."""
    tracks = {}
    for frame, tracked in enumerate(results):
        for track_id, row in zip(tracked.ids, tracked.detection_index, strict=True):
            original = row if rows_of is None or row < 0 else rows_of[frame][row]
            tracks.setdefault(track_id, set()).add((frame, int(original)))
    return {frozenset(track) for track in tracks.values()}


# Any input


@BY_CONFIG
@settings(deadline=None, max_examples=20, derandomize=True)
@given(frames=streams(scales=(1, 1, 1e-3, 1e6), shifts=(0, 0, -1e7, 1e7)))
def test_any_stream(name, frames):
    copies = [[getattr(frame, column).copy() for column in INPUTS] for frame in frames]
    tracker = new(name)
    results = run_checked(tracker, frames)
    for frame, copy in zip(frames, copies, strict=True):
        for column, values in zip(INPUTS, copy, strict=True):
            np.testing.assert_array_equal(getattr(frame, column), values)
    tracker.reset()
    assert_equal(run(tracker, frames), results)


@BY_CONFIG
def test_same_input_same_output_and_reset_equals_new(name):
    frames = noisy_scene(1)
    tracker = new(name)
    results = run_checked(tracker, frames)
    assert sum(map(len, results)) > 20  # something was tracked
    assert_equal(run(new(name), frames), results)
    run(tracker, noisy_scene(50))
    tracker.reset()
    assert_equal(run(tracker, frames), results)


@BY_CONFIG
def test_writeable_input_stays_as_it_is(name):
    tracker = new(name, clip_to=(250, 120), truncate_boxes=True)
    for frame in noisy_scene(1):
        arrays = [getattr(frame, column).copy() for column in INPUTS]
        tracker.update(Detections(*arrays))
        for column, values in zip(INPUTS, arrays, strict=True):
            assert values.flags.writeable
            np.testing.assert_array_equal(values, getattr(frame, column))


@BY_CONFIG
def test_results_belong_to_the_caller(name):
    frames = noisy_scene(2)
    expected = run(new(name), frames)
    tracker, kept = new(name), []
    for frame in frames:
        tracked = tracker.update(frame)
        kept.append(TrackedBoxes(*(getattr(tracked, column).copy() for column in COLUMNS)))
        for column in COLUMNS:
            getattr(tracked, column)[:] = -7  # must not reach the tracker
    assert_equal(kept, expected)
    results = run(new(name), frames)  # and later frames do not change earlier ones
    assert_equal(results, kept)


@BY_CONFIG
def test_an_identity_camera_motion_changes_nothing(name):
    frames = scene(4)
    tracker = new(name)
    moved = [tracker.update(frame, camera_motion=np.eye(2, 3)) for frame in frames]
    for one, other in zip(moved, run(new(name), frames), strict=True):
        np.testing.assert_array_equal(one.ids, other.ids)
        np.testing.assert_array_equal(one.detection_index, other.detection_index)
        np.testing.assert_allclose(one.boxes, other.boxes, atol=1e-6)


# What is refused changes nothing


GOOD = np.array([[1.0, 0.02, 30.0], [-0.02, 1.0, -20.0]])  # a camera motion that moves every track
NAN = np.array([[1.0, 0.0, np.nan], [0.0, 1.0, 0.0]])


def without_embeddings(frame):
    return replace(frame, embeddings=None)


def with_shorter_embeddings(frame):
    return replace(frame, embeddings=frame.embeddings[:, 5:])


def assert_refused(name, bad, warp, *, start, error=ValueError, match):
    """``update`` raises after ``start`` frames, again and again, and the tracker stays the same."""
    frames = noisy_scene(3)
    tracker, twin = new(name), new(name)
    assert_equal(run(tracker, frames[:start]), run(twin, frames[:start]))
    for _ in range(3):
        with pytest.raises(error, match=match):
            tracker.update(bad(frames[start]), camera_motion=warp)
        assert tracker.frame == twin.frame
    results = run(tracker, frames[start:])
    assert_equal(results, run(twin, frames[start:]))
    assert sum(map(len, results)) > 10


@BY_CONFIG
@pytest.mark.parametrize(('warp', 'start'), [(NAN, 0), (np.eye(3), 1), (NAN, 12)])
def test_a_bad_camera_motion_is_refused(name, warp, start):
    assert_refused(name, lambda frame: frame, warp, start=start, match="'camera_motion' must be")


@BY_CONFIG
def test_what_is_no_detections_is_refused(name):
    match = r'update takes Detections\(boxes, scores\)'
    assert_refused(name, lambda frame: frame.boxes, GOOD, start=12, error=TypeError, match=match)


@pytest.mark.parametrize('name', sorted(NEEDS_EMBEDDINGS))
@pytest.mark.parametrize('start', [0, 1, 12])
def test_missing_embeddings_are_refused(name, start):
    match = f'{TRACKER_FORMS[name]["type"]} needs detections with embeddings'
    assert_refused(name, without_embeddings, GOOD, start=start, match=match)


@pytest.mark.parametrize('name', sorted(TRACKER_FORMS.keys() - IGNORES_EMBEDDINGS))
@pytest.mark.parametrize('start', [1, 12])  # the first frame says how long they are
def test_embeddings_of_another_length_are_refused(name, start):
    match = '27 .*32.*reset'
    assert_refused(name, with_shorter_embeddings, GOOD, start=start, match=match)


@pytest.mark.parametrize('name', sorted(IGNORES_EMBEDDINGS))
def test_embeddings_are_not_looked_at(name):
    frames = noisy_scene(3)
    expected = run(new(name), frames)
    assert_equal(run(new(name), map(without_embeddings, frames)), expected)
    mixed = [with_shorter_embeddings(f) if i % 3 else f for i, f in enumerate(frames)]
    assert_equal(run(new(name), mixed), expected)


@BY_CONFIG
def test_a_frame_without_rows_needs_no_embeddings(name):
    frames = noisy_scene(3)
    for nothing in (Detections.empty(), replace(frame_of([]), embeddings=np.empty((0, 5)))):
        results = []
        for empty in (nothing, frame_of([])):
            mixed = [empty if i in (0, 7, 8) else frame for i, frame in enumerate(frames)]
            results.append(run(new(name), mixed))
        assert_equal(*results)


@BY_TRACKER
@pytest.mark.parametrize('column', ['boxes', 'scores', 'labels', 'embeddings', 'displacements'])
def test_nan_never_reaches_a_tracker(name, column):
    tracker, frames = new(name), scene(3)
    columns = {n: np.array(getattr(frames[1], n), np.float64) for n in INPUTS}
    columns[column][2] = np.nan
    tracker.update(frames[0])
    with pytest.raises(ValueError, match=rf"'{column}' column .* Row 2 is "):
        tracker.update(Detections(**columns))
    assert_equal(run(tracker, frames[1:]), run(new(name), frames)[1:])


# Special frames


@BY_CONFIG
def test_empty_frames(name):
    box, nothing = [100, 100, 140, 180], frame_of([])
    tracker = new(name)
    start = run(tracker, [Detections.empty(), nothing, Detections.empty()])
    assert [len(tracked) for tracked in start] == [0, 0, 0]
    seen = run(tracker, [frame_of([box])] * 8)[-1]
    assert seen.ids.tolist() == [1]
    results = run_checked(tracker, [Detections.empty(), nothing] * 200)  # no track lives so long
    assert all((tracked.detection_index == -1).all() for tracked in results)
    assert len(results[-1]) == 0
    assert len(tracker.tracks) == (name in STANDS_STILL)
    again = run(tracker, [frame_of([box])] * 8)[-1]
    assert again.ids.tolist() == [1 if name in STANDS_STILL else 2]


@BY_CONFIG
@FEW
@given(place=st.tuples(place, place), size=st.tuples(side, side), speed=st.integers(-3, 3))
def test_one_box(name, place, size, speed):
    """Wherever it is and however big, at a speed of up to 3 % of its width a frame."""
    first = np.hstack([place, np.add(place, size)])
    step = np.array([0.01 * speed * size[0], 0])
    boxes = [first + i * np.tile(step, 2) for i in range(12)]
    frames = [replace(frame_of([box]), displacements=-step[None]) for box in boxes]
    results = run_checked(new(name), frames)
    assert {int(track_id) for tracked in results for track_id in tracked.ids} == {1}
    more = np.array([0, 0, 1, 1]) * (name in ONE_PIXEL_MORE)
    for box, tracked in zip(boxes[4:], results[4:], strict=True):
        assert tracked.detection_index.tolist() == [0]
        assert tracked.scores.tolist() == [pytest.approx(0.95)]
        error = (tracked.boxes - box - more) / np.tile(size, 2)
        assert (abs(error) < 0.05).all()


@BY_CONFIG
@FEW
@given(place=st.tuples(place, place), count=st.integers(2, 7), same_looks=st.booleans())
def test_identical_boxes(name, place, count, same_looks):
    box = np.hstack([place, np.add(place, (40, 80))])
    frame = frame_of([box] * count)
    if same_looks:
        frame = replace(frame, embeddings=frame.embeddings[[0] * count])
    results = run_checked(new(name), [frame] * 8)
    assert 1 <= len(results[-1]) <= count
    more = np.array([0, 0, 1, 1]) * (name in ONE_PIXEL_MORE)
    expected = np.tile(box + more, (len(results[-1]), 1))
    np.testing.assert_allclose(results[-1].boxes, expected, atol=1e-6)


@BY_CONFIG
@FEW
@given(walk=walks())
def test_boxes_without_area_are_not_tracked(name, walk):
    frames, orders = walk
    flat = frame_of([[50, 20, 50, 20], [50, 20, 50, 100], [50, 20, 90, 20]])
    results = []
    for frame, order in zip(frames, orders, strict=True):
        count = len(order) // 2  # flat ones go in after so many rows
        parts = frame[:count], flat, frame[count:]
        columns = (np.concatenate([getattr(part, c) for part in parts]) for c in INPUTS)
        results.append((count, Detections(*columns)))
    tracked = run_checked(new(name), [detections for _, detections in results])
    for (count, _), one, other in zip(results, tracked, run(new(name), frames), strict=True):
        np.testing.assert_array_equal(one.ids, other.ids)
        np.testing.assert_array_equal(one.boxes, other.boxes)
        index = other.detection_index + 3 * (other.detection_index >= count)
        np.testing.assert_array_equal(one.detection_index, index)


@BY_CONFIG
@FEW
@given(
    shares=st.lists(st.integers(1, 99), min_size=3, max_size=7),
    sides=st.sampled_from([(1, 0), (0, 1), (1, 1)]),
)
@example(shares=[84, 52, 14], sides=(1, 0))
@example(shares=[81, 63, 35, 15], sides=(1, 1))
def test_things_that_leave_the_image(name, shares, sides):
    """They shrink to nothing, and a filter expects them to shrink further; another stays."""
    still = frame_of([[20, 20, 40, 60]], scores=0.3)
    frames = [still] * 3
    for share in sorted(shares, reverse=True):
        width, height = 100 * (share / 100) ** np.array(sides)
        both = frame_of([[20, 20, 40, 60], [300 - width, 200 - height, 300, 200]])
        frames.append(replace(both, scores=[0.3, 0.95]))
    run_checked(new(name), frames + [still] * 4)


@BY_CONFIG
@FEW
@given(walk=walks())
def test_boxes_outside_the_image(name, walk):
    """``clip_to`` is as if the detector had clipped, and what is wholly outside is not there."""
    frames, _ = walk
    inside = [replace(f, boxes=np.clip(f.boxes, 0, np.tile(IMAGE, 2))) for f in frames]
    results = run_checked(new(name, clip_to=IMAGE), frames)
    assert_equal(results, run(new(name), inside))
    for frame, tracked in zip(frames, results, strict=True):
        boxes = frame.boxes[tracked.detection_index[tracked.detection_index >= 0]]
        assert (boxes[:, :2] < IMAGE).all()
        assert (boxes[:, 2:] > 0).all()


@BY_CONFIG
@pytest.mark.parametrize('shift', [(-5000, -3000), (1e6, -1e6)])
def test_it_does_not_matter_where_the_image_is(name, shift):
    here = run(new(name), scene(6))
    there = run(new(name), scene(6, shift=shift))
    for one, other in zip(here, there, strict=True):
        np.testing.assert_array_equal(one.ids, other.ids)
        np.testing.assert_array_equal(one.detection_index, other.detection_index)
        np.testing.assert_allclose(one.boxes + np.tile(shift, 2), other.boxes, atol=1e-4)


@BY_CONFIG
def test_huge_boxes(name):
    frames = scene(7, scale=1e4, shift=(1e6, 1e6), spacing=200)
    results = run(new(name), frames)
    for frame, tracked in zip(frames, results, strict=True):
        check_frame(frame, tracked)
    assert sum(map(len, results)) > 50
    matched = results[-1].detection_index >= 0
    boxes = frames[-1].boxes[results[-1].detection_index[matched]]
    assert (np.diag(iou(results[-1].boxes[matched], boxes)) > 0.7).all()


@BY_CONFIG
def test_two_thousand_boxes(name):
    rng = np.random.default_rng(8)
    column, row = (axis.ravel() for axis in np.meshgrid(np.arange(50), np.arange(40)))
    corners = np.stack([60 * column, 120 * row], axis=1) + rng.uniform(0, 10, (2000, 2))
    appearance, motion = embeddings_of(rng, 2000), np.tile([-1.0, 0.0], (2000, 1))
    tracker, things = new(name), []
    for frame in range(4):
        order = rng.permutation(2000)
        boxes = np.hstack([corners, corners + np.array([40, 80])]) + np.array([frame, 0, frame, 0])
        columns = (boxes, np.full(2000, 0.95), np.zeros(2000, np.int64), appearance, motion)
        tracked = tracker.update(Detections(*(values[order] for values in columns)))
        things.append(order[tracked.detection_index])
    # All are reported, and every id stands for the thing it stood for in the frame before.
    assert tracked.ids.tolist() == list(range(1, 2001))
    assert sorted(things[-1].tolist()) == list(range(2000))
    np.testing.assert_array_equal(things[-1], things[-2])
    np.testing.assert_allclose(tracked.boxes, boxes[things[-1]], atol=1.5)


# Relations


@BY_CONFIG
def test_boxes_belong_to_their_detections(name):
    frames = scene(9, spacing=200)
    tracker = new(name)
    results = run(tracker, frames)
    assert sum(map(len, results)) > 50
    last = {}
    for frame, tracked in zip(frames, results, strict=True):
        own = tracked[tracked.detection_index >= 0]
        boxes = frame.boxes[own.detection_index]
        np.testing.assert_array_equal(own.labels, frame.labels[own.detection_index])
        scores = frame.scores[own.detection_index]
        if name in AVERAGES_SCORES:
            scores = [(s + last.get(i, s)) / 2 for i, s in zip(own.ids, scores, strict=True)]
            last.update(zip(own.ids, scores, strict=True))
        np.testing.assert_allclose(own.scores, scores, rtol=1e-12)
        if tracker.space is None:
            np.testing.assert_array_equal(own.boxes, boxes)
        else:
            assert (np.diag(iou(own.boxes, boxes)) > 0.8).all()


def assert_order_does_not_matter(name, frames, orders):
    results = run(new(name), frames)
    permuted = [frame[order] for frame, order in zip(frames, orders, strict=True)]
    assert partition(run(new(name), permuted), orders) == partition(results)


@BY_CONFIG
@settings(deadline=None, max_examples=20, derandomize=True)
@given(walk=walks())
def test_the_order_of_the_detections_does_not_matter(name, walk):
    assert_order_does_not_matter(name, *walk)


@BY_CONFIG
@pytest.mark.parametrize('seed', range(2))
def test_the_order_does_not_matter_in_a_crowd(name, seed):
    rng = np.random.default_rng(seed)
    frames = noisy_scene(seed)
    assert_order_does_not_matter(name, frames, [rng.permutation(len(f)) for f in frames])


# Memory


@BY_CONFIG
def test_pickled_tracker_goes_on_where_it_was(name):
    frames = noisy_scene(4)
    tracker = new(name)
    run(tracker, frames[:10])
    copy = pickle.loads(pickle.dumps(tracker))
    assert_equal(run(copy, frames[10:]), run(tracker, frames[10:]))


@pytest.fixture(scope='module')
def tool(root):
    """Its functions; it does the same over 200,000 frames."""
    return runpy.run_path(str(root / 'tools' / 'analysis' / 'check_memory.py'))


@pytest.mark.parametrize('name', [*TRACKER_CLASSES, *REMEMBERS_OTHERWISE])
def test_memory_is_flat(name, tool):
    found = tool['measure'](new(name), 5000)
    assert tool['growth'](found.snapshots) == []
    assert [snapshot.frame for snapshot in found.snapshots] == [1250, 2500, 5000]
    # 20 x 30 things came and went; who goes by appearance may have found a lost one in some.
    assert found.num_ids > (360 if name in TAKES_LOOK_ALIKES else 600)


# Construction


def keyword_arguments(name):
    """Every constructor argument with its default, from the tracker up to the base."""
    found = {}
    for parent in TRACKER_CLASSES[name].__mro__[:-1]:
        for argument in inspect.signature(parent).parameters.values():
            if argument.kind is argument.KEYWORD_ONLY:
                found.setdefault(argument.name, argument.default)
    return found


def another(argument, default):
    """A value that differs from the default and is as valid."""
    special = {'clip_to': [640, 480], 'max_aspect_ratio': 1.6, 'output_max_aspect_ratio': 1.6}
    if argument in special:
        return special[argument]
    if isinstance(default, bool):
        return not default
    if isinstance(default, int):
        return default + 1
    return default / 2 if isinstance(default, float) else default


@BY_TRACKER
def test_defaults_are_stored_under_their_names(name):
    tracker = TRACKER_CLASSES[name]()
    arguments = keyword_arguments(name)
    assert {'max_age', 'min_score', 'frame_rate', 'compat_released'} <= arguments.keys()
    for argument, default in arguments.items():
        assert default is not inspect.Parameter.empty
        assert getattr(tracker, argument) is default


@BY_TRACKER
def test_arguments_are_stored_unchanged_under_their_names(name):
    arguments = {key: another(key, default) for key, default in keyword_arguments(name).items()}
    tracker = TRACKER_CLASSES[name](**arguments)
    run(tracker, scene())
    tracker.reset()
    for argument, value in arguments.items():
        assert getattr(tracker, argument) is value


@BY_TRACKER
def test_arguments_are_keywords(name):
    with pytest.raises(TypeError, match='positional argument'):
        TRACKER_CLASSES[name](30)


@BY_TRACKER
def test_build(name):
    config = {'type': name, 'max_age': 17, 'class_aware': True}
    tracker = build_tracker(config)
    assert type(tracker) is TRACKER_CLASSES[name]
    assert tracker.max_age == 17
    assert tracker.class_aware is True
    assert config == {'type': name, 'max_age': 17, 'class_aware': True}
    assert type(build_tracker({'type': f'mmtrack_ext.{name}'})) is TRACKER_CLASSES[name]


@BY_TRACKER
def test_build_takes_every_argument(name):
    arguments = {key: another(key, default) for key, default in keyword_arguments(name).items()}
    tracker = build_tracker({'type': name, **arguments})
    assert {key: getattr(tracker, key) for key in arguments} == arguments


@BY_TRACKER
def test_arguments_per_sequence(name):
    config = {'type': name, 'max_age': 17, 'min_score': 0.2}
    config['per_sequence'] = {'MOT17-05-FRCNN': {'max_age': 14}, 'other': {'frame_rate': 14}}
    there = build_tracker(config, sequence='MOT17-05-FRCNN')
    assert (there.max_age, there.min_score, there.frame_rate) == (14, 0.2, 30)
    for sequence in (None, 'MOT17-02-FRCNN'):
        assert build_tracker(config, sequence=sequence).max_age == 17
    assert config['per_sequence']['MOT17-05-FRCNN'] == {'max_age': 14}


@BY_TRACKER
@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({'max_aeg': 3}, r"{name} has no argument 'max_aeg'\. Did you mean 'max_age'\?"),
        ({'class_awre': True}, r"no argument 'class_awre'\. Did you mean 'class_aware'\?"),
        ({'qqqqqq': 3}, r"{name} has no argument 'qqqqqq'\. Known are: .*\bmax_age\b.*min_score"),
        ({'max_age': -1}, r"'max_age' parameter of {name} must be an int >= 0\. Got -1 instead"),
        ({'per_sequence': {'a': {'max_aeg': 3}}}, r"{name} has no argument 'max_aeg'"),
    ],
)
def test_wrong_arguments_are_named(name, arguments, message):
    with pytest.raises(ValueError, match=message.replace('{name}', name)):
        build_tracker({'type': name, **arguments}, sequence='a')


@BY_TRACKER
def test_an_unknown_type_gets_a_proposal(name):
    misspelt = name[:3] + name[4:]
    with pytest.raises(ValueError, match=rf"^Unknown tracker type '{misspelt}'\. Did you mean "):
        build_tracker({'type': misspelt})


@pytest.mark.parametrize('config', [{'type': 'xyz'}, {'type': ''}, {}])
def test_an_unknown_type_gets_the_known_ones(config):
    with pytest.raises(ValueError, match='Unknown tracker type') as error:
        build_tracker(config)
    assert str(error.value).endswith(f'Known are: {", ".join(TRACKER_CLASSES)}.')
