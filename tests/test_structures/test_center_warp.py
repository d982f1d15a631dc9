"""The warp against numbers by hand and against recorded matrices."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mmtrack_ext.structures.center_warp import (
    center_warp_matrix,
    chain_warps,
    flip_matrix,
    invert_warp,
    resize_warp,
    warp_boxes,
    warp_corners,
    warp_points,
)

INPUT = (960, 544)
TURNED = center_warp_matrix((10, 10), 20, (40, 20), angle=30)


def test_wide_video_gets_bars_of_two_pixels():
    for mode in ('contain', 'width'):
        warp = resize_warp((1920, 1080), INPUT, mode)
        assert warp_points([[0, 0], [1920, 1080]], warp).tolist() == [[0, 2], [960, 542]]


def test_width_mode_crops_an_image_of_four_to_three():
    warp = resize_warp((640, 480), INPUT, 'width')
    assert warp[0, 0] == warp[1, 1] == 1.5
    shown = warp_points([[0, 0], [960, 544]], invert_warp(warp))
    np.testing.assert_allclose(shown, [[0, 58.667], [640, 421.333]], atol=1e-3)


def test_contain_mode_shows_all_of_it():
    warp = resize_warp((640, 480), INPUT)
    corners = warp_points([[0, 0], [640, 480]], warp)
    np.testing.assert_allclose(corners, [[117.333, 0], [842.667, 544]], atol=1e-3)
    corners = warp_points([[0, 0], [720, 1280]], resize_warp((720, 1280), INPUT))
    np.testing.assert_allclose(corners, [[327, 0], [633, 544]], atol=1e-9)


def test_unknown_mode_is_refused():
    with pytest.raises(ValueError, match=r"one of .*'contain', 'width'.*Got 'cover'"):
        resize_warp((640, 480), INPUT, 'cover')


@pytest.mark.parametrize('case', ['base', 'flip_scale', 'rot_jitter', 'disturb', 'edge'])
def test_matrices_equal_the_recorded_ones(root, case):
    folder = root / 'tests' / 'data' / 'jointtracknet'
    recorded = np.load(folder / 'targets.npz')
    settings = json.loads((folder / 'targets.json').read_text(encoding='utf-8'))['cases'][case]
    center, angle = settings['params']['c'], settings['params']['rot']
    for name, size in (('trans_input', (192, 128)), ('trans_output', (48, 32))):
        matrix = center_warp_matrix(center, settings['s'], size, angle=angle)
        np.testing.assert_allclose(matrix, recorded[f'{case}__{name}'], atol=1e-5)


def test_angle_turns_counter_clockwise_as_it_is_seen():
    """Twice as large, turned by 30 degrees; y points down, so the right goes up."""
    np.testing.assert_allclose(warp_points([10, 10], TURNED), [20, 10])
    step = warp_points([11, 10], TURNED) - [20, 10]
    np.testing.assert_allclose(step, [2 * np.cos(np.pi / 6), -1])


def test_inverse_leads_back():
    points = np.array([[3.0, 7], [-20, 50]])
    np.testing.assert_allclose(
        warp_points(warp_points(points, TURNED), invert_warp(TURNED)), points
    )


def test_chain_does_the_first_first():
    flipped = chain_warps(flip_matrix(100), TURNED)
    np.testing.assert_allclose(warp_points([90, 4], flipped), warp_points([9, 4], TURNED))


def test_flip_of_a_box():
    """x1' = W - 1 - x1 - w: of 20 + 30 in 100 pixels, 49."""
    for move in (warp_boxes, warp_corners):
        assert move([[20, 5, 50, 15]], flip_matrix(100)).tolist() == [[49, 5, 79, 15]]


def test_turned_box_is_around_its_four_corners():
    """A square of side 2 turned by 45 degrees is 2 sqrt(2) wide; its diagonal stays upright."""
    warp = center_warp_matrix((0, 0), 10, (10, 10), angle=45)  # the middle is (5, 5)
    half = np.sqrt(2)
    expected = [[5 - half, 5 - half, 5 + half, 5 + half]]
    np.testing.assert_allclose(warp_boxes([[-1, -1, 1, 1]], warp), expected)
    expected = [[5 - half, 5, 5 + half, 5]]
    np.testing.assert_allclose(warp_corners([[-1, -1, 1, 1]], warp), expected, atol=1e-12)


def test_no_boxes():
    assert warp_boxes(np.zeros((0, 4)), TURNED).shape == (0, 4)
    assert warp_corners(np.zeros((0, 4)), TURNED).shape == (0, 4)
