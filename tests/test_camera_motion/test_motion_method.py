"""Smaller images, larger warps."""

from __future__ import annotations

import numpy as np
import pytest

from mmtrack_ext.camera_motion.motion_method import MotionMethod


class Known(MotionMethod):
    """Finds what it is told to."""

    def __init__(self, found, **options):
        super().__init__(**options)
        self.found = found

    def estimate(self, previous, current):
        return self.found


def test_a_quarter_turn_of_the_image_stays_one_about_its_middle():
    # A small image of 10 x 10: cv2 counts its pixels 0 to 9, so the middle is at 4.5, and a quarter
    # turn takes (x, y) to (9 - y, x). The image has 40 x 40 pixels: (x, y) goes to (40 - y, x).
    turn = np.array([[0, -1, 9], [1, 0, 0]], np.float32)
    image = np.zeros((40, 40), np.uint8)
    np.testing.assert_allclose(Known(turn).warp(image, image), [[0, -1, 40], [1, 0, 0]])


def test_shifts_grow_with_the_image():
    shift = np.array([[1, 0, 2.5], [0, 1, -1]])
    image = np.zeros((40, 40), np.uint8)
    np.testing.assert_array_equal(Known(shift).warp(image, image), [[1, 0, 10], [0, 1, -4]])
    warp = Known(shift, scale=0.5).warp(image, image)
    np.testing.assert_array_equal(warp, [[1, 0, 5], [0, 1, -2]])
    assert warp.dtype == np.float64


def test_a_small_pixel_is_the_mean_of_sixteen():
    image = np.arange(1024, dtype=np.uint32).reshape(32, 32) % 251
    means = image.reshape(8, 4, 8, 4).mean(axis=(1, 3))
    small = Known(None).reduce(image.astype(np.uint8))
    assert np.abs(small - means).max() <= 0.5


def test_sides_that_are_no_multiple_do_not_stretch_the_image():
    # 202 columns of value 0, 1, 2, ...: the mean of columns 4k to 4k + 3 is 4k + 1.5. Squeezed
    # into 50 columns they would be 2 off at the end.
    image = np.tile(np.arange(202, dtype=np.uint8), (40, 1))
    small = Known(None).reduce(image)[0, :50]
    assert np.abs(small - (4 * np.arange(50) + 1.5)).max() <= 0.5


@pytest.mark.parametrize(
    ('found', 'shapes'),
    [
        (None, [(40, 40), (40, 40)]),
        (np.full((2, 3), np.nan), [(40, 40), (40, 40)]),
        (np.ones((2, 3)), [(40, 40), (40, 48)]),
        (np.ones((2, 3)), [(31, 400), (31, 400)]),  # fewer than 8 rows are left
        (np.ones((2, 3)), [(1, 1), (1, 1)]),
    ],
    ids=['none', 'no number', 'another size', 'flat', 'one pixel'],
)
def test_without_a_warp_no_motion_is_assumed(found, shapes):
    images = [np.zeros(shape, np.uint8) for shape in shapes]
    np.testing.assert_array_equal(Known(found).warp(*images), np.eye(2, 3))


@pytest.mark.parametrize('scale', [0, -1, 1.5, np.nan, True, '1/4'])
def test_scale_is_checked(scale):
    with pytest.raises(ValueError, match="'scale' parameter of Known must be a number <= 1 and >"):
        Known(None, scale=scale)
