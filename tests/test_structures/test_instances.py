"""Copies between torch and NumPy keep every bit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData

from mmtrack_ext.association.detections import Detections, TrackedBoxes
from mmtrack_ext.structures import (
    detections_to_instances,
    instances_to_detections,
    instances_to_tracked,
    tracked_to_instances,
)


def instances(boxes, scores=None, **columns):
    boxes = torch.tensor(boxes, dtype=torch.float32)
    scores = torch.full((len(boxes),), 0.5) if scores is None else torch.tensor(scores)
    labels = torch.zeros(len(boxes), dtype=torch.long)
    return InstanceData(bboxes=boxes, scores=scores, labels=labels, **columns)


def test_float32_is_widened_once():
    detections = instances_to_detections(instances([[0.1, 0.2, 10.3, 20.4]]))
    assert detections.boxes.dtype == np.float64
    # 0.1 as float32 is 13421773 / 2**27
    assert detections.boxes[0, 0] == 13421773 / 2**27


def test_degenerate_boxes_are_dropped_with_their_columns():
    boxes = [[0, 0, 10, 10], [5, 5, 5, 9], [5, 9, 8, 5], [1, 1, 2, 2]]
    embeddings = torch.arange(8.0).reshape(4, 2)
    found = instances_to_detections(instances(boxes, [0.9, 0.8, 0.7, 0.6], embeddings=embeddings))
    assert found.boxes.tolist() == [[0, 0, 10, 10], [1, 1, 2, 2]]
    assert found.scores.tolist() == [np.float32(0.9), np.float32(0.6)]
    assert found.embeddings.tolist() == [[0, 1], [6, 7]]


@pytest.mark.parametrize('bad', [float('nan'), float('inf')])
def test_a_diverged_network_is_named(bad):
    with pytest.raises(ValueError, match=r"'boxes' column.*Row 1"):
        instances_to_detections(instances([[0, 0, 1, 1], [0, 0, bad, 1]]))


def test_detections_there_and_back():
    rng = np.random.default_rng(0)
    corners = rng.random((5, 2)) * 100
    detections = Detections(
        np.hstack([corners, corners + 1 + rng.random((5, 2))]),
        rng.random(5),
        rng.integers(0, 3, 5),
        rng.random((5, 4)),
        rng.random((5, 2)),
        rng.random((5, 2)),
    )
    back = instances_to_detections(detections_to_instances(detections))
    for name, column in vars(detections).items():
        np.testing.assert_array_equal(getattr(back, name), column)


def test_tracks_there_and_back():
    tracked = TrackedBoxes(
        ids=np.array([3, 7]),
        boxes=np.array([[0.1, 0.2, 0.3, 0.4], [1 / 3, 0, 1, 1]]),
        scores=np.array([0.1, 1 / 3]),
        labels=np.array([0, 2]),
        detection_index=np.array([-1, 4]),
    )
    instances_ = tracked_to_instances(tracked)
    assert instances_.instances_id.tolist() == [3, 7]
    back = instances_to_tracked(instances_.to_dict())
    for name, column in vars(tracked).items():
        np.testing.assert_array_equal(getattr(back, name), column)
