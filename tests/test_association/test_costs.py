"""Costs and gates by hand."""

import numpy as np
import pytest

from mmtrack_ext.association.costs import (
    class_gate,
    cosine_cost,
    forbid,
    gated_appearance_cost,
    overlap_cost,
)


def test_overlap_cost():
    overlap = np.array([[0, 1 / 3], [1, 0.5]])
    np.testing.assert_allclose(overlap_cost(overlap), [[1, 2 / 3], [0, 0.5]], rtol=1e-15)
    # the scores belong to the detections: .6 to the first column, .9 to the second
    fused = overlap_cost(overlap, np.array([0.6, 0.9]))
    np.testing.assert_allclose(fused, [[1, 0.7], [0.4, 0.55]], rtol=1e-14)


def test_overlap_cost_leaves_its_arguments_alone():
    overlap, scores = np.array([[0, 0.25], [1, 0.5]]), np.array([0.6, 0.9])
    overlap_cost(overlap)
    overlap_cost(overlap, scores)
    assert overlap.tolist() == [[0, 0.25], [1, 0.5]]
    assert scores.tolist() == [0.6, 0.9]


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
