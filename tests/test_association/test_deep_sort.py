"""DeepSORT against what both published programs printed, and its rules by hand."""

from __future__ import annotations

import json
import math
import re

import numpy as np
import pytest

from mmtrack_ext.association.assignment import linear_assignment
from mmtrack_ext.association.cascades import match_by_age
from mmtrack_ext.association.detections import Detections
from mmtrack_ext.association.trackers import DeepSORTTracker
from mmtrack_ext.fileio import read_detections

NWOJKE = ['app_default', 'readme', 'budget5', 'nms05', 'minh60']
PADDLE = ['yaml', 'deploy22']
PADDLE_INPUT = dict(variant='paddle', min_score=0.3, clip_to=(960, 540))
RELEASED = dict(min_confidence=0.3, nn_budget=100)  # of the authors' program for MOT16
# Rows, distinct ids and largest id that the programs gave; no boxes were kept of these runs.
COUNTED = {
    'cos05': (dict(min_confidence=0, max_cosine_distance=0.05), (1112, 49, 233)),
    'iou05_age10_n1': (dict(max_iou_distance=0.5, max_age=10, n_init=1), (1140, 25, 132)),
    'age70_iou09': (dict(max_iou_distance=0.9, max_age=70), (1129, 15, 87)),
    'n5': (dict(nn_budget=None, n_init=5), (1013, 22, 146)),
    'paddle_euclidean': (
        dict(
            PADDLE_INPUT,
            metric='euclidean',
            max_cosine_distance=0.5,
            nn_budget=20,
            max_age=70,
            max_iou_distance=0.9,
            output_min_area=2000,
            output_max_aspect_ratio=0.5,
        ),
        (1076, 15, 87),
    ),
}
SEQUENCES = {
    'ADL-Rundle-6',
    'ETH-Sunnyday',
    'KITTI-17',
    'PETS09-S2L1',
    'TUD-Campus',
    'Venice-2',
}
# The program's counts for a sequence that the recording leaves out.
STADTMITTE = {'tag': 'TUD-Stadtmitte', 'rows': 929, 'ids': 14, 'max_id': 26}


@pytest.fixture(scope='module')
def folder(golden):
    return golden / 'deepsort'


@pytest.fixture(scope='module')
def scene(folder):
    return [frame for frame, _ in read_detections(folder / 'synth.npz')]


def table(tracker, frames):
    """(N, 6) frame, id, left, top, width, height, as the programs write it."""
    rows = []
    for number, frame in enumerate(frames, start=1):
        tracked = tracker.update(frame)
        sizes = tracked.boxes[:, 2:] - tracked.boxes[:, :2]
        numbers = np.full(len(tracked), number)
        rows.append(np.column_stack([numbers, tracked.ids, tracked.boxes[:, :2], sizes]))
    return np.concatenate(rows)


def counts(rows):
    return len(rows), len(np.unique(rows[:, 1])), rows[:, 1].max()


def settings_of(folder, program, tag):
    [settings] = [
        settings
        for settings in json.loads((folder / f'{program}_expected.json').read_text())
        if settings['tag'] == tag
    ]
    return settings


def check_equal(rows, path):
    expected = np.loadtxt(path, delimiter=',')
    np.testing.assert_array_equal(rows[:, :2], expected[:, :2])  # the same ids in the same order
    np.testing.assert_allclose(rows[:, 2:], expected[:, 2:6], rtol=0, atol=0.011)


@pytest.mark.parametrize('tag', NWOJKE)
def test_equals_the_authors_program(folder, scene, tag):
    settings = settings_of(folder, 'nwojke', tag)
    names = ('min_confidence', 'nms_max_overlap', 'min_detection_height', 'max_cosine_distance')
    tracker = DeepSORTTracker(**{name: settings[name] for name in (*names, 'nn_budget')})
    rows = table(tracker, scene)
    check_equal(rows, folder / f'nwojke_{tag}.txt')
    assert counts(rows) == (settings['rows'], settings['ids'], settings['max_id'])


@pytest.mark.parametrize('tag', PADDLE)
def test_equals_paddles_program(folder, scene, tag):
    settings = settings_of(folder, 'paddle', tag)
    tracker = DeepSORTTracker(
        **PADDLE_INPUT,
        metric=settings['metric_type'],
        max_cosine_distance=settings['matching_threshold'],
        nn_budget=settings['budget'],
        max_iou_distance=settings['max_iou_distance'],
        max_age=settings['max_age'],
        n_init=settings['n_init'],
        output_min_area=settings['min_box_area'],
        output_max_aspect_ratio=None,  # vertical_ratio -1
    )
    rows = table(tracker, scene)
    check_equal(rows, folder / f'paddle_{tag}.txt')
    assert counts(rows) == (settings['rows'], settings['ids'], settings['max_id'])


def test_paddle_remembers_the_score_of_the_last_match(folder, scene):
    tracker = DeepSORTTracker(**PADDLE_INPUT, max_age=70, max_iou_distance=0.9)
    scores = np.concatenate([tracker.update(frame).scores for frame in scene])
    expected = np.loadtxt(folder / 'paddle_yaml.txt', delimiter=',')[:, 6]
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize('tag', COUNTED)
def test_counts_of_the_programs(scene, tag):
    arguments, expected = COUNTED[tag]
    assert counts(table(DeepSORTTracker(**arguments), scene)) == expected


def with_made_up_features(frame, projection):
    """A frame whose embeddings depend on the boxes, by the recipe of the recording."""
    left, top, right, bottom = frame.boxes.T
    width, height = right - left, bottom - top
    shape = [(left + width / 2) / 200, (top + height / 2) / 200, np.log(height), 4 * width / height]
    angles = np.stack(shape, axis=1) @ projection.T
    features = np.round(np.hstack([np.cos(angles), np.sin(angles)]) / 8, 6)
    return Detections(frame.boxes, frame.scores, frame.labels, features.astype(np.float32))


@pytest.mark.parametrize('sequence', sorted(SEQUENCES | {'TUD-Stadtmitte'}))
def test_counts_on_real_detections(folder, shared_data, sequence):
    recorded = json.loads((folder / 'nwojke_sortdet_rff_expected.json').read_text())
    [expected] = [run for run in (*recorded, STADTMITTE) if run['tag'] == sequence]
    path = shared_data / 'MOT15' / 'train' / sequence / 'det' / 'det.txt'
    projection = np.random.RandomState(0).randn(64, 4)  # as recorded
    frames = [with_made_up_features(frame, projection) for frame, _ in read_detections(path)]
    rows = table(DeepSORTTracker(**RELEASED), frames)
    assert counts(rows) == (expected['rows'], expected['ids'], expected['max_id'])


def test_every_recording_is_tested(folder):
    recorded = {path.stem for path in folder.glob('*.txt')}
    assert recorded == {f'nwojke_{tag}' for tag in NWOJKE} | {f'paddle_{tag}' for tag in PADDLE}
    recorded = json.loads((folder / 'nwojke_sortdet_rff_expected.json').read_text())
    assert {run['tag'] for run in recorded} == SEQUENCES


# By hand. Boxes are 40 x 100; looks are directions in a plane, at distance 1 - cos of their angle.


def look(degrees):
    return math.cos(math.radians(degrees)), math.sin(math.radians(degrees))


NO_LOOK = (0.0, 0.0)
NOTHING = Detections.empty()


def box_at(x, height=100.0):
    return (x, 0.0, x + 40, height)


def frame_of(*things, scores=0.9, labels=None):
    """A frame of (box, look)."""
    boxes, looks = zip(*things, strict=True)
    return Detections(boxes, np.broadcast_to(scores, len(boxes)), labels, looks)


ONE = frame_of((box_at(0), look(0)))


def run(tracker, *frames):
    for frame in frames:
        tracked = tracker.update(frame)
    return tracked


def rows_by_id(tracked):
    return dict(zip(tracked.ids.tolist(), tracked.detection_index.tolist(), strict=True))


def test_a_track_is_reported_from_its_third_sighting_and_for_one_frame_after_a_miss():
    tracker = DeepSORTTracker()
    reported = [tracker.update(frame) for frame in (ONE, ONE, ONE, NOTHING, NOTHING, ONE)]
    assert [rows_by_id(tracked) for tracked in reported] == [{}, {}, {1: 0}, {1: -1}, {}, {1: 0}]
    assert reported[3].scores.tolist() == [0.9]


def test_the_frame_after_a_miss_shows_the_prediction():
    tracker = DeepSORTTracker()
    seen = run(tracker, *(frame_of((box_at(10.0 * frame), look(0))) for frame in range(30)))
    np.testing.assert_allclose(seen.boxes, [box_at(290)], atol=1)
    np.testing.assert_allclose(tracker.update(NOTHING).boxes, [box_at(300)], atol=1)


@pytest.mark.parametrize(('n_init', 'sightings'), [(1, 2), (2, 2), (3, 3), (4, 4)])
def test_sightings_until_a_track_is_reported(n_init, sightings):
    tracker = DeepSORTTracker(n_init=n_init)
    reported = [len(tracker.update(ONE)) for _ in range(6)]
    assert reported == [0] * (sightings - 1) + [1] * (7 - sightings)


def test_a_tentative_track_that_is_missed_is_forgotten_and_its_id_not_used_again():
    assert run(DeepSORTTracker(), ONE, ONE, NOTHING, ONE, ONE, ONE).ids.tolist() == [2]


@pytest.mark.parametrize(('gap', 'found'), [(5, {1: 0}), (6, {})])
def test_a_lost_track_is_found_by_its_look_up_to_max_age(gap, found):
    tracker = DeepSORTTracker(max_age=5)
    assert rows_by_id(run(tracker, *[ONE] * 3, *[NOTHING] * (gap - 1), ONE)) == found


@pytest.mark.parametrize(('frame_rate', 'found'), [(30, {1: 0}), (29, {})])
def test_max_age_is_in_frames_at_thirty_per_second(frame_rate, found):
    tracker = DeepSORTTracker(max_age=30, frame_rate=frame_rate)
    assert rows_by_id(run(tracker, *[ONE] * 3, *[NOTHING] * 29, ONE)) == found


def test_the_fresher_track_chooses_first():
    # Track 1 looks like 0 and was seen two frames ago, track 2 looks like 40 and was seen in the
    # last frame. A thing that looks like 10 stands where track 1 was: at distance 0.02 of it and
    # 0.13 of track 2, which takes it all the same.
    first, second = (box_at(0), look(0)), (box_at(12), look(40))
    both = frame_of(first, second, scores=[0.9, 0.8])
    tracker = DeepSORTTracker()
    assert rows_by_id(run(tracker, both, both, both)) == {1: 0, 2: 1}
    assert rows_by_id(run(tracker, frame_of(second))) == {1: -1, 2: 0}
    assert rows_by_id(run(tracker, frame_of((box_at(0), look(10))))) == {2: 0}
    # Seen equally long ago, track 1 takes it.
    tracker = DeepSORTTracker()
    run(tracker, both, both, both, NOTHING)
    assert rows_by_id(run(tracker, frame_of((box_at(0), look(10))))) == {1: 0}


@pytest.mark.parametrize(('degrees', 'found'), [(36, {1: 0}), (37, {})])
def test_looks_match_up_to_their_limit(degrees, found):
    # cos 36 = 0.81, cos 37 = 0.799; the limit is 0.2. Lost for two frames, so not by IoU.
    tracker = DeepSORTTracker()
    run(tracker, ONE, ONE, ONE, NOTHING)
    assert rows_by_id(run(tracker, frame_of((box_at(0), look(degrees))))) == found


@pytest.mark.parametrize(('degrees', 'found'), [(29, {1: 0}), (30, {1: -1})])
def test_euclidean_distances_are_squared(degrees, found):
    # The chord of 29 degrees is 2 sin 14.5 = 0.5008, its square 0.2508; of 30 degrees 0.2679.
    limits = dict(max_cosine_distance=0.2510, max_iou_distance=0)
    tracker = DeepSORTTracker(metric='euclidean', **limits)
    run(tracker, ONE, ONE, ONE)
    assert rows_by_id(run(tracker, frame_of((box_at(1), look(degrees))))) == found


@pytest.mark.parametrize(('squared_distance', 'found'), [(9.48, {1: 0}), (9.49, {1: -1})])
def test_motion_allows_what_is_likely(squared_distance, found):
    # The filter of one coordinate of a box 100 high, written out: prediction adds 5^2 and 0.625^2,
    # a measurement has 5^2. Two sightings, then a third that is off by some standard deviations.
    position, velocity, shared = 10.0**2, 6.25**2, 0.0
    for _ in range(2):
        position, shared = position + 2 * shared + velocity + 25, shared + velocity
        velocity += 0.625**2
        innovation = position + 25
        velocity -= shared**2 / innovation
        position, shared = position * 25 / innovation, shared * 25 / innovation
    offset = math.sqrt(squared_distance * innovation)
    tracker = DeepSORTTracker(n_init=2, max_iou_distance=0)
    run(tracker, ONE, ONE)
    assert rows_by_id(run(tracker, frame_of((box_at(offset), look(0))))) == found


@pytest.mark.parametrize(('budget', 'found'), [(3, {}), (4, {1: 0}), (None, {1: 0})])
def test_the_oldest_look_is_forgotten(budget, found):
    looks = [90, 0, 0, 0]  # the first one matches by IoU
    tracker = DeepSORTTracker(nn_budget=budget)
    run(tracker, *(frame_of((box_at(0), look(degrees))) for degrees in looks), NOTHING)
    assert rows_by_id(run(tracker, frame_of((box_at(0), look(90))))) == found


def test_looks_from_before_the_confirmation_count():
    tracker = DeepSORTTracker()
    run(tracker, *(frame_of((box_at(0), look(degrees))) for degrees in (90, 0, 0)), NOTHING)
    assert rows_by_id(run(tracker, frame_of((box_at(0), look(90))))) == {1: 0}


@pytest.mark.parametrize(('gap', 'found'), [(1, {1: 0}), (2, {})])
@pytest.mark.parametrize(
    'stranger',
    [
        frame_of((box_at(0), look(90))),
        frame_of((box_at(0), NO_LOOK)),
        Detections([box_at(0)], [0.9]),
    ],
    ids=['other look', 'zero embedding', 'no embeddings'],
)
def test_overlap_finds_only_tracks_that_were_seen_in_the_last_frame(stranger, gap, found):
    tracker = DeepSORTTracker()
    run(tracker, ONE, ONE, ONE, *[NOTHING] * (gap - 1))
    assert rows_by_id(tracker.update(stranger)) == found


@pytest.mark.parametrize(('width', 'found'), [(12, {1: 0}), (11, {1: -1})])
def test_overlap_of_at_least_three_tenths(width, found):
    tracker = DeepSORTTracker()
    run(tracker, *[ONE] * 40)
    narrow = frame_of(((0, 0, width, 100), look(90)))
    assert rows_by_id(tracker.update(narrow)) == found


def test_without_embeddings_motion_is_enough():
    tracker = DeepSORTTracker()
    for frame in range(6):
        boxes = [box_at(5.0 * frame), box_at(200 - 5.0 * frame)]
        tracked = tracker.update(Detections(boxes, [0.9, 0.8]))
    assert rows_by_id(tracked) == {1: 0, 2: 1}


def test_a_frame_without_embeddings_teaches_no_look():
    tracker = DeepSORTTracker()
    plain = Detections([box_at(0)], [0.9])
    run(tracker, plain, plain, plain, NOTHING)
    assert rows_by_id(tracker.update(ONE)) == {}  # track 1 has no look, so this is track 2
    run(tracker, ONE, plain, ONE, NOTHING)
    assert rows_by_id(tracker.update(ONE)) == {2: 0}


def test_looks_of_removed_tracks_are_forgotten():
    tracker = DeepSORTTracker(max_age=2)
    strangers = [frame_of((box_at(1000.0 * place), look(0))) for place in range(50)]
    run(tracker, *strangers, ONE)
    assert tracker.gallery._ids.tolist() == [51]
    assert len(tracker.gallery._samples) <= 2
    run(tracker, ONE, NOTHING, NOTHING, NOTHING)
    assert tracker.gallery._ids.tolist() == []


def test_zero_embeddings_never_match_each_other():
    nobody = frame_of((box_at(0), NO_LOOK))
    tracker = DeepSORTTracker()
    assert rows_by_id(run(tracker, nobody, nobody, nobody)) == {1: 0}  # by overlap
    assert rows_by_id(run(tracker, NOTHING, nobody)) == {}


@pytest.mark.parametrize(('class_aware', 'found'), [(False, {1: 0}), (True, {1: -1})])
@pytest.mark.parametrize('looks', [look(0), look(90)], ids=['by look', 'by overlap'])
def test_classes(class_aware, found, looks):
    tracker = DeepSORTTracker(class_aware=class_aware)
    run(tracker, ONE, ONE, ONE)
    other = frame_of((box_at(0), looks), labels=[3])
    assert rows_by_id(tracker.update(other)) == found


def test_a_moving_camera_is_followed():
    # Two alike things 200 apart; then the image turns by 90 degrees about (150, 150).
    warp = np.array([[0.0, -1, 300], [1, 0, 0]])
    boxes = np.array([[100.0, 130, 140, 170], [160, 130, 200, 170]])
    turned = np.array([[130.0, 100, 170, 140], [130, 160, 170, 200]])
    for camera_motion, expected in ((warp, {1: 0, 2: 1}), (None, {1: -1, 2: -1})):
        tracker = DeepSORTTracker()
        looks = [look(0), look(0)]
        for _ in range(20):
            tracker.update(Detections(boxes, [0.9, 0.8], None, looks))
        there = Detections(turned, [0.9, 0.8], None, looks)
        assert rows_by_id(tracker.update(there, camera_motion=camera_motion)) == expected


# What is dropped before tracking.


def kept(tracker, boxes, scores):
    """Rows of the detections that a third identical frame reports, by id."""
    looks = np.eye(len(boxes))
    frame = Detections(boxes, scores, None, looks)
    return rows_by_id(run(tracker, frame, frame, frame))


def test_detections_below_the_confidence_are_dropped_and_ids_go_by_score():
    boxes = [box_at(0), box_at(100), box_at(200), box_at(300)]
    scores = [0.29, 0.3, 0.9, 0.5]
    assert kept(DeepSORTTracker(), boxes, scores) == {1: 2, 2: 3, 3: 1}
    assert kept(DeepSORTTracker(min_confidence=0.5), boxes, scores) == {1: 2, 2: 3}
    assert kept(DeepSORTTracker(variant='paddle'), boxes, scores) == {1: 0, 2: 1, 3: 2, 4: 3}


def test_of_equal_scores_the_last_comes_first():
    boxes = [box_at(0), box_at(100), box_at(200)]
    assert kept(DeepSORTTracker(), boxes, [0.5, 0.9, 0.5]) == {1: 1, 2: 2, 3: 0}


def test_low_boxes_are_dropped():
    boxes = [box_at(0, height=59.9), box_at(100, height=60), box_at(200, height=61)]
    boxes[1] = (100, 70.056, 140, 70.056 + 60)  # 59.999999999999986 high
    tracker = DeepSORTTracker(min_detection_height=60)
    assert kept(tracker, boxes, [0.9, 0.8, 0.7]) == {1: 1, 2: 2}
    tracker = DeepSORTTracker(min_detection_height=60, variant='paddle')
    assert kept(tracker, boxes, [0.9, 0.8, 0.7]) == {1: 0, 2: 1, 3: 2}


def test_suppression_measures_the_share_of_the_box_with_the_lower_score():
    # The big box covers the whole of the small one, the small one 11 x 11 of 101 x 101 pixels.
    big, small = (0, 0, 100, 100), (0, 0, 10, 10)
    share = 11 * 11 / (101 * 101)
    for scores, threshold, found in [
        ([0.9, 0.8], 0.99, {1: 0}),
        ([0.9, 0.8], 1.0, {1: 0, 2: 1}),
        ([0.8, 0.9], share - 1e-6, {1: 1}),
        ([0.8, 0.9], share + 1e-6, {1: 1, 2: 0}),
    ]:
        tracker = DeepSORTTracker(nms_max_overlap=threshold)
        assert kept(tracker, [big, small], scores) == found


def test_a_box_covered_by_exactly_the_limit_is_kept():
    # 5 of 10 pixel columns of the second box are covered.
    boxes = [(0, 0, 9, 9), (5, 0, 14, 9)]
    assert kept(DeepSORTTracker(nms_max_overlap=0.5), boxes, [0.9, 0.8]) == {1: 0, 2: 1}
    assert kept(DeepSORTTracker(nms_max_overlap=0.49), boxes, [0.9, 0.8]) == {1: 0}


def test_what_is_suppressed_suppresses_nothing():
    # b overlaps a and c by more than half, a and c do not touch.
    a, b, c = (0, 0, 100, 100), (30, 0, 130, 100), (60, 0, 160, 100)
    tracker = DeepSORTTracker(nms_max_overlap=0.5)
    assert kept(tracker, [a, b, c], [0.9, 0.8, 0.7]) == {1: 0, 2: 2}


def test_suppression_is_within_a_class_if_classes_matter():
    labels = np.array([0, 1])
    frame = Detections([box_at(0), box_at(0)], [0.9, 0.8], labels, np.eye(2))
    for class_aware, found in ((False, {1: 0}), (True, {1: 0, 2: 1})):
        tracker = DeepSORTTracker(nms_max_overlap=0.5, class_aware=class_aware)
        assert rows_by_id(run(tracker, frame, frame, frame)) == found


# PaddleDetection's form.


def test_in_paddle_boxes_are_a_pixel_wider_and_higher():
    for variant, expected in (('nwojke', (0, 0, 40, 100)), ('paddle', (0, 0, 41, 101))):
        tracked = run(DeepSORTTracker(variant=variant), ONE, ONE, ONE)
        np.testing.assert_allclose(tracked.boxes, [expected], atol=1e-9)


def test_in_paddle_time_stands_still_in_frames_without_detections():
    tracker = DeepSORTTracker(variant='paddle', max_age=5)
    moving = [frame_of((box_at(10.0 * frame), look(0))) for frame in range(12)]
    run(tracker, *moving[:10])
    for _ in range(100):
        assert len(tracker.update(NOTHING)) == 0
    # The next position is that of the next frame with detections.
    tracked = tracker.update(moving[10])
    assert rows_by_id(tracked) == {1: 0}
    np.testing.assert_allclose(tracked.boxes[0, 0], 100, atol=1)


def test_in_paddle_a_frame_without_detections_forgets_no_tentative_track():
    seen = (ONE, NOTHING, ONE, NOTHING, ONE)
    assert rows_by_id(run(DeepSORTTracker(variant='paddle'), *seen)) == {1: 0}
    assert rows_by_id(run(DeepSORTTracker(), *seen)) == {}


def test_in_paddle_a_frame_of_dropped_detections_is_skipped_too():
    tracker = DeepSORTTracker(variant='paddle', min_score=0.3, max_age=5)
    weak = frame_of((box_at(0), look(0)), scores=0.2)
    assert rows_by_id(run(tracker, *[ONE] * 3, *[weak] * 100, ONE)) == {1: 0}


def test_in_paddle_a_track_missed_in_a_frame_with_detections_is_reported_once_more():
    tracker, other = DeepSORTTracker(variant='paddle'), frame_of((box_at(500), look(90)))
    assert rows_by_id(run(tracker, ONE, ONE, ONE, other)) == {1: -1}
    assert rows_by_id(run(tracker, NOTHING)) == {}
    assert rows_by_id(run(tracker, other)) == {}  # its second miss


def test_in_paddle_a_skipped_frame_still_moves_with_the_camera():
    tracker = DeepSORTTracker(variant='paddle')
    run(tracker, ONE, ONE, ONE)
    tracker.update(NOTHING, camera_motion=[[1, 0, 300], [0, 1, 0]])
    moved = frame_of((box_at(300), look(0)))
    assert rows_by_id(tracker.update(moved)) == {1: 0}


# The cascade.


def cascade_level_by_level(cost, ages, max_cost, max_age):
    """The listing of the paper: pairs, and what is left in the order of the last assignment."""
    pairs, left = {}, np.arange(cost.shape[1])
    for age in range(1, max_age + 1):
        rows = np.flatnonzero(ages == age)
        if len(rows) and len(left):
            matches = linear_assignment(cost[np.ix_(rows, left)], max_cost, solver='scipy')
            matches = matches.of(rows, left)
            pairs.update(zip(matches.tracks.tolist(), matches.detections.tolist(), strict=True))
            left = matches.unmatched_detections
    return pairs, left.tolist()


@pytest.mark.parametrize('seed', range(200))
def test_cascade_equals_the_loop_over_all_ages(seed):
    rng = np.random.default_rng(seed)
    num_tracks, num_detections = rng.integers(0, 12, 2)
    cost = rng.random((num_tracks, num_detections))
    cost[rng.random(cost.shape) < 0.7] = np.inf
    ages = rng.integers(1, 6, num_tracks)
    tracks, detections = np.arange(num_tracks) + 100, rng.permutation(num_detections) + 500
    asked = []

    def cost_of(rows, columns):
        asked.append(ages[rows - 100])
        return cost[np.ix_(rows - 100, np.argsort(detections)[columns - 500])]

    matches = match_by_age(cost_of, tracks, detections, ages, max_cost=0.5, max_age=4)
    pairs, left = cascade_level_by_level(cost, ages, max_cost=0.5, max_age=4)
    expected = {100 + row: detections[column] for row, column in pairs.items()}
    assert dict(zip(matches.tracks.tolist(), matches.detections.tolist(), strict=True)) == expected
    assert matches.unmatched_detections.tolist() == detections[left].tolist()
    assert matches.unmatched_tracks.tolist() == [t for t in tracks if t not in expected]
    assert len(asked) <= 2
    assert all((of_tracks == 1).all() or (of_tracks > 1).all() for of_tracks in asked)


@pytest.mark.parametrize(
    ('argument', 'value', 'message'),
    [
        (
            'variant',
            'nwoike',
            "'variant' parameter of DeepSORTTracker must be one of 'nwojke', 'paddle'",
        ),
        ('metric', 'l2', "must be one of 'cosine', 'euclidean'. Got 'l2' instead."),
        ('nn_budget', 0, "'nn_budget' parameter of DeepSORTTracker must be an int >= 1 or None"),
        ('n_init', 0, 'must be an int >= 1. Got 0'),
        ('max_iou_distance', 1.5, 'must be a number >= 0 and <= 1. Got 1.5'),
        ('nms_max_overlap', -0.1, "'nms_max_overlap' parameter"),
        ('max_cosine_distance', -0.1, 'must be a number >= 0. Got -0.1'),
        ('min_detection_height', None, "'min_detection_height' parameter"),
        ('min_confidence', '0.3', "must be a number. Got '0.3'"),
    ],
)
def test_wrong_arguments_are_named(argument, value, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        DeepSORTTracker(**{argument: value})


def test_embeddings_of_another_length_are_refused():
    tracker = DeepSORTTracker()
    tracker.update(ONE)
    with pytest.raises(ValueError, match=r'Got 3 channels after 2: .* reset\(\) the tracker'):
        tracker.update(Detections([box_at(0)], [0.9], None, [[1, 0, 0]]))
    tracker.reset()
    tracker.update(Detections([box_at(0)], [0.9], None, [[1, 0, 0]]))


@pytest.mark.parametrize(('max_age', 'ids'), [(0, [2, 1]), (1, [1, 2])])
def test_without_age_there_is_no_appearance_stage(max_age, ids):
    """Two people change looks, not places: appearance would change the ids, IoU does not.

    Of equal scores the later row comes first, so the second box has id 1.
    """
    boxes = np.array([[0, 0, 40, 100], [12, 0, 52, 100]], float)
    looks = np.eye(2)
    tracker = DeepSORTTracker(max_age=max_age, min_confidence=0)
    for embeddings in (looks, looks, looks, looks[::-1]):
        tracked = tracker.update(Detections(boxes, np.full(2, 0.9), None, embeddings))
    assert tracked.ids[np.argsort(tracked.detection_index)].tolist() == ids


def test_embeddings_of_another_length_leave_the_tracker_as_it_was():
    boxes, scores = np.array([[0, 0, 40, 100.0]]), np.array([0.9])
    tracker, twin = DeepSORTTracker(), DeepSORTTracker()
    good, bad = (Detections(boxes, scores, None, np.ones((1, size))) for size in (4, 5))
    for frame in (good, good):
        tracker.update(frame)
        twin.update(frame)
    with pytest.raises(ValueError, match='same length'):
        tracker.update(bad)
    assert tracker.frame == twin.frame
    assert tracker.update(good).ids.tolist() == twin.update(good).ids.tolist() == [1]
