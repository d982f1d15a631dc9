"""The table of one frame's detections: checks, defaults, indexing."""

import dataclasses

import numpy as np
import pytest

from mmtrack_ext.association.detections import Detections, TrackedBoxes

nan, inf = float('nan'), float('inf')
BOXES = [[0, 0, 10, 20], [5, 5, 9, 9], [1, 2, 3, 4]]
SCORES = [0.9, 0.4, 0.7]
COLUMNS = ('boxes', 'scores', 'labels', 'embeddings', 'displacements', 'centers')


def full():
    return Detections(
        boxes=BOXES,
        scores=SCORES,
        labels=[2, 0, 1],
        embeddings=[[1, 0, 0, 0], [0, 2, 0, 0], [0, 0, 3, 0]],
        displacements=[[1, -1], [2, -2], [3, -3]],
        centers=[[5, 10], [7, 7], [2, 3]],
    )


@pytest.mark.parametrize(
    ('column', 'values', 'row'),
    [
        ('boxes', [[0, 0, 1, 1], [0, nan, 1, 1], [nan, 0, 1, 1]], 1),
        ('boxes', [[0, 0, 1, 1], [0, 0, 1, 1], [0, 0, inf, 1]], 2),
        ('boxes', [[0, 0, -inf, 1], [0, 0, 1, 1], [0, 0, 1, 1]], 0),
        ('boxes', [[0, 0, 1, 1], [5, 0, 4.9, 1], [5, 0, 4, 1]], 1),
        ('boxes', [[0, 0, 1, 1], [0, 0, 1, 1], [0, 5, 1, 4.9]], 2),
        ('scores', [0.5, 0.5, nan], 2),
        ('scores', [inf, nan, 0.5], 0),
        ('labels', [0, nan, 1], 1),
        ('labels', [0, 1, 1.5], 2),
        ('embeddings', [[0, 1], [0, nan], [0, 1]], 1),
        ('displacements', [[0, 1], [0, 1], [-inf, 1]], 2),
        ('centers', [[nan, 1], [0, 1], [nan, 1]], 0),
    ],
)
def test_a_bad_value_is_named_by_column_and_first_row(column, values, row):
    columns = {'boxes': BOXES, 'scores': SCORES, column: values}
    with pytest.raises(ValueError, match=rf"^The '{column}' column of Detections.* Row {row} is "):
        Detections(**columns)


@pytest.mark.parametrize(
    ('column', 'values', 'message'),
    [
        ('boxes', [[0, 0, 1]] * 3, r'must have shape \(D, 4\)\. Got \(3, 3\)'),
        ('boxes', [0, 0, 1, 1], r'must have shape \(D, 4\)\. Got \(4,\)'),
        ('scores', [[0.5]] * 3, r'must have shape \(D,\)\. Got \(3, 1\)'),
        ('scores', [0.5] * 2, r"as many rows as 'boxes', 3\. Got 2"),
        ('labels', [0] * 4, r"as many rows as 'boxes', 3\. Got 4"),
        ('labels', [0.0] * 4, r"as many rows as 'boxes', 3\. Got 4"),
        ('labels', [[0]] * 3, r'must have shape \(D,\)\. Got \(3, 1\)'),
        ('embeddings', [0, 1, 2], r'must have shape \(D, C\)\. Got \(3,\)'),
        ('embeddings', [[0, 1]] * 2, r"as many rows as 'boxes', 3\. Got 2"),
        ('displacements', [[0, 1, 2]] * 3, r'must have shape \(D, 2\)\. Got \(3, 3\)'),
        ('displacements', [[0, 1]], r"as many rows as 'boxes', 3\. Got 1"),
        ('centers', [[0]] * 3, r'must have shape \(D, 2\)\. Got \(3, 1\)'),
        ('centers', [[0, 1]] * 5, r"as many rows as 'boxes', 3\. Got 5"),
    ],
)
def test_a_bad_shape_is_named(column, values, message):
    columns = {'boxes': BOXES, 'scores': SCORES, column: values}
    with pytest.raises(ValueError, match=rf"^The '{column}' column of Detections .*{message}"):
        Detections(**columns)


def test_boxes_without_width_or_height_are_boxes():
    boxes = [[3, 4, 3, 9], [3, 4, 5, 4], [3, 4, 3, 4]]
    assert Detections(boxes, SCORES).boxes.tolist() == boxes


def test_defaults():
    detections = Detections(BOXES, SCORES)
    assert detections.labels.tolist() == [0, 0, 0]
    assert [getattr(detections, name) for name in COLUMNS[3:]] == [None] * 3
    assert len(detections) == 3


def test_types():
    detections = full()
    types = [getattr(detections, name).dtype for name in COLUMNS]
    assert types == [np.float64, np.float64, np.int64, np.float32, np.float64, np.float64]


@pytest.mark.parametrize('labels', [[2.0, 0.0, 1.0], np.array([2, 0, 1], np.uint8)])
def test_whole_numbers_are_labels(labels):
    converted = Detections(BOXES, SCORES, labels).labels
    assert converted.dtype == np.int64
    assert converted.tolist() == [2, 0, 1]


@pytest.mark.parametrize('name', COLUMNS)
def test_columns_are_read_only(name):
    for detections in (full(), full()[1:], full()[[2, 0]]):
        with pytest.raises(ValueError, match='read-only'):
            getattr(detections, name)[0] = 7
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(detections, name, None)


def test_the_callers_arrays_stay_writeable():
    boxes, scores = np.array(BOXES, np.float64), np.array(SCORES)
    labels, embeddings = np.array([2, 0, 1]), np.ones((3, 4), np.float32)
    Detections(boxes, scores, labels, embeddings, np.zeros((3, 2)), np.zeros((3, 2)))
    for values in (boxes, scores, labels, embeddings):
        values[0] = 7
        assert (values[0] == 7).all()


@pytest.mark.parametrize(
    ('rows', 'expected'),
    [
        (np.array([True, False, True]), [0, 2]),
        (np.array([2, 0]), [2, 0]),
        ([1, 1], [1, 1]),
        (1, [1]),
        (-1, [2]),
        (np.int64(1), [1]),
        (slice(1, None), [1, 2]),
        (slice(None, None, -1), [2, 1, 0]),
        (np.zeros(3, bool), []),
        (np.empty(0, np.int64), []),
    ],
)
def test_indexing_takes_the_rows_of_every_column(rows, expected):
    detections = full()
    chosen = detections[rows]
    assert len(chosen) == len(expected)
    for name in COLUMNS:
        column = getattr(detections, name)
        np.testing.assert_array_equal(getattr(chosen, name), column[np.array(expected, int)])


def test_indexing_leaves_missing_columns_missing():
    chosen = Detections(BOXES, SCORES)[np.array([1])]
    assert chosen.scores.tolist() == [0.4]
    assert [getattr(chosen, name) for name in COLUMNS[3:]] == [None] * 3


@pytest.mark.parametrize(
    'detections',
    [
        Detections([], []),
        Detections([], [], [], [], [], []),
        Detections.empty(),
        full()[:0],
    ],
)
def test_a_frame_without_detections(detections):
    assert len(detections) == 0
    assert detections.boxes.shape == (0, 4)
    assert detections.labels.dtype == np.int64


def test_indexing_of_tracked_boxes():
    tracked = TrackedBoxes(
        ids=np.array([3, 5, 8]),
        boxes=np.array(BOXES, np.float64),
        scores=np.array(SCORES),
        labels=np.array([2, 0, 1]),
        detection_index=np.array([1, -1, 0]),
    )
    assert tracked[-1].ids.tolist() == tracked[np.int64(2)].ids.tolist() == [8]
    chosen = tracked[tracked.ids > 3]
    assert len(chosen) == 2
    assert chosen.ids.tolist() == [5, 8]
    assert chosen.boxes.tolist() == BOXES[1:]
    assert chosen.scores.tolist() == [0.4, 0.7]
    assert chosen.labels.tolist() == [0, 1]
    assert chosen.detection_index.tolist() == [-1, 0]


def test_columns_of_tracked_boxes_cannot_be_replaced():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TrackedBoxes.empty().ids = np.array([1])


def test_no_tracked_boxes():
    tracked = TrackedBoxes.empty()
    assert len(tracked) == 0
    assert tracked.boxes.shape == (0, 4)


def test_negative_label_is_refused():
    with pytest.raises(
        ValueError, match=r"'labels' column of Detections must be >= 0. Row 1 is -1"
    ):
        Detections(BOXES, SCORES, [0, -1, 2])


def test_boxes_a_billion_pixels_away_are_no_boxes():
    Detections([[0, 0, 1e9, 10]], [0.9])
    with pytest.raises(ValueError, match=r"'boxes' column .* pixels.* Row 1 is"):
        Detections([[0, 0, 10, 10], [0, 0, 1e200, 10]], [0.9, 0.9])
