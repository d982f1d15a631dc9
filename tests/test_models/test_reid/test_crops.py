"""Crops of a frame whose pixels say where they are."""

from __future__ import annotations

import numpy as np
import pytest

from mmtrack_ext.models.reid import crop_boxes, crop_corners


@pytest.fixture
def gradient():
    """(40, 60, 3): pixel (x, y) is (2x, 2y, 7)."""
    y, x = np.mgrid[:40, :60]
    return np.stack([2 * x, 2 * y, np.full_like(x, 7)], axis=-1).astype(np.uint8)


def test_a_crop_of_the_same_size_is_the_image_itself(gradient):
    crops, seen = crop_boxes(gradient, np.array([[10, 20, 26, 28]]), (8, 16))
    np.testing.assert_array_equal(crops[0], gradient[20:28, 10:26])
    assert seen.tolist() == [True]


def test_half_the_size_is_the_mean_of_two_by_two_pixels(gradient):
    (crop,), _ = crop_boxes(gradient, np.array([[10, 20, 26, 28]]), (4, 8))
    # Columns 10 and 11 have 20 and 22, rows 20 and 21 have 40 and 42.
    assert crop[0, :, 0].tolist() == [21, 25, 29, 33, 37, 41, 45, 49]
    assert crop[:, 0, 1].tolist() == [41, 45, 49, 53]
    assert (crop[..., 2] == 7).all()


def test_corners_are_cut_off_and_clipped():
    boxes = np.array([[10.9, 20.9, 26.9, 28.9], [-5, -5, 5.5, 5.5], [50, 30, 99, 99]])
    assert crop_corners(boxes, (60, 40)).tolist() == [
        [10, 20, 26, 28],
        [0, 0, 5, 5],
        [50, 30, 60, 40],  # the last row and column belong to the image
    ]
    huge = np.array([[-1e300, -1e300, 1e300, 1e300]])
    assert crop_corners(huge, (60, 40)).tolist() == [[0, 0, 60, 40]]


def test_a_clipped_box_shows_what_is_inside(gradient):
    crops, _ = crop_boxes(gradient, np.array([[-9, -9, 8, 8], [0, 0, 8, 8]]), (8, 8))
    np.testing.assert_array_equal(crops[0], gradient[:8, :8])
    np.testing.assert_array_equal(crops[0], crops[1])


@pytest.mark.parametrize(
    'box',
    [
        (5, 5, 5, 20),
        (5, 5, 20, 5),
        (10.2, 5, 10.8, 20),
        (60, 0, 80, 20),
        (-20, 0, 0, 20),
        (0, 40, 9, 50),
    ],
    ids=['no width', 'no height', 'inside one pixel', 'right of it', 'left of it', 'below it'],
)
def test_a_box_without_a_pixel_is_black_and_said_to_be_empty(gradient, box):
    crops, seen = crop_boxes(gradient, np.array([box, (5, 5, 9, 9)]), (8, 4))
    assert seen.tolist() == [False, True]
    assert not crops[0].any()
    assert crops[1].all(axis=-1).any()


def test_no_boxes():
    crops, seen = crop_boxes(np.zeros((4, 4, 3), np.uint8), np.empty((0, 4)), (8, 4))
    assert (crops.shape, seen.shape) == ((0, 8, 4, 3), (0,))
