"""The life cycle that all trackers share, one transition at a time, on a tracker of one stage."""

import re

import numpy as np
import pytest

from mmtrack_ext.association.base_tracker import BaseTracker
from mmtrack_ext.association.box_spaces import XYSR, XYWH
from mmtrack_ext.association.detections import Detections
from mmtrack_ext.association.tracks import TrackState

BOX = (0, 0, 40, 80)
LETTERS = {
    TrackState.TENTATIVE: 'T',
    TrackState.CONFIRMED: 'C',
    TrackState.LOST: 'L',
    TrackState.REMOVED: 'R',
}


class TinyTracker(BaseTracker):
    """All tracks and all detections by IoU, in one stage."""

    space = XYWH

    def __init__(
        self,
        *,
        max_age=3,
        n_init=2,
        keep_tentative=False,
        one_frame_late=False,
        confirm_new=False,
        **common,
    ):
        self.n_init = n_init
        self.keep_tentative = keep_tentative
        self.one_frame_late = one_frame_late
        self.confirm_new = confirm_new
        super().__init__(max_age=max_age, **common)

    def step(self):
        tracks = self.tracks
        rows = tracks.rows(TrackState.TENTATIVE, TrackState.CONFIRMED, TrackState.LOST)
        columns = np.arange(len(self.detections))
        matches = self.match(rows, columns, self.iou_cost, max_cost=0.7)
        self.hit(matches, n_init=self.n_init)
        self.miss(matches.unmatched_tracks, keep_tentative=self.keep_tentative)
        self.spawn(matches.unmatched_detections, confirmed=self.confirm_new)
        self.prune(one_frame_late=self.one_frame_late)


class FilterlessTracker(TinyTracker):
    space = None


class StayingTracker(TinyTracker):
    predicts_tentative = False


class FreezingTracker(TinyTracker):
    freezes_lost_size = True


class ReportingTracker(TinyTracker):
    """Reports every track."""

    def reported(self):
        return np.ones(len(self.tracks), bool)


class ConstantNoiseTracker(TinyTracker):
    space = XYSR


BY_FILTER = pytest.mark.parametrize('tracker_class', [TinyTracker, FilterlessTracker])


def frame_of(*boxes, scores=None, labels=None):
    return Detections(boxes, [0.9] * len(boxes) if scores is None else scores, labels)


def play(tracker, frames):
    """States of the one track frame by frame: 'x' = the box is seen, '.' = nothing is."""
    states = ''
    for frame in frames:
        tracker.update(frame_of(BOX) if frame == 'x' else Detections.empty())
        assert len(tracker.tracks) <= 1
        states += LETTERS[tracker.tracks.states[0]] if len(tracker.tracks) else '-'
    return states


# Transitions


@BY_FILTER
@pytest.mark.parametrize(
    ('arguments', 'frames', 'states'),
    [
        ({'n_init': 2}, 'xxx', 'TCC'),
        ({'n_init': 3}, 'xxxx', 'TTCC'),
        ({'n_init': 4}, 'xxxxx', 'TTTCC'),
        ({'n_init': 1}, 'xx', 'TC'),  # looked at in a hit, so not before the second
        ({'confirm_new': True}, 'xx', 'CC'),
        ({}, 'x.', 'T-'),
        ({'n_init': 3}, 'xx.', 'TT-'),
        ({'keep_tentative': True}, 'x.x', 'TTC'),
        ({'keep_tentative': True, 'n_init': 3}, 'x.x.x', 'TTTTC'),
        ({'keep_tentative': True, 'max_age': 1}, 'x..', 'TT-'),
        ({}, 'xx.x', 'TCLC'),
        ({}, 'xx..x.x', 'TCLLCLC'),
        ({'keep_tentative': True}, 'xx.x', 'TCLC'),
    ],
)
def test_transitions(tracker_class, arguments, frames, states):
    assert play(tracker_class(**arguments), frames) == states


@BY_FILTER
@pytest.mark.parametrize(
    ('max_age', 'frames', 'states'),
    [
        (0, 'xx..', 'TC--'),
        (1, 'xx...', 'TCL--'),
        (3, 'xx.....', 'TCLLL--'),
        (3, 'xx...x....', 'TCLLLCLLL-'),
    ],
)
def test_a_track_unseen_for_more_than_max_age_frames_is_removed(
    tracker_class, max_age, frames, states
):
    assert play(tracker_class(max_age=max_age), frames) == states


@BY_FILTER
@pytest.mark.parametrize(
    ('max_age', 'frames', 'states'),
    [
        # Unseen for 3 > 2 frames in frame 4: marked there, removed in frame 5.
        (2, 'xx.....', 'TCLLL--'),
        # Found in the extra frame, it lives on as long as it is seen.
        (2, 'xx...xxx', 'TCLLLCCC'),
        (2, 'xx...x..', 'TCLLLC--'),
        (2, 'xx...xx..', 'TCLLLCC--'),
        # Found before the mark, nothing is held against it.
        (2, 'xx..x..x', 'TCLLCLLC'),
        # First looked at in the frame after the first miss.
        (0, 'xx...', 'TCLL-'),
        (1, 'xx...', 'TCLL-'),
        (0, 'xx..xx.', 'TCLLCC-'),
    ],
)
def test_pruning_one_frame_late(tracker_class, max_age, frames, states):
    tracker = tracker_class(max_age=max_age, one_frame_late=True)
    assert play(tracker, frames) == states


def test_only_lost_tracks_are_marked_for_late_pruning():
    # Tentative and unseen for 2 > 1 frames, which must not count when it is lost later.
    tracker = TinyTracker(max_age=1, n_init=3, keep_tentative=True, one_frame_late=True)
    assert play(tracker, 'x..xx.x') == 'TTTTCLC'


@pytest.mark.parametrize(
    ('max_age', 'frame_rate', 'unseen'),
    [
        (3, 30, 3),
        (3, 60, 6),
        (30, 20, 20),
        (3, 25, 2),
        (3, 20, 2),
        (1, 15, 0),
        (4, 29.97, 3),
        (90, 21, 63),
    ],
)
def test_max_age_scales_with_the_frame_rate_rounded_down(max_age, frame_rate, unseen):
    tracker = TinyTracker(max_age=max_age, frame_rate=frame_rate)
    assert play(tracker, 'xx' + '.' * (unseen + 1)) == 'TC' + 'L' * unseen + '-'
    assert tracker.max_age == max_age


@pytest.mark.parametrize(
    ('column', 'values'),
    [
        ('hits', [1, 2, 2, 2, 3, 4]),
        ('first_frame', [0, 0, 0, 0, 0, 0]),
        ('last_frame', [0, 1, 1, 1, 4, 5]),
        ('streak_start', [0, 0, 2, 3, 3, 3]),
        ('detection_index', [0, 0, -1, -1, 0, 0]),
    ],
)
def test_counters(column, values):
    tracker = TinyTracker()
    for frame, value in zip('xx..xx', values, strict=True):
        play(tracker, frame)
        assert getattr(tracker.tracks, column).tolist() == [value]


# Ids


@BY_FILTER
def test_a_lost_track_comes_back_under_its_id(tracker_class):
    tracker = tracker_class()
    play(tracker, 'xx...')
    assert tracker.update(frame_of(BOX)).ids.tolist() == [1]


@BY_FILTER
def test_ids_are_never_reused_and_restart_at_reset(tracker_class):
    tracker = tracker_class(max_age=0)
    for _ in range(2):
        ids = []
        for frame in 'x.xx.xx':  # 1 dies tentative, 2 dies lost
            play(tracker, frame)
            ids += tracker.tracks.ids.tolist()
        assert ids == [1, 2, 2, 3, 3]
        tracker.reset()


def test_ids_follow_the_order_of_the_detections():
    tracker = FilterlessTracker(confirm_new=True)
    tracker.update(frame_of(BOX))
    tracked = tracker.update(frame_of((500, 0, 540, 80), BOX, (300, 0, 340, 80)))
    assert tracked.ids.tolist() == [1, 2, 3]
    assert tracked.boxes[:, 0].tolist() == [0, 500, 300]
    assert tracked.detection_index.tolist() == [1, 0, 2]


@BY_FILTER
def test_reset_forgets_everything(tracker_class):
    fresh, used = tracker_class(), tracker_class()
    play(used, 'xxx.')
    used.reset()
    assert len(used.tracks) == 0
    for box in (BOX, (3, 1, 43, 81), (6, 2, 46, 82)):
        expected, tracked = fresh.update(frame_of(box)), used.update(frame_of(box))
        np.testing.assert_array_equal(tracked.ids, expected.ids)
        np.testing.assert_array_equal(tracked.boxes, expected.boxes)


# What is reported


def test_confirmed_tracks_are_reported():
    tracker = TinyTracker()
    reported = [tracker.update(frame).ids.tolist() for frame in [frame_of(BOX)] * 2]
    assert reported == [[], [1]]
    assert tracker.update(Detections.empty()).ids.tolist() == []


def test_unmatched_tracks_keep_the_last_matched_score_and_label():
    tracker = ReportingTracker()
    tracker.update(frame_of(BOX, scores=[0.6], labels=[1]))
    matched = tracker.update(frame_of((500, 0, 540, 80), BOX, scores=[0.7, 0.8], labels=[3, 2]))
    assert matched.ids.tolist() == [1, 2]
    assert matched.scores.tolist() == [0.8, 0.7]
    assert matched.labels.tolist() == [2, 3]
    assert matched.detection_index.tolist() == [1, 0]
    unmatched = tracker.update(Detections.empty())
    assert unmatched.ids.tolist() == [1]
    assert unmatched.scores.tolist() == [0.8]
    assert unmatched.labels.tolist() == [2]
    assert unmatched.detection_index.tolist() == [-1]


def test_with_a_filter_the_posterior_is_reported():
    # XYWH, w = 40: variance of x is (40 / 10)^2 = 16 at birth, of its velocity (40 / 16)^2 = 6.25,
    # of a step (40 / 20)^2 = 4, of a measurement 4: gain 26.25 / 30.25, times 3.025 = 2.625.
    tracker = TinyTracker()
    tracker.update(frame_of(BOX))
    tracked = tracker.update(frame_of((3.025, 0, 43.025, 80)))
    np.testing.assert_allclose(tracked.boxes, [[2.625, 0, 42.625, 80]], atol=1e-12)


def test_without_a_filter_the_detection_is_reported():
    tracker = FilterlessTracker(keep_tentative=True)
    tracker.update(frame_of(BOX))
    moved = (3.025, 0, 43.025, 80)
    assert tracker.update(frame_of(moved)).boxes.tolist() == [list(moved)]
    tracker.update(Detections.empty())
    assert tracker.tracks.boxes.tolist() == [list(moved)]
    assert tracker.tracks.means.shape == (1, 0)


# What is dropped before and after tracking


@pytest.mark.parametrize(
    ('arguments', 'boxes', 'kept'),
    [
        ({}, [BOX, (0, 0, 0, 9), (500, 0, 509, 9), (7, 7, 7, 7), (0, 5, 9, 5)], {0: BOX, 2: None}),
        # 10 x 10 is not above 100
        ({'min_area': 100}, [(0, 0, 10, 10), (100, 0, 110, 11)], {1: (100, 0, 110, 11)}),
        # 20 x 10 is at the limit
        (
            {'max_aspect_ratio': 2},
            [(0, 0, 20.5, 10), (100, 0, 120, 10), (0, 0, 10, 90)],
            {1: None, 2: None},
        ),
        # the second and the third are outside
        (
            {'clip_to': (100, 50)},
            [(90, 40, 130, 70), (120, 0, 150, 20), (0, 60, 10, 70), (-10, -5, 30, 30)],
            {0: (90, 40, 100, 50), 3: (0, 0, 30, 30)},
        ),
        # toward zero; the first has no width then
        (
            {'truncate_boxes': True},
            [(3.2, 3, 3.9, 9), (1.9, -1.9, 10.9, 20.2), (-8.7, -9.2, -1.1, -1.9)],
            {1: (1, -1, 10, 20), 2: (-8, -9, -1, -1)},
        ),
        # -100..5 clipped is 5 wide
        ({'clip_to': (100, 50), 'min_area': 60}, [(-100, 0, 5, 10), (0, 0, 7, 10)], {1: None}),
        # clipped to 5 wide, 20 high
        (
            {'clip_to': (100, 50), 'max_aspect_ratio': 0.5},
            [(0, 0, 20, 20), (-35, 0, 5, 20)],
            {1: (0, 0, 5, 20)},
        ),
    ],
)
def test_what_is_tracked(arguments, boxes, kept):
    tracker = FilterlessTracker(confirm_new=True, **arguments)
    detections = frame_of(*boxes)
    tracked = tracker.update(detections)
    assert tracked.detection_index.tolist() == list(kept)
    for row, (source, box) in enumerate(kept.items()):
        assert tracked.boxes[row].tolist() == list(boxes[source] if box is None else box)
    np.testing.assert_array_equal(detections.boxes, boxes)  # the input stays as it is


def test_detections_below_the_score_are_not_tracked():
    tracker = FilterlessTracker(confirm_new=True, min_score=0.5)
    boxes = [(100 * column, 0, 100 * column + 40, 80) for column in range(4)]
    tracked = tracker.update(frame_of(*boxes, scores=[0.49, 0.5, 0.3, 0.9]))
    assert tracked.detection_index.tolist() == [1, 3]
    assert tracked.scores.tolist() == [0.5, 0.9]
    assert tracked.boxes[:, 0].tolist() == [100, 300]


@pytest.mark.parametrize(
    ('argument', 'limit', 'boxes'),
    [
        # at the limit, above it: the second is reported
        ('output_min_area', 100, [(0, 0, 10, 10), (100, 0, 110, 10.5)]),
        # above the limit, at it
        ('output_max_aspect_ratio', 1.6, [(0, 0, 8.1, 5), (100, 0, 108, 5)]),
    ],
)
def test_what_is_reported(argument, limit, boxes):
    tracker = FilterlessTracker(confirm_new=True, **{argument: limit})
    for _ in range(2):
        tracked = tracker.update(frame_of(*boxes))
        assert tracked.ids.tolist() == [2]
        assert tracked.detection_index.tolist() == [1]
        assert tracker.tracks.ids.tolist() == [1, 2]  # the other lives on


@BY_FILTER
@pytest.mark.parametrize(('class_aware', 'ids'), [(False, [1]), (True, [1, 2])])
def test_other_classes_match_unless_class_aware(tracker_class, class_aware, ids):
    tracker = tracker_class(confirm_new=True, class_aware=class_aware)
    tracker.update(frame_of(BOX, labels=[0]))
    tracker.update(frame_of(BOX, labels=[1]))
    assert tracker.tracks.ids.tolist() == ids
    assert tracker.tracks.labels[-1] == 1


def test_class_aware_matches_within_a_class():
    tracker = FilterlessTracker(confirm_new=True, class_aware=True)
    tracker.update(frame_of((0, 0, 40, 80), (10, 0, 50, 80), labels=[4, 7]))
    tracked = tracker.update(frame_of((0, 0, 40, 80), (10, 0, 50, 80), labels=[7, 4]))
    assert tracked.ids.tolist() == [1, 2]
    assert tracked.labels.tolist() == [4, 7]
    assert tracked.detection_index.tolist() == [1, 0]


# Prediction and camera motion


def moving(tracker, *velocities):
    """The tracker with one track, whose velocities are set."""
    tracker.update(frame_of(BOX))
    tracker.tracks.means[0, 4:] = velocities
    return tracker


def test_frames_without_detections_predict():
    tracker = moving(TinyTracker(confirm_new=True), 3, -2, 4, 2)
    tracker.update(Detections.empty())
    # centre (20, 40) -> (23, 38), size 40 x 80 -> 44 x 82
    np.testing.assert_allclose(tracker.tracks.boxes, [[1, -3, 45, 79]], atol=1e-12)
    tracker.update(Detections.empty())
    np.testing.assert_allclose(tracker.tracks.boxes, [[2, -6, 50, 78]], atol=1e-12)


def test_the_size_of_a_lost_track_is_frozen_where_the_method_says_so():
    tracker = moving(FreezingTracker(confirm_new=True), 3, -2, 4, 2)
    tracker.update(Detections.empty())  # not lost yet when it is predicted
    np.testing.assert_allclose(tracker.tracks.boxes, [[1, -3, 45, 79]], atol=1e-12)
    tracker.update(Detections.empty())
    np.testing.assert_allclose(tracker.tracks.boxes, [[4, -5, 48, 77]], atol=1e-12)


@pytest.mark.parametrize(
    ('tracker_class', 'box'), [(TinyTracker, [3, -2, 43, 78]), (StayingTracker, [0, 0, 40, 80])]
)
def test_whether_tentative_tracks_are_predicted(tracker_class, box):
    tracker = moving(tracker_class(keep_tentative=True), 3, -2, 0, 0)
    before = tracker.tracks.covariances.copy()
    tracker.update(Detections.empty())
    assert LETTERS[tracker.tracks.states[0]] == 'T'
    np.testing.assert_allclose(tracker.tracks.boxes, [box], atol=1e-12)
    assert (tracker.tracks.covariances == before).all() == (tracker_class is StayingTracker)


@pytest.mark.parametrize('tracker_class', [TinyTracker, StayingTracker, FilterlessTracker])
@pytest.mark.parametrize('confirm_new', [True, False])
def test_camera_motion_moves_every_track(tracker_class, confirm_new):
    tracker = tracker_class(confirm_new=confirm_new, keep_tentative=True)
    tracker.update(frame_of(BOX))
    shift = [[1, 0, 100], [0, 1, -50]]
    tracker.update(Detections.empty(), camera_motion=shift)
    np.testing.assert_allclose(tracker.tracks.boxes, [[100, -50, 140, 30]], atol=1e-12)
    tracker.update(frame_of((200, -100, 240, -20)), camera_motion=np.array(shift))
    assert tracker.tracks.ids.tolist() == [1]
    assert LETTERS[tracker.tracks.states[0]] == 'C'


@BY_FILTER
def test_without_camera_motion_the_same_track_is_not_found(tracker_class):
    tracker = tracker_class(keep_tentative=True)
    tracker.update(frame_of(BOX))
    tracker.update(frame_of((100, -50, 140, 30)))
    assert tracker.tracks.ids.tolist() == [1, 2]


def test_camera_motion_comes_after_the_prediction():
    # Variance of x in XYSR: 10 at birth, 1e4 of its velocity, 1 of the step; then times 2^2.
    tracker = ConstantNoiseTracker(keep_tentative=True)
    tracker.update(frame_of(BOX))
    tracker.update(Detections.empty(), camera_motion=[[2, 0, 0], [0, 2, 0]])
    assert tracker.tracks.covariances[0, 0, 0] == pytest.approx(4 * (10 + 1e4 + 1), rel=1e-12)
    np.testing.assert_allclose(tracker.tracks.boxes, [[0, 0, 80, 160]], atol=1e-9)


@BY_FILTER
def test_camera_motion_without_tracks(tracker_class):
    tracker = tracker_class(confirm_new=True)
    tracked = tracker.update(frame_of(BOX), camera_motion=[[1, 0, 100], [0, 1, 0]])
    assert tracked.boxes.tolist() == [list(BOX)]


@BY_FILTER
def test_a_bad_camera_motion_is_refused_before_anything_happens(tracker_class):
    tracker, twin = tracker_class(), tracker_class()
    for one in (tracker, twin):
        play(one, 'xx')
    with pytest.raises(ValueError, match='camera_motion'):
        tracker.update(frame_of(BOX), camera_motion=[[1, 0, np.nan], [0, 1, 0]])
    assert tracker.frame == twin.frame
    expected, tracked = twin.update(frame_of(BOX)), tracker.update(frame_of(BOX))
    np.testing.assert_array_equal(tracked.boxes, expected.boxes)


# Matching


def two_tracks(**arguments):
    """Two squares as tracks; as detections the second of them, and the first moved by half."""
    tracker = FilterlessTracker(confirm_new=True, **arguments)
    tracker.update(frame_of((0, 0, 10, 10), (100, 0, 110, 10)))
    tracker.detections = frame_of((100, 0, 110, 10), (5, 0, 15, 10), scores=[0.9, 0.6])
    return tracker


@pytest.mark.parametrize(('plus_one', 'overlap'), [(False, 1 / 3), (True, 3 / 8)])
def test_costs_take_rows_and_columns(plus_one, overlap):
    tracker = two_tracks(plus_one_iou=plus_one)
    rows, columns = np.array([1, 0]), np.array([1, 0])
    cost = tracker.iou_cost(rows, columns)
    np.testing.assert_allclose(cost, [[1, 0], [1 - overlap, 1]], rtol=1e-14)
    fused = tracker.fused_iou_cost(rows, columns)
    np.testing.assert_allclose(fused, [[1, 0.1], [1 - 0.6 * overlap, 1]], rtol=1e-14)
    only = tracker.iou_cost(np.array([0]), np.array([1]))
    np.testing.assert_allclose(only, [[1 - overlap]], rtol=1e-14)


@pytest.mark.parametrize('solver', ['lap', 'scipy'])
@pytest.mark.parametrize(('reject', 'track'), [('before', 1), ('after', 0)])
def test_match_passes_policy_and_limit_on(solver, reject, track):
    # The rows are tracks 1 and 0: rejecting before matches the first row, after the second.
    matches = two_tracks().match(
        np.array([1, 0]),
        np.array([1, 0]),
        lambda rows, columns: np.array([[0.10, 0.55], [0.15, 0.95]]),
        max_cost=0.5,
        reject=reject,
        solver=solver,
    )
    assert matches.tracks.tolist() == [track]
    assert matches.detections.tolist() == [1]
    assert matches.unmatched_tracks.tolist() == [1 - track]
    assert matches.unmatched_detections.tolist() == [0]


@pytest.mark.parametrize(('rows', 'columns'), [([], [1, 0]), ([1, 0], []), ([], [])])
def test_match_without_rows_or_columns(rows, columns):
    rows, columns = np.array(rows, np.int64), np.array(columns, np.int64)
    matches = two_tracks().match(rows, columns, FilterlessTracker.iou_cost, max_cost=0.5)
    assert len(matches.tracks) == len(matches.detections) == 0
    assert matches.unmatched_tracks.tolist() == rows.tolist()
    assert matches.unmatched_detections.tolist() == columns.tolist()


def test_cost_matrix_forbids_other_classes():
    def zeros(rows, columns):
        return np.zeros((len(rows), len(columns)))

    tracker = FilterlessTracker(confirm_new=True, class_aware=True)
    detections = frame_of(BOX, (500, 0, 540, 80), labels=[1, 2])
    tracker.update(detections)
    cost = tracker.cost_matrix(np.array([0, 1]), np.array([1, 0]), zeros)
    assert cost.tolist() == [[np.inf, 0], [0, np.inf]]


# Arguments


AREAS = ('min_area', 'output_min_area')
OPTIONAL = ('max_aspect_ratio', 'output_max_aspect_ratio')
FLAGS = ('truncate_boxes', 'class_aware', 'compat_released', 'plus_one_iou')


@pytest.mark.parametrize(
    ('argument', 'values', 'constraint'),
    [
        ('max_age', (-1, 1.5, '3', None, True, np.nan, np.inf), 'an int >= 0'),
        ('frame_rate', (0, -30, np.nan, np.inf, '30', None), 'a number > 0'),
        ('min_score', (None, '1', np.nan, np.inf, True), 'a number'),
        *((name, (-1, None, '1', np.nan, np.inf, True), 'a number >= 0') for name in AREAS),
        *((name, (0, -1, np.nan, '1'), 'a number > 0 or None') for name in OPTIONAL),
        *((name, (1, 0, 'yes', None), 'a bool') for name in FLAGS),
        ('clip_to', ((640,), (640, 480, 3), (0, 480), (640, -1), (np.nan, 480)), '(width, height)'),
    ],
)
def test_a_bad_argument_is_named_with_its_range_and_value(argument, values, constraint):
    for value in values:
        start = f"The '{argument}' parameter of TinyTracker must be {constraint}"
        message = f'^{re.escape(start)}.*{re.escape(f"Got {value!r} instead.")}$'
        with pytest.raises(ValueError, match=message):
            TinyTracker(**{argument: value})


@pytest.mark.parametrize(
    'arguments',
    [
        {'max_age': np.int64(3)},
        {'max_age': 0, 'frame_rate': 0.5},
        {'clip_to': [640, 480]},
        {'max_aspect_ratio': 1, 'output_max_aspect_ratio': np.float64(1.6)},
        {'min_score': 1, 'min_area': 0.5, 'output_min_area': 0},
    ],
)
def test_good_arguments_are_stored_unchanged(arguments):
    tracker = TinyTracker(**arguments)
    for name, value in arguments.items():
        assert getattr(tracker, name) is value


def test_defaults():
    tracker = TinyTracker()
    assert [getattr(tracker, name) for name in ('min_score', *AREAS)] == [0, 0, 0]
    assert [getattr(tracker, name) for name in OPTIONAL] == [None, None]
    assert [getattr(tracker, name) for name in FLAGS] == [False] * 4
    assert tracker.clip_to is None
    assert tracker.frame_rate == 30


def test_a_tracker_must_say_what_a_step_is():
    with pytest.raises(TypeError, match='abstract'):
        BaseTracker(max_age=1)
