"""Similarities by hand and by loops, and what trackers by appearance share."""

import math

import numpy as np
import pytest

from mmtrack_ext.association.boxes import iou
from mmtrack_ext.association.detections import Detections
from mmtrack_ext.association.similarity import (
    METRICS,
    bisoftmax,
    cosine,
    greedy_by_similarity,
    masked_softmax,
    softmax,
)
from mmtrack_ext.association.similarity_tracker import SimilarityTracker

# Two remembered numbers and two detections with dot products 0, 0 and ln 3, 0.
MEMORY = np.array([[0], [math.log(3)]], np.float32)
EMBEDDINGS = np.array([[1], [0]], np.float32)


def test_bisoftmax_by_hand():
    over_memory = np.array([[1 / 4, 1 / 2], [3 / 4, 1 / 2]])
    over_detections = np.array([[1 / 2, 1 / 2], [3 / 4, 1 / 4]])
    similarity = bisoftmax(MEMORY, EMBEDDINGS)
    assert similarity.dtype == np.float64
    np.testing.assert_allclose(similarity, (over_memory + over_detections) / 2, rtol=1e-6)
    np.testing.assert_allclose(softmax(MEMORY, EMBEDDINGS), over_memory, rtol=1e-6)


def test_a_masked_pair_takes_no_share():
    mask = np.array([[True, True], [True, False]])
    # Over memory 1/4, 3/4 and 1, -; over detections 1/2, 1/2 and 1, -.
    expected = [[3 / 8, 3 / 4], [7 / 8, 0]]
    np.testing.assert_allclose(bisoftmax(MEMORY, EMBEDDINGS, mask), expected, rtol=1e-6)
    over_memory = [[1 / 4, 1], [3 / 4, 0]]
    np.testing.assert_allclose(softmax(MEMORY, EMBEDDINGS, mask), over_memory, rtol=1e-6)


@pytest.mark.parametrize('seed', range(5))
def test_bisoftmax_by_loops(seed):
    rng = np.random.default_rng(seed)
    memory = rng.normal(size=(7, 4)).astype(np.float32)
    embeddings = rng.normal(size=(5, 4)).astype(np.float32)
    mask = rng.uniform(size=(7, 5)) < 0.6
    shares = [
        [math.exp(float(a @ b)) * mask[row, column] for column, b in enumerate(embeddings)]
        for row, a in enumerate(memory)
    ]
    similarity = bisoftmax(memory, embeddings, mask)
    for row in range(7):
        for column in range(5):
            expected = 0.0
            if mask[row, column]:
                to_memory = shares[row][column] / sum(line[column] for line in shares)
                to_detections = shares[row][column] / sum(shares[row])
                expected = (to_memory + to_detections) / 2
            assert similarity[row, column] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize('sign', [1, -1])
@pytest.mark.parametrize('mask', [None, np.ones((2, 2), np.bool_)])
def test_logits_of_five_hundred(sign, mask):
    """exp(500) is infinite in float32, and exp(-500) is 0."""
    memory = np.array([[500, 0], [490, 0]], np.float32)
    similarity = bisoftmax(memory, np.array([[sign, 0], [sign, 1]], np.float32), mask)
    share = 1 / (1 + math.exp(-sign * 10))
    expected = [[(share + 0.5) / 2] * 2, [(1 - share + 0.5) / 2] * 2]
    np.testing.assert_allclose(similarity, expected, rtol=1e-6)


def test_masked_softmax_of_a_line_without_entries_is_zero():
    mask = np.array([[True, True], [False, False]])
    shares = masked_softmax(np.zeros((2, 2), np.float32), axis=1, mask=mask)
    assert shares.tolist() == [[0.5, 0.5], [0, 0]]


@pytest.mark.parametrize('metric', METRICS)
@pytest.mark.parametrize('shape', [(0, 3), (3, 0), (0, 0)])
def test_nothing_to_compare(metric, shape):
    rows, columns = (np.ones((count, 2), np.float32) for count in shape)
    assert METRICS[metric](rows, columns, None).shape == shape


def test_a_share_below_float32_is_nothing():
    """One track; a second detection resembles it by 20 (or 10) less than the first."""
    track = np.array([[1]], np.float32)
    far, near = (bisoftmax(track, np.array([[g], [0]], np.float32))[0, 1] for g in (20, 10))
    assert far == 0.5  # in float64 it would be 0.5 + 1e-9, above the published limit
    assert near == pytest.approx(0.5 + math.exp(-10) / 2, abs=1e-7)
    assert near > 0.5


def test_cosine_by_hand():
    memory = np.array([[3, 4], [0, 0], [-2, 0]], np.float32)
    embeddings = np.array([[10, 0], [0, 5]], np.float32)
    expected = np.array([[0.6, 0.8], [0, 0], [-1, 0]])
    np.testing.assert_allclose(cosine(memory, embeddings), expected, atol=1e-7)
    mask = np.array([[False, True], [True, True], [True, True]])
    np.testing.assert_allclose(cosine(memory, embeddings, mask), expected * mask, atol=1e-7)


# Who takes whom


def greedy(similarity, allowed=True, min_similarity=0.5):
    similarity = np.array(similarity)
    allowed = np.broadcast_to(allowed, similarity.shape)
    return greedy_by_similarity(similarity, allowed, min_similarity=min_similarity).tolist()


def test_the_first_detection_chooses_first():
    assert greedy([[0.6, 0.9], [0.55, 0.8]]) == [0, 1]
    assert greedy([[0.6, 0.9], [0.55, 0.4]]) == [0, -1]


def test_what_may_not_be_taken_absorbs():
    """The second row is the best of detection 0, which then takes nothing else."""
    allowed = np.array([[True], [False]])
    assert greedy([[0.8, 0.7], [0.9, 0.1]], allowed) == [-1, 0]


def test_a_similarity_equal_to_the_limit_is_too_little():
    assert greedy([[0.5, np.nextafter(0.5, 1)]]) == [-1, 0]


def test_more_detections_than_rows_and_no_rows():
    assert greedy([[0.9, 0.9, 0.9]]) == [0, -1, -1]
    assert greedy(np.empty((0, 2))) == [-1, -1]
    assert greedy(np.empty((2, 0))) == []


@pytest.mark.parametrize('seed', range(20))
def test_greedy_by_loops(seed):
    """A taken row is worth nothing to all others; of equals the first is the best."""
    rng = np.random.default_rng(seed)
    shape = rng.integers(1, 8, 2)
    similarity = rng.integers(0, 8, shape) / 8
    allowed = rng.uniform(size=shape) < 0.8
    rest, expected = similarity.copy(), []
    for column in range(shape[1]):
        row = max(range(shape[0]), key=lambda row: (rest[row, column], -row))
        takes = rest[row, column] > 0.25 and allowed[row, column]
        expected.append(row if takes else -1)
        if takes:
            rest[row] = 0
    assert greedy(similarity, allowed, min_similarity=0.25) == expected


# What trackers by appearance share


class PlainTracker(SimilarityTracker):
    """Every detection opens a track; the rest is tested through its methods."""

    def __init__(self, **arguments):
        defaults = dict(min_similarity=0.5, momentum=0.8, metric='bisoftmax', max_age=29)
        super().__init__(**(defaults | arguments))

    def step(self):
        self.spawn(np.arange(len(self.detections)))


def random_detections(rng, count, num_classes=3):
    corners = rng.uniform(0, 12 * math.sqrt(count), (count, 2))
    boxes = np.hstack([corners, corners + rng.uniform(15, 25, (count, 2))])
    scores = np.sort(rng.uniform(size=count))[::-1]
    return Detections(
        boxes, scores, rng.integers(0, num_classes, count), rng.normal(size=boxes.shape)
    )


@pytest.mark.parametrize('same_class', [True, False])
@pytest.mark.parametrize('count', [0, 1, 30, 100, 250])
def test_overlaps_better_by_loops(count, same_class):
    rng = np.random.default_rng(count)
    detections = random_detections(rng, count)
    rows = (rng.uniform(size=count) < 0.8).nonzero()[0]
    limits = rng.choice([0.2, 0.4], len(rows))
    overlap = iou(detections.boxes, detections.boxes)
    expected = [
        any(
            overlap[row, earlier] > limit
            and (not same_class or detections.labels[row] == detections.labels[earlier])
            for earlier in range(row)
        )
        for row, limit in zip(rows, limits, strict=True)
    ]
    found = PlainTracker().overlaps_better(detections, rows, min_iou=limits, same_class=same_class)
    assert found.tolist() == expected
    assert count < 30 or 0 < sum(expected) < len(rows)


def test_an_overlap_equal_to_the_limit_is_none():
    boxes = [[0, 0, 10, 10], [0, 0, 10, 5]]
    detections, second = Detections(boxes, [0.9, 0.8]), np.array([1])
    overlaps = PlainTracker().overlaps_better
    assert overlaps(detections, second, min_iou=0.5).tolist() == [False]
    assert overlaps(detections, second, min_iou=np.nextafter(0.5, 0)).tolist() == [True]


def test_detections_stand_by_falling_score_and_equal_ones_as_given():
    boxes = np.array([[0, 0, 10, 10]]) + 100 * np.arange(40)[:, None]
    scores = np.full(40, 0.5)
    scores[[7, 30]] = 0.7, 0.9
    order = [30, 7, *(row for row in range(40) if row not in (7, 30))]
    tracker = PlainTracker()
    tracker.update(Detections(boxes, scores, None, np.eye(40)))
    assert tracker.detections.boxes[:, 0].tolist() == [100 * row for row in order]
    assert tracker.tracks.embeddings.tolist() == np.eye(40)[order].tolist()


def test_embeddings_are_asked_for_only_where_there_are_detections():
    tracker = PlainTracker()
    assert len(tracker.update(Detections.empty())) == 0
    with pytest.raises(ValueError, match='PlainTracker needs detections with embeddings'):
        tracker.update(Detections([[0, 0, 10, 10]], [0.9]))


def test_embeddings_keep_their_length_until_reset():
    tracker = PlainTracker()
    tracker.update(Detections([[0, 0, 10, 10]], [0.9], None, [[1, 2, 3]]))
    other = Detections([[0, 0, 10, 10]], [0.9], None, [[1, 2]])
    with pytest.raises(ValueError, match=r'Got 2 channels after 3: .*reset'):
        tracker.update(other)
    tracker.reset()
    tracker.update(other)
    assert tracker.tracks.embeddings.tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ('argument', 'value', 'range_'),
    [
        ('metric', 'euclidean', "one of 'bisoftmax', 'softmax', 'cosine'"),
        ('momentum', 1.1, 'a number >= 0 and <= 1'),
        ('min_similarity', -0.1, 'a number >= 0 and <= 1'),
    ],
)
def test_arguments_out_of_range(argument, value, range_):
    message = f"'{argument}' parameter of PlainTracker must be {range_}. Got {value!r} instead"
    with pytest.raises(ValueError, match=message):
        PlainTracker(**{argument: value})
