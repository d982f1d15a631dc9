"""Costs and gates by hand."""

import numpy as np
import pytest

from mmtrack_ext.association.costs import (
    class_gate,
    cosine_cost,
    forbid,
    fused_iou_cost,
    gated_appearance_cost,
    iou_cost,
)

# Overlaps with the square: a half moved one 50 / 150 = 1 / 3 (66 / 176 = 3 / 8 with + 1), itself 1,
# a far one 0.
SQUARE = np.array([[0.0, 0, 10, 10]])
BOXES = np.array([[5.0, 0, 15, 10], [0, 0, 10, 10], [50, 50, 60, 60]])


@pytest.mark.parametrize(('plus_one', 'overlap'), [(False, 1 / 3), (True, 3 / 8)])
def test_iou_cost(plus_one, overlap):
    cost = iou_cost(SQUARE, BOXES, plus_one=plus_one)
    np.testing.assert_allclose(cost, [[1 - overlap, 0, 1]], rtol=1e-15)
    np.testing.assert_allclose(iou_cost(BOXES, SQUARE, plus_one=plus_one), cost.T, rtol=1e-15)


@pytest.mark.parametrize(('plus_one', 'overlap'), [(False, 1 / 3), (True, 3 / 8)])
def test_fused_iou_cost(plus_one, overlap):
    cost = fused_iou_cost(SQUARE, BOXES, np.array([0.6, 0.9, 0.5]), plus_one=plus_one)
    np.testing.assert_allclose(cost, [[1 - overlap * 0.6, 0.1, 1]], rtol=1e-14)


def test_one_more_pixel_is_not_the_default():
    assert iou_cost(SQUARE, BOXES)[0, 0] == pytest.approx(2 / 3)
    assert fused_iou_cost(SQUARE, BOXES, np.ones(3))[0, 0] == pytest.approx(2 / 3)


def test_scores_belong_to_the_detections():
    tracks = np.concatenate([SQUARE, BOXES[:1]])
    cost = fused_iou_cost(tracks, tracks, np.array([0.6, 0.9]))
    # 1 - 0.6, 1 - 0.9 / 3; 1 - 0.6 / 3, 1 - 0.9
    np.testing.assert_allclose(cost, [[0.4, 0.7], [0.8, 0.1]], rtol=1e-14)


def test_iou_costs_leave_their_arguments_alone():
    boxes, scores = BOXES.copy(), np.array([0.6, 0.9, 0.5])
    iou_cost(boxes, boxes)
    fused_iou_cost(boxes, boxes, scores)
    np.testing.assert_array_equal(boxes, BOXES)
    assert scores.tolist() == [0.6, 0.9, 0.5]


@pytest.mark.parametrize(
    ('a', 'b', 'cost'),
    [
        ([3, 4], [4, 3], 1 / 25),  # 1 - (12 + 12) / (5 * 5)
        ([3, 4], [30, 40], 0),
        ([3, 4], [-4, 3], 1),
        ([3, 4], [-3, -4], 2),
        ([3, 4], [0, 0], 1),
        ([0, 0], [3, 4], 1),
        ([0, 0], [0, 0], 1),
    ],
)
def test_cosine_cost(a, b, cost):
    vectors = np.array([a], np.float32), np.array([b], np.float32)
    assert cosine_cost(*vectors)[0, 0] == pytest.approx(cost, abs=1e-15)
    assert vectors[0].tolist() == [a]
    assert vectors[1].tolist() == [b]


def test_cosine_cost_has_a_row_a_track():
    tracks, detections = np.eye(3)[:2], np.eye(3)[[1, 2, 0]]
    assert cosine_cost(tracks, detections).tolist() == [[1, 1, 0], [0, 1, 1]]


def test_class_gate():
    gate = class_gate(np.array([0, 1]), np.array([0, 1, 2]))
    assert gate.tolist() == [[False, True, True], [True, False, True]]


def test_forbid():
    cost = np.array([[0.1, 0.2], [0.3, 0.4]])
    gated = forbid(cost, np.array([[False, True], [True, False]]))
    assert gated.tolist() == [[0.1, np.inf], [np.inf, 0.4]]
    assert cost.tolist() == [[0.1, 0.2], [0.3, 0.4]]


def test_appearance_counts_where_it_is_alike_and_near():
    appearance = np.array([[0.2, 0.5, 0.6, 0.2, 0.2]])
    overlap = np.array([[0.0, 0.5, 0.0, 0.5, 0.6]])
    cost = gated_appearance_cost(
        appearance, overlap, max_appearance_cost=0.25, max_overlap_cost=0.5
    )
    assert cost.tolist() == [[0.1, 0.25, 1, 0.1, 1]]  # half the cosine cost, limits accepted
