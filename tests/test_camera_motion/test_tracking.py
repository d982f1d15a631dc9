"""People keep their ids while the camera is jerked about, if its motion is estimated."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mmtrack_ext.association import ByteTracker, Detections
from mmtrack_ext.camera_motion import CameraMotionEstimator

NUM_FRAMES, NUM_PEOPLE = 40, 5
WIDTH, HEIGHT = 480, 320  # of the image
SIZE = np.array([28, 80])  # of a person


def camera_positions(rng):
    """Every frame elsewhere: 50 to 120 pixels to a side, up to 25 up or down. Boxes are 28 wide."""
    found = [np.array([350.0, 200.0])]
    while len(found) < NUM_FRAMES:
        x, y = rng.uniform((280, 185), (420, 215))
        if 50 <= abs(x - found[-1][0]) <= 120 and abs(y - found[-1][1]) <= 25:
            found.append(np.array([x, y]))
    return found


def film(world):
    """Image and (P, 4) boxes of every frame: people who walk slowly across a textured ground."""
    rng = np.random.default_rng(2)
    places = np.column_stack([450 + 70 * np.arange(NUM_PEOPLE), rng.uniform(270, 350, NUM_PEOPLE)])
    pace = rng.uniform(-0.5, 0.5, (NUM_PEOPLE, 2))
    clothes = rng.integers(0, 256, (NUM_PEOPLE, 8, 4, 3), dtype=np.uint8)
    for camera in camera_positions(rng):
        scene = world.copy()
        for (x, y), pattern in zip(places.round().astype(int), clothes, strict=True):
            person = cv2.resize(pattern, tuple(SIZE.tolist()), interpolation=cv2.INTER_NEAREST)
            scene[y : y + SIZE[1], x : x + SIZE[0]] = person
        center = camera + np.array([WIDTH - 1, HEIGHT - 1]) / 2
        image = cv2.getRectSubPix(scene, (WIDTH, HEIGHT), tuple(center.tolist()))
        corners = places.round() - camera
        yield image, np.column_stack([corners, corners + SIZE])
        places = places + pace


def ids_of_people(frames, estimator):
    """(F, P) id of each person in each frame, 0 where there is none."""
    tracker = ByteTracker()
    found = np.zeros((NUM_FRAMES, NUM_PEOPLE), int)
    for frame, (image, boxes) in enumerate(frames):
        warp = None if estimator is None else estimator(image)
        tracked = tracker.update(Detections(boxes, np.full(len(boxes), 0.9)), camera_motion=warp)
        found[frame, tracked.detection_index] = tracked.ids
    return found


@pytest.mark.parametrize('method', ['sparse_flow', 'ecc'])
def test_ids_survive_with_the_camera_motion(world, method):
    estimator = CameraMotionEstimator(method)
    ids = ids_of_people(film(world), estimator)
    assert estimator.failures == 0
    assert (ids == ids[0]).all()
    assert sorted(ids[0]) == [1, 2, 3, 4, 5]


def test_ids_are_lost_without(world):
    ids = ids_of_people(film(world), None)
    kept = (ids[1:] == ids[:-1]) & (ids[1:] > 0)
    assert kept.mean() < 0.05  # hardly anyone has the id of the frame before
    assert ids.max() > 50  # for five people
