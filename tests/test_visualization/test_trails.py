from __future__ import annotations

import numpy as np
import pytest

from mmtrack_ext.association.detections import TrackedBoxes
from mmtrack_ext.visualization import Trails, color_of


def at(*rows):
    """Boxes 20 wide and 40 high whose bottom centre is at (id, x, y)."""
    table = np.array(rows, np.float64).reshape(-1, 3)
    x, y = table[:, 1], table[:, 2]
    boxes = np.stack([x - 10, y - 40, x + 10, y], axis=1)
    zeros = np.zeros(len(table), np.int64)
    return TrackedBoxes(table[:, 0].astype(np.int64), boxes, zeros + 0.5, zeros, zeros)


def test_points_are_bottom_or_box_centres():
    for point, y in (('bottom', 80), ('center', 60)):
        trails = Trails(point=point)
        trails.update(at((5, 30, 80)))
        trails.update(at((5, 34, 81)))
        assert trails.points(5).tolist() == [[30, y], [34, y + 1]]
    assert trails.points(6).shape == (0, 2)


def test_the_last_frames_are_kept():
    trails = Trails(3)
    for x in range(10):
        trails.update(at((1, x, 50)))
    assert trails.points(1)[:, 0].tolist() == [7, 8, 9]


def test_ids_that_are_gone_are_forgotten():
    trails = Trails(3)
    trails.update(at((1, 10, 50), (2, 20, 50)))
    kept = []
    for _ in range(4):
        trails.update(at((2, 20, 50)))
        kept.append((len(trails), len(trails.points(1))))
    assert kept == [(2, 1), (2, 1), (1, 0), (1, 0)]
    for _ in range(3):
        trails.update(TrackedBoxes.empty())
    assert len(trails) == 0


def test_a_trail_goes_through_its_points_and_fades():
    trails = Trails(30)
    for x in range(10, 71, 5):  # 12 steps: 6 pieces of 2
        trails.update(at((4, x, 50)))
    image = np.zeros((100, 100, 3), np.uint8)
    trails.draw(image)
    strength = image[50, 10:71].max(axis=1) / max(color_of(4))
    assert (strength[-9:-1] > 0.8).all()  # smoothed, so not quite 1
    assert 0.05 < strength[2] < 0.25  # the first of six pieces: a sixth
    assert (np.diff(strength[3::10]) > 0.1).all()
    assert not image[53:].any()
    assert not image[:48].any()
    assert not image[:, 73:].any()


def test_only_tracks_of_this_frame_are_drawn():
    trails = Trails(30)
    trails.update(at((1, 10, 50)))
    trails.update(at((1, 40, 50)))
    trails.update(TrackedBoxes.empty())
    image = np.zeros((100, 100, 3), np.uint8)
    trails.draw(image)
    assert not image.any()
    trails.update(at((1, 70, 50)))  # found again: the trail goes on
    trails.draw(image)
    assert image[50, 15:68].any(axis=1).all()


def test_points_far_outside():
    trails = Trails(30)
    trails.update(at((1, -1e9, 1e9)))
    trails.update(at((1, 50, 50)))
    trails.draw(np.zeros((100, 100, 3), np.uint8))


@pytest.mark.parametrize('arguments', [{'length': 0}, {'point': 'top'}])
def test_wrong_arguments(arguments):
    with pytest.raises(ValueError, match=f'{next(iter(arguments))} of trails must be'):
        Trails(**arguments)
