"""What every tracker promises. New trackers join through TRACKER_CLASSES by themselves."""

import inspect
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtrack_ext.association.boxes import iou
from mmtrack_ext.association.detections import Detections, TrackedBoxes
from mmtrack_ext.association.trackers import TRACKER_CLASSES, build_tracker

BY_TRACKER = pytest.mark.parametrize('name', TRACKER_CLASSES)
COLUMNS = ('ids', 'boxes', 'scores', 'labels', 'detection_index')
INPUTS = ('boxes', 'scores', 'labels', 'embeddings', 'displacements')
CHANNELS = 32


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


number = st.integers(-100, 400).map(lambda value: value / 2)
length = st.sampled_from([0, 0.5, 10, 20, 20, 40, 40, 300])
score = st.sampled_from([0, 0.1, 0.3, 0.45, 0.6, 0.7, 0.8, 0.9, 0.95, 1])
detection = st.tuples(number, number, length, length, score, st.integers(0, 2))


@st.composite
def streams(draw):
    """Frames of few boxes: equal ones, boxes without area, big ones, scores at the thresholds."""
    frames = draw(st.lists(st.lists(detection, max_size=5), max_size=8))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    stream = []
    for rows in frames:
        x, y, width, height, scores, labels = np.array(rows, np.float64).reshape(-1, 6).T
        boxes = np.stack([x, y, x + width, y + height], axis=1)
        extra = embeddings_of(rng, len(rows)), rng.normal(0, 5, (len(rows), 2))
        stream.append(Detections(boxes, scores, labels.astype(np.int64), *extra))
    return stream


# Checks


def run(tracker, frames):
    return [tracker.update(frame) for frame in frames]


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


@BY_TRACKER
@settings(deadline=None, max_examples=40, derandomize=True)
@given(frames=streams())
def test_any_stream(name, frames):
    copies = [[getattr(frame, column).copy() for column in INPUTS] for frame in frames]
    tracker = TRACKER_CLASSES[name]()
    results = run(tracker, frames)
    for frame, tracked, copy in zip(frames, results, copies, strict=True):
        check_frame(frame, tracked)
        for column, values in zip(INPUTS, copy, strict=True):
            np.testing.assert_array_equal(getattr(frame, column), values)
    tracker.reset()
    assert_equal(run(tracker, frames), results)


@BY_TRACKER
@pytest.mark.parametrize('seed', range(3))
def test_same_input_same_output_and_reset_equals_new(name, seed):
    frames = noisy_scene(seed)
    tracker = TRACKER_CLASSES[name]()
    results = run(tracker, frames)
    assert sum(map(len, results)) > 20  # something was tracked
    for frame, tracked in zip(frames, results, strict=True):
        check_frame(frame, tracked)
    assert_equal(run(TRACKER_CLASSES[name](), frames), results)
    run(tracker, noisy_scene(seed + 50))
    tracker.reset()
    assert_equal(run(tracker, frames), results)


@BY_TRACKER
def test_writeable_input_stays_as_it_is(name):
    tracker = TRACKER_CLASSES[name](clip_to=(250, 120), truncate_boxes=True)
    for frame in noisy_scene(1):
        arrays = [getattr(frame, column).copy() for column in INPUTS]
        tracker.update(Detections(*arrays))
        for column, values in zip(INPUTS, arrays, strict=True):
            assert values.flags.writeable
            np.testing.assert_array_equal(values, getattr(frame, column))


@BY_TRACKER
def test_results_belong_to_the_caller(name):
    frames = noisy_scene(2)
    expected = run(TRACKER_CLASSES[name](), frames)
    tracker, kept = TRACKER_CLASSES[name](), []
    for frame in frames:
        tracked = tracker.update(frame)
        kept.append(TrackedBoxes(*(getattr(tracked, column).copy() for column in COLUMNS)))
        for column in COLUMNS:
            getattr(tracked, column)[:] = -7  # must not reach the tracker
    assert_equal(kept, expected)
    results = run(TRACKER_CLASSES[name](), frames)  # and later frames do not change earlier ones
    assert_equal(results, kept)


@BY_TRACKER
def test_a_bad_camera_motion_is_refused_before_anything_happens(name):
    frames = scene(3)
    tracker, twin = TRACKER_CLASSES[name](), TRACKER_CLASSES[name]()
    run(tracker, frames[:5])
    run(twin, frames[:5])
    for warp in ([[1, 0, np.nan], [0, 1, 0]], np.eye(3)):
        with pytest.raises(ValueError, match='camera_motion'):
            tracker.update(frames[5], camera_motion=warp)
    assert_equal(run(tracker, frames[5:]), run(twin, frames[5:]))


@BY_TRACKER
@pytest.mark.parametrize('column', ['boxes', 'scores', 'labels', 'embeddings', 'displacements'])
def test_nan_never_reaches_a_tracker(name, column):
    tracker, frames = TRACKER_CLASSES[name](), scene(3)
    columns = {n: np.array(getattr(frames[1], n), np.float64) for n in INPUTS}
    columns[column][2] = np.nan
    tracker.update(frames[0])
    with pytest.raises(ValueError, match=rf"'{column}' column .* Row 2 is "):
        tracker.update(Detections(**columns))
    assert_equal(run(tracker, frames[1:]), run(TRACKER_CLASSES[name](), frames)[1:])


@BY_TRACKER
def test_an_identity_camera_motion_changes_nothing(name):
    frames = scene(4)
    tracker = TRACKER_CLASSES[name]()
    moved = [tracker.update(frame, camera_motion=np.eye(2, 3)) for frame in frames]
    for one, other in zip(moved, run(TRACKER_CLASSES[name](), frames), strict=True):
        np.testing.assert_array_equal(one.ids, other.ids)
        np.testing.assert_array_equal(one.detection_index, other.detection_index)
        np.testing.assert_allclose(one.boxes, other.boxes, atol=1e-6)


# Special frames


@BY_TRACKER
def test_empty_frames(name):
    box, nothing = [100, 100, 140, 180], frame_of([])
    tracker = TRACKER_CLASSES[name]()
    start = run(tracker, [Detections.empty(), nothing, Detections.empty()])
    assert [len(tracked) for tracked in start] == [0, 0, 0]
    seen = run(tracker, [frame_of([box])] * 8)[-1]
    assert seen.ids.tolist() == [1]
    for frame in [Detections.empty(), nothing] * 200:  # longer than any track lives
        tracked = tracker.update(frame)
        assert (tracked.detection_index == -1).all()
        check_frame(frame, tracked)
    assert len(tracked) == len(tracker.tracks) == 0
    assert run(tracker, [frame_of([box])] * 8)[-1].ids.tolist() == [2]


@BY_TRACKER
def test_one_box(name):
    boxes = [[100 + 2 * frame, 100, 140 + 2 * frame, 180] for frame in range(12)]
    results = run(TRACKER_CLASSES[name](), [frame_of([box]) for box in boxes])
    assert {int(track_id) for tracked in results for track_id in tracked.ids} == {1}
    for box, tracked in zip(boxes[4:], results[4:], strict=True):
        assert tracked.detection_index.tolist() == [0]
        assert tracked.scores.tolist() == [pytest.approx(0.95)]
        np.testing.assert_allclose(tracked.boxes, [box], atol=2)


@BY_TRACKER
@pytest.mark.parametrize('same_appearance', [True, False])
def test_identical_boxes(name, same_appearance):
    frame = frame_of([[100, 100, 140, 180]] * 5)
    if same_appearance:
        embeddings = frame.embeddings[[0] * 5]
        frame = Detections(frame.boxes, frame.scores, frame.labels, embeddings, frame.displacements)
    tracker = TRACKER_CLASSES[name]()
    results = run(tracker, [frame] * 8)
    for tracked in results:
        check_frame(frame, tracked)
        assert len(tracked) <= 5
    assert len(results[-1]) >= 1
    np.testing.assert_allclose(results[-1].boxes, frame.boxes[: len(results[-1])], atol=1e-6)


@BY_TRACKER
def test_boxes_without_area_are_not_tracked(name):
    frames = scene(5)
    tracker, results = TRACKER_CLASSES[name](), []
    for frame in frames:
        x, y = frame.boxes[0, :2]
        flat = [[x, y, x, y], [x, y, x, y + 80], [x, y, x + 40, y]]
        first = [getattr(frame, column)[[0, 0, 0]] for column in INPUTS[1:]]
        rest = [getattr(frame, column) for column in INPUTS[1:]]
        columns = [np.concatenate(pair) for pair in zip(first, rest, strict=True)]
        results.append(tracker.update(Detections(np.vstack([flat, frame.boxes]), *columns)))
    for tracked, expected in zip(results, run(TRACKER_CLASSES[name](), frames), strict=True):
        np.testing.assert_array_equal(tracked.ids, expected.ids)
        np.testing.assert_array_equal(tracked.boxes, expected.boxes)
        index = expected.detection_index
        np.testing.assert_array_equal(tracked.detection_index, np.where(index < 0, -1, index + 3))


@BY_TRACKER
@pytest.mark.parametrize('shift', [(-5000, -3000), (1e6, -1e6)])
def test_it_does_not_matter_where_the_image_is(name, shift):
    here = run(TRACKER_CLASSES[name](), scene(6))
    there = run(TRACKER_CLASSES[name](), scene(6, shift=shift))
    for one, other in zip(here, there, strict=True):
        np.testing.assert_array_equal(one.ids, other.ids)
        np.testing.assert_array_equal(one.detection_index, other.detection_index)
        np.testing.assert_allclose(one.boxes + np.tile(shift, 2), other.boxes, atol=1e-4)


@BY_TRACKER
def test_huge_boxes(name):
    frames = scene(7, scale=1e4, shift=(1e6, 1e6), spacing=200)
    results = run(TRACKER_CLASSES[name](), frames)
    for frame, tracked in zip(frames, results, strict=True):
        check_frame(frame, tracked)
    assert sum(map(len, results)) > 50
    matched = results[-1].detection_index >= 0
    boxes = frames[-1].boxes[results[-1].detection_index[matched]]
    assert (np.diag(iou(results[-1].boxes[matched], boxes)) > 0.7).all()


@BY_TRACKER
def test_two_thousand_boxes(name):
    rng = np.random.default_rng(8)
    column, row = (axis.ravel() for axis in np.meshgrid(np.arange(50), np.arange(40)))
    corners = np.stack([60 * column, 120 * row], axis=1) + rng.uniform(0, 10, (2000, 2))
    appearance, motion = embeddings_of(rng, 2000), np.tile([-1.0, 0.0], (2000, 1))
    tracker, things = TRACKER_CLASSES[name](), []
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


@BY_TRACKER
def test_boxes_belong_to_their_detections(name):
    frames = scene(9, spacing=200)
    tracker = TRACKER_CLASSES[name]()
    results = run(tracker, frames)
    assert sum(map(len, results)) > 50
    for frame, tracked in zip(frames, results, strict=True):
        own = tracked[tracked.detection_index >= 0]
        boxes = frame.boxes[own.detection_index]
        np.testing.assert_array_equal(own.labels, frame.labels[own.detection_index])
        np.testing.assert_allclose(own.scores, frame.scores[own.detection_index], rtol=1e-12)
        if tracker.space is None:
            np.testing.assert_array_equal(own.boxes, boxes)
        else:
            assert (np.diag(iou(own.boxes, boxes)) > 0.8).all()


@BY_TRACKER
@pytest.mark.parametrize('seed', range(4))
def test_the_order_of_the_detections_does_not_matter(name, seed):
    rng = np.random.default_rng(seed)
    frames = noisy_scene(seed)
    orders = [rng.permutation(len(frame)) for frame in frames]
    results = run(TRACKER_CLASSES[name](), frames)
    permuted = [frame[order] for frame, order in zip(frames, orders, strict=True)]
    shuffled = run(TRACKER_CLASSES[name](), permuted)
    assert partition(shuffled, orders) == partition(results)


# Memory


def size_of(value):
    return len(pickle.dumps(value))


def churn(frame, rng, appearance):
    """Six places; at each a new thing appears every 25 frames and walks for 20."""
    boxes, looks = [], []
    for place in range(6):
        age = (frame + 4 * place) % 25
        if age == 0 or place not in appearance:
            appearance[place] = embeddings_of(rng, 1)[0]
        if age < 20:
            x, y = 300 * place + 3 * age, 200 * ((frame + 4 * place) // 25 % 5)
            boxes.append([x, y, x + 40, y + 80])
            looks.append(appearance[place])
    still = np.tile([-3.0, 0.0], (len(boxes), 1))
    count = len(boxes)
    return Detections(boxes, np.full(count, 0.9), np.zeros(count), looks, still)


@BY_TRACKER
def test_pickled_tracker_goes_on_where_it_was(name):
    frames = noisy_scene(4)
    tracker = TRACKER_CLASSES[name]()
    run(tracker, frames[:10])
    copy = pickle.loads(pickle.dumps(tracker))
    assert_equal(run(copy, frames[10:]), run(tracker, frames[10:]))


@BY_TRACKER
def test_memory_is_flat(name):
    rng, appearance = np.random.default_rng(10), {}
    tracker = TRACKER_CLASSES[name]()
    num_tracks, sizes, ids = [], [], set()
    for frame in range(3000):
        ids.update(tracker.update(churn(frame, rng, appearance)).ids.tolist())
        num_tracks.append(len(tracker.tracks))
        if frame in (1499, 2999):
            sizes.append({attribute: size_of(held) for attribute, held in vars(tracker).items()})
    # 6 x 120 things came and went; by appearance alone, a new one may take the id of a lost one
    assert len(ids) > (600 if tracker.space else 300)
    assert max(num_tracks[1500:]) <= 1.2 * max(num_tracks[:1500])
    assert max(num_tracks) < 100
    half, end = sizes
    assert end.keys() == half.keys()
    for attribute in half:
        assert end[attribute] <= 1.2 * half[attribute] + 20, attribute
    assert sum(end.values()) <= 1.2 * sum(half.values())


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
