"""Radius and drawing against numbers by hand and against CenterNet's, as recorded."""

from __future__ import annotations

import numpy as np
import pytest

from mmtrack_ext.structures.heatmaps import (
    box_radius,
    clip_boxes,
    draw_gaussian,
    draw_prior_heatmap,
    fill_box,
    gaussian_radius,
)


@pytest.fixture(scope='module')
def recorded(root):
    return np.load(root / 'tests' / 'data' / 'jointtracknet' / 'gaussian.npz')


@pytest.mark.parametrize(
    ('height', 'width', 'radius'),
    [(10, 10, 2), (12, 5, 1), (20, 8, 3), (25, 10, 3), (50, 20, 7), (100, 40, 15), (200, 80, 31)],
)
def test_radius_is_center_nets_not_the_corrected_one(height, width, radius):
    assert int(gaussian_radius(height, width)) == radius == box_radius(width, height)


def test_radius_equals_the_recorded_ones(recorded):
    found = [gaussian_radius(height, width) for height, width in recorded['pairs']]
    np.testing.assert_allclose(found, recorded['radius'], rtol=1e-12)


def test_sides_are_rounded_up():
    assert box_radius(39.01, 99.01) == 15  # as 40 x 100; 39 x 99 would do too
    assert box_radius(7.2, 19.1) == 3 > int(gaussian_radius(19, 7))
    assert box_radius(0.01, 0.01) == 0


@pytest.mark.parametrize('number', range(8))
def test_gaussian_equals_the_recorded_one(recorded, number):
    heatmap = np.zeros((12, 16), np.float32)
    x, y, radius = recorded[f'draw{number}_args']
    draw_gaussian(heatmap, (x, y), radius)
    np.testing.assert_allclose(heatmap, recorded[f'draw{number}'], atol=1e-6)


def test_merging_equals_the_recorded_one(recorded):
    heatmap = np.zeros((12, 16), np.float32)
    for x, y, radius, amplitude in recorded['merge_args']:
        draw_gaussian(heatmap, (x, y), int(radius), amplitude)
    np.testing.assert_allclose(heatmap, recorded['merge'], atol=1e-6)


def test_gaussian_by_hand():
    """Of radius 1 sigma is 1/2: a step away e^-2, a diagonal step e^-4."""
    heatmap = np.full((4, 5), 0.05, np.float32)
    draw_gaussian(heatmap, (1.9, 1.2), 1, amplitude=0.5)
    side, corner, below = 0.5 * np.exp(-2), 0.05, 0.05  # the corner's 0.009 is below what is there
    expected = [
        [corner, side, corner, below, below],
        [side, 0.5, side, below, below],
        [corner, side, corner, below, below],
        [below] * 5,
    ]
    np.testing.assert_allclose(heatmap, expected, rtol=1e-6)


def test_center_is_cast_toward_zero():
    maps = np.zeros((2, 4, 4), np.float32)
    draw_gaussian(maps[0], (-0.5, -0.9), 0)
    assert maps[0, 0, 0] == 1  # a floor would have been outside
    draw_gaussian(maps[1], (-1.0, 0), 0)
    assert maps[1].max() == 0


def test_filled_box_has_its_ends_and_even_no_area():
    heatmap = np.zeros((4, 5), np.float32)
    fill_box(heatmap, (1.9, 0.5, 2.2, 1.0))
    fill_box(heatmap, (4, 0, 4, 3))
    assert heatmap.tolist() == [[0, 1, 1, 0, 1], [0, 1, 1, 0, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1]]


def test_clipping_leaves_the_last_pixel_and_the_argument():
    boxes = np.array([[-3.0, 2, 40, 9]])
    assert clip_boxes(boxes, (8, 30)).tolist() == [[0, 2, 29, 7]]
    assert boxes.tolist() == [[-3, 2, 40, 9]]


def test_prior_heatmap_by_hand():
    """The box is cut at x = 0, so that its middle is 5, 10; one wholly outside leaves nothing."""
    heatmap = draw_prior_heatmap([[-10, 0, 10, 20], [100, 5, 120, 15]], (24, 32))
    assert heatmap.dtype == np.float32
    expected = np.zeros((24, 32), np.float32)
    draw_gaussian(expected, (5, 10), 3)  # the radius of 10 x 20; of 20 x 20 it would be 5
    np.testing.assert_array_equal(heatmap, expected)
    assert draw_prior_heatmap(np.zeros((0, 4)), (3, 4)).tolist() == [[0] * 4] * 3
