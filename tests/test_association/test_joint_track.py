"""JointTrackNet's tracker: against the recorded program, and by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from mmtrack_ext.association import costs
from mmtrack_ext.association.assignment import linear_assignment
from mmtrack_ext.association.detections import Detections
from mmtrack_ext.association.trackers import JointTracker
from mmtrack_ext.association.tracks import TrackState
from mmtrack_ext.association.window_mean import window_mean

SETTINGS = (
    *('test_sh', 'age50', 'age3', 'age_m1', 'new06', 'trackonly_age3', 'embonly_age3'),
    *('gap_test_sh', 'gap_age50', 'gap_age3'),
)
FAULT_SHOWS = (
    *('age3', 'age_m1', 'trackonly_age3', 'embonly_age3', 'gap_age50', 'gap_age3'),
)  # where deleting while looping changes the result
E0, E1, E2 = np.eye(3, dtype=np.float32)


# Against the recorded program


@pytest.fixture(scope='module')
def recorded(root):
    folder = root / 'tests' / 'data' / 'jointtracknet'
    settings = json.loads((folder / 'tracker.json').read_text(encoding='utf-8'))
    with np.load(folder / 'tracker.npz') as arrays:
        return settings, {name: arrays[name] for name in arrays.files}


def frames_of(arrays, *, gap):
    """The recorded frames; with ``gap``, 52 empty ones before number 20."""
    table = arrays['det'].astype(np.float64)
    for number in range(40):
        if gap and number == 20:
            yield from [Detections.empty()] * 52
        rows = table[:, 0] == number
        _, scores, labels, *columns = table[rows].T
        boxes, centers, displacements = np.split(np.array(columns).T, [4, 6], axis=1)
        yield Detections(boxes, scores, labels, arrays['embedding'][rows], displacements, centers)


def tracker_of(setting, **arguments):
    return JointTracker(
        max_age=max(setting['max_age'], 0),
        init_min_score=setting['new_thresh'],
        use_displacement='tracking' in setting['task'],
        use_embedding='embedding' in setting['task'],
        embedding_update='recursive',
        **arguments,
    )


def reports(tracker, frames):
    """Rows of ``out__`` by frame and id, and of ``pool__``."""
    out, pool = [], []
    for number, detections in enumerate(frames):
        tracked = tracker.update(detections)
        columns = tracked.ids, *tracked.boxes.T, tracked.scores, tracked.labels
        out += [(number, *row) for row in zip(*columns, strict=True)]
        tracks = tracker.tracks
        misses = tracks.misses if tracker.compat_released else tracker.frame - tracks.last_frame
        columns = tracks.ids, misses, tracks.states == TrackState.TENTATIVE
        alive = ~tracks.expired
        pool += [(number, *row) for row in np.array(columns)[:, alive].T]
    return np.array(out), np.array(pool)


def assert_recorded(found, arrays, prefix, name):
    out, pool = found
    expected = arrays[f'{prefix}out__{name}']
    expected = expected[np.lexsort([expected[:, 1], expected[:, 0]])]
    np.testing.assert_array_equal(out[:, :2], expected[:, :2])
    np.testing.assert_allclose(out, expected, atol=1e-3)
    np.testing.assert_array_equal(pool, arrays[f'{prefix}pool__{name}'])


@pytest.mark.parametrize('name', SETTINGS)
def test_released_program(recorded, name):
    settings, arrays = recorded
    assert set(settings) == set(SETTINGS)
    setting = settings[name]
    tracker = tracker_of(setting, compat_released=True)
    assert_recorded(reports(tracker, frames_of(arrays, gap=setting['gap'])), arrays, '', name)


@pytest.mark.parametrize('name', SETTINGS)
def test_released_program_with_its_deletions_mended(recorded, name):
    settings, arrays = recorded
    setting = settings[name]
    assert setting['survivor_list_fix_changes_result'] == (name in FAULT_SHOWS)
    tracker = tracker_of(setting)
    tracker.update(Detections.empty())  # what is new in a first frame is confirmed there
    found = reports(tracker, frames_of(arrays, gap=setting['gap']))
    assert_recorded(found, arrays, 'fixed' if name in FAULT_SHOWS else '', name)


# By hand


def frame(*things):
    """Boxes 10 x 10; a thing is (x of the centre, embedding) and more columns by name."""
    boxes = np.array([[x - 5, 0, x + 5, 10] for x, *_ in things]).reshape(-1, 4)
    looks = np.array([look for _, look, *_ in things]).reshape(len(things), 3)
    more = [dict(*rest) for _, _, *rest in things]
    scores = [extra.get('score', 0.9) for extra in more]
    labels = [extra.get('label', 0) for extra in more]
    moves = [[extra.get('move', 0.0), 0.0] for extra in more]
    return Detections(boxes, scores, labels, looks, np.reshape(moves, (-1, 2)))


def ids(tracker, *frames):
    return [tracker.update(detections).ids.tolist() for detections in frames]


def test_births():
    """Those of the first frame are confirmed, later ones at their second hit, misses or not."""
    old, new = (0, E0), (100, E1)
    seen = ids(JointTracker(), frame(old), frame(old, new), frame(old), frame(old, new))
    assert seen == [[1], [1], [1], [1, 2]]
    seen = ids(JointTracker(n_init=3), frame(old), frame(new), frame(new), frame(new))
    assert seen == [[1], [], [], [2]]
    seen = ids(JointTracker(compat_released=True), frame(old), frame(old))
    assert seen == [[], [1]]
    faint = (0, E0, {'score': 0.4})  # a birth needs more than 0.4
    assert ids(JointTracker(), frame(faint)) == [[]]


@pytest.mark.parametrize('released', [False, True])
@pytest.mark.parametrize('max_age', [0, 1, 5])
def test_a_track_survives_max_age_misses(released, max_age):
    for misses in (max_age, max_age + 1):
        tracker = JointTracker(max_age=max_age, compat_released=released)
        ids(tracker, frame((0, E0)), frame((0, E0)), *[frame()] * misses)
        last = ids(tracker, frame((0, E0)), frame((0, E0)))[-1]
        assert last == ([1] if misses == max_age else [2])


def test_deleting_while_looping():
    """A(2 misses), B(1), C matched, D(1) and a new one; A, B, D missed; max_age 2.

    A goes. As released, C and the new one age in the place of B and D.
    """
    places = {'A': (0, E0), 'B': (100, E0), 'C': (200, E0), 'D': (300, E0)}
    for released, expected in (
        (False, {2: 2, 3: 0, 4: 2, 5: 0}),
        (True, {2: 1, 3: 1, 4: 1, 5: 1}),
    ):
        tracker = JointTracker(max_age=2, compat_released=released)
        tracker.update(frame(*places.values()))
        tracker.update(frame(places['B'], places['C'], places['D']))
        tracker.update(frame(places['C']))
        tracker.update(frame(places['C'], (400, E1)))
        tracks = tracker.tracks
        misses = tracks.misses if released else tracker.frame - tracks.last_frame
        alive = ~tracks.expired
        assert dict(zip(tracks.ids[alive], misses[alive], strict=True)) == expected


def test_the_assignment():
    """The published limit, 0.65; the third pair of the last problem may not stand in for two."""
    for cost, expected in (
        ([[0.64]], [(0, 0)]),
        ([[0.65]], [(0, 0)]),
        ([[0.66]], []),
        ([[0.1, 0.64], [0.6, 2.0]], [(0, 0)]),
    ):
        matches = linear_assignment(np.array(cost), JointTracker().max_cost)
        pairs = zip(matches.tracks.tolist(), matches.detections.tolist(), strict=True)
        assert list(pairs) == expected


@pytest.mark.parametrize(('cosine', 'found'), [(0.36, [1]), (0.34, [])])
def test_the_limit_of_appearance(cosine, found):
    look = cosine * E0 + np.sqrt(1 - cosine**2) * E1
    assert ids(JointTracker(), frame((0, E0)), frame((0, 5 * look)))[1] == found


def test_the_gate_is_the_smaller_area():
    """Of boxes of 100 square pixels, squared distances up to 100."""
    assert ids(JointTracker(), frame((0, E0)), frame((10, E0)))[1] == [1]
    assert ids(JointTracker(), frame((0, E0)), frame((10.1, E0)))[1] == []
    assert ids(JointTracker(gate=False), frame((0, E0)), frame((10.1, E0)))[1] == [1]
    small, large = np.array([[0, 0, 4, 5]]), np.array([[0, 0, 10, 10]])
    assert costs.smaller_areas(small, large) == costs.smaller_areas(large, small) == 20
    points = np.array([[0.0, 0]]), np.array([[3.0, 4], [1, 0]])
    assert costs.squared_distances(*points).tolist() == [[25, 1]]


def test_displacements_open_the_gate():
    there, moved = frame((0, E0)), frame((50, E0, {'move': -45.0}))
    assert ids(JointTracker(), there, moved)[1] == [1]
    assert ids(JointTracker(use_displacement=False), there, moved)[1] == []
    beyond = replace(moved, displacements=-moved.displacements)
    assert ids(JointTracker(), there, beyond)[1] == []


def test_centers_are_where_displacements_start():
    """The track is remembered at 8, not at the middle of its box, 0."""
    first = replace(frame((0, E0)), centers=[[8.0, 5.0]])
    assert ids(JointTracker(), first, frame((17, E0)))[1] == [1]
    assert ids(JointTracker(), frame((0, E0)), frame((17, E0)))[1] == []
    second = replace(frame((17, E0)), centers=[[9.0, 5.0]])
    assert ids(JointTracker(), frame((0, E0)), second)[1] == [1]


def test_classes():
    frames = frame((0, E0)), frame((0, E0, {'label': 1}))
    assert ids(JointTracker(), *frames)[1] == []
    assert ids(JointTracker(class_aware=False), *frames)[1] == [1]


def test_appearance_decides_within_the_gate():
    """Two things change places; without embeddings each is taken for the other."""
    frames = frame((0, E0), (8, E1)), frame((0, E1), (8, E0))
    for use_embedding, expected in ((True, [1, 0]), (False, [0, 1])):
        tracker = JointTracker(use_embedding=use_embedding)
        tracked = [tracker.update(detections) for detections in frames][1]
        assert tracked.detection_index.tolist() == expected


def test_centertrack_is_greedy():
    """The better score takes the nearest track, and leaves the other one too little."""
    frames = frame((0, E0), (9, E0)), frame((13, E0), (5, E0, {'score': 0.95}))
    tracker = JointTracker(use_embedding=False)
    tracker.update(frames[0])
    tracked = tracker.update(frames[1])
    # 5 is nearer to 9 than to 0, though 13 (4 from 9, 13 from 0) can take nothing else.
    assert dict(zip(tracked.ids.tolist(), tracked.detection_index.tolist(), strict=True)) == {2: 1}


def test_distance_may_take_part_in_the_cost():
    """Alike but 10 pixels off (1 at the gate), or at its place with a cosine of 0.5."""
    half = 0.5 * E0 + np.sqrt(0.75) * E1
    frames = frame((0, E0)), frame((10, E0), (0, half))
    for weight, expected in ((0.0, 0), (0.2, 0), (0.5, 1)):  # 0 : 0.5, 0.2 : 0.4, 0.5 : 0.25
        tracker = JointTracker(motion_weight=weight)
        tracked = [tracker.update(detections) for detections in frames][1]
        assert tracked.detection_index.tolist() == [expected]


def test_lost_tracks_stay_or_go_on():
    """At 5 pixels a frame, last seen at 5 and found again, four frames later, at 25."""
    walk = [frame((5 * t, E0, {'move': -5.0})) for t in range(6)]
    frames = [*walk[:2], frame(), frame(), frame(), walk[5]]
    assert ids(JointTracker(), *frames)[-1] == []
    tracker = JointTracker(propagate_lost=True)
    ids(tracker, *frames[:5])
    # Where it was in the frame before the present one, as displaced centres are.
    assert tracker.tracks.centers.tolist() == [[15, 5]]
    assert tracker.tracks.boxes.tolist() == [[10, 0, 20, 10]]
    assert ids(tracker, frames[5])[-1] == [1]


def test_the_camera_moves_tracks_and_displaced_centers():
    """A displacement holds the camera's motion, too: the 60 pixels do not count twice."""
    pan = np.array([[1.0, 0, 60], [0, 1, 0]])
    for use_displacement in (True, False):
        tracker = JointTracker(use_displacement=use_displacement)
        tracker.update(frame((0, E0)))
        seen = tracker.update(frame((60, E0, {'move': -60.0})), camera_motion=pan)
        assert seen.ids.tolist() == [1]


def test_public_detections():
    """Tracks start only at the nearest detection to each, if it is near for its size."""
    things = [(0, E0), (8, E1), (100, E2), (200, E0)]
    tracker = JointTracker()
    seen = tracker.update(frame(*things), public_centers=[[7.0, 5], [6.0, 5], [110.0, 5]])
    # 7 takes the one at 8, 6 then the one at 0; 110 is 10 off, and must be nearer than that.
    assert seen.ids.tolist() == [1, 2]
    assert seen.detection_index.tolist() == [1, 0]
    seen = tracker.update(frame(*things), public_centers=[])
    assert seen.ids.tolist() == [1, 2]
    assert len(tracker.tracks) == 2
    assert ids(tracker, frame(*things), frame(*things))[1] == [1, 2, 3, 4]
    with pytest.raises(ValueError, match=r"'public_centers' must be \(P, 2\) finite"):
        tracker.update(frame(), public_centers=[[np.nan, 1]])


# Appearance


@pytest.mark.parametrize(
    ('updates', 'weight'), [(1, 0.5), (5, 0.5), (19, 0.5), (20, 0.475), (40, 0.435), (100, 0.321)]
)
def test_recursive_mean_keeps_the_first_embedding(updates, weight):
    """Weights of the first of ``updates`` + 1, as recorded from the released program."""
    window, first = np.zeros((1, 20, 1), np.float32), 1.0
    for count in range(1, updates + 2):
        mean = window_mean(window, np.array([count]), np.float32([[first]]), recursive=True)
        first = 0.0
    assert mean[0, 0] == pytest.approx(weight, abs=6e-4)


def test_mean_of_the_last():
    tracker = JointTracker(embedding_update='mean', embedding_window=3, max_cost=2)
    for look in (E0, E1, E1, E2):
        tracker.update(frame((0, 7 * look)))
    np.testing.assert_allclose(tracker.tracks.embeddings, [[0, 2 / 3, 1 / 3]], rtol=1e-6)
    tracker.update(frame((0, E2)))
    np.testing.assert_allclose(tracker.tracks.embeddings, [[0, 1 / 3, 2 / 3]], rtol=1e-6)


def test_moving_average_at_length_one():
    tracker = JointTracker(max_cost=2)
    ids(tracker, frame((0, 3 * E0)), frame((0, 5 * E1)))
    expected = np.array([0.9, 0.1, 0]) / np.hypot(0.9, 0.1)
    np.testing.assert_allclose(tracker.tracks.embeddings[0], expected, rtol=1e-6)


# What is refused


def test_missing_displacements_are_refused():
    bare = replace(frame((0, E0)), displacements=None)
    tracker = JointTracker()
    with pytest.raises(ValueError, match='JointTracker needs detections with displacements'):
        tracker.update(bare)
    assert (tracker.frame, len(tracker.tracks)) == (-1, 0)
    assert ids(JointTracker(use_displacement=False), bare, bare) == [[1], [1]]
    assert ids(JointTracker(), Detections.empty()) == [[]]


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({'n_init': 0}, "'n_init' parameter of JointTracker must be an int >= 1. Got 0"),
        ({'motion_weight': 1.5}, "'motion_weight' .* >= 0 and <= 1. Got 1.5"),
        ({'embedding_update': 'last'}, "'embedding_update' .* 'ema', 'mean', 'recursive'"),
        ({'gate': 1}, "'gate' parameter of JointTracker must be a bool"),
        ({'max_cost': -0.1}, "'max_cost' .* >= 0"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        JointTracker(**arguments)
