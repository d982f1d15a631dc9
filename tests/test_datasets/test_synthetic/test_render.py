from __future__ import annotations

import numpy as np
import pytest

from mmtrack_ext.datasets.synthetic.pen import Sprite
from mmtrack_ext.datasets.synthetic.render import Canvas, Placement, expose


def block(width, height, color=(10, 20, 30), alpha=255):
    """A plain rectangle that stands on the middle of its lower edge; one unit is its height."""
    image = np.zeros((height, width, 4), np.uint8)
    image[:] = (*color, alpha)
    return Sprite(image, (width / 2, height), height)


def gray(height=100, width=200):
    return np.full((height, width, 3), 128, np.uint8)


def test_visibility_is_the_share_that_nearer_sprites_leave():
    # The far one covers columns 30-50, rows 40-80; the near one columns 45-65, rows 60-100:
    # it hides 5 x 20 of 20 x 40 pixels.
    canvas = Canvas(gray())
    canvas.paste(Placement(block(20, 40), 40, 80, 40))
    canvas.paste(Placement(block(20, 40), 55, 100, 40))
    assert canvas.visibilities().tolist() == pytest.approx([1 - 100 / 800, 1])


def test_what_is_outside_the_image_is_invisible():
    canvas = Canvas(gray())
    canvas.paste(Placement(block(20, 40), 0, 80, 40))  # columns -10 to 10: half
    canvas.paste(Placement(block(20, 40), 100, 130, 40))  # rows 90 to 130 of 100: a quarter
    canvas.paste(Placement(block(20, 40), 250, 80, 40))  # beyond the right edge
    canvas.paste(Placement(block(20, 40), 100, -5, 40))  # above
    assert canvas.visibilities().tolist() == pytest.approx([0.5, 0.25, 0, 0])


def test_visibility_by_brute_force():
    # Many overlapping discs; every pixel belongs to the last disc that covers more than half of it.
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:41, :41]
    image = np.zeros((41, 41, 4), np.uint8)
    image[np.hypot(x - 20, y - 20) < 20] = 255
    canvas, owner, areas = Canvas(gray()), np.full((100, 200), -1), []
    disc = Sprite(image, (20.5, 41), 41)
    for number in range(25):
        left, top = int(rng.integers(-30, 190)), int(rng.integers(-30, 90))
        canvas.paste(Placement(disc, left + 20.5, top + 41, 41))
        areas.append((image[..., 3] > 127).sum())
        for row, column in zip(*np.nonzero(image[..., 3] > 127), strict=True):
            if 0 <= top + row < 100 and 0 <= left + column < 200:
                owner[top + row, left + column] = number
    expected = [(owner == number).sum() / areas[number] for number in range(25)]
    assert 0 < np.median(expected) < 1
    assert canvas.visibilities().tolist() == pytest.approx(expected)


def test_shadows_hide_nothing_and_belong_to_nobody():
    canvas = Canvas(gray())
    canvas.paste(Placement(block(20, 40), 40, 80, 40))
    canvas.paste(Placement(block(60, 40, (0, 0, 0), alpha=90), 40, 80, 40))
    assert canvas.visibilities()[0] == 1
    # Black at alpha 90 leaves (255 - 90) / 255 of what is below: 128 -> 83, 30 -> 19.
    assert canvas.image[60, 20].tolist() == [83, 83, 83]
    assert canvas.image[60, 40].tolist() == [6, 13, 19]


@pytest.mark.parametrize('mirrored', [False, True])
def test_box_is_the_extent_of_the_opaque_pixels(mirrored):
    # A bar in the left quarter of the sprite: 10 of 40 columns, stretched three times.
    sprite = block(40, 20)
    sprite.image[:, 10:, 3] = 0
    sprite.image[..., :3] *= sprite.image[..., 3:] // 255
    placement = Placement(sprite, 100, 90, 60, mirrored)
    expected = [130, 30, 160, 90] if mirrored else [40, 30, 70, 90]
    assert placement.box.tolist() == pytest.approx(expected)
    canvas = Canvas(gray())
    canvas.paste(placement)
    rows, columns = np.nonzero(canvas.owners)
    drawn = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert drawn == pytest.approx(expected, abs=1)


def test_sprites_move_by_fractions_of_a_pixel():
    # The left edge at 30.25 covers 75 % of column 30: 0.25 * 128 + 0.75 * 200 = 182.
    canvas = Canvas(gray())
    canvas.paste(Placement(block(20, 40, (200, 200, 200)), 40.25, 80, 40))
    assert canvas.image[60, 29:32, 0].tolist() == pytest.approx([128, 182, 200], abs=2)


def test_fast_sprites_blur_without_a_change_of_their_mask():
    still, fast = Canvas(gray()), Canvas(gray())
    for canvas, motion in ((still, 0.0), (fast, 10.0)):
        canvas.paste(Placement(block(20, 40, (255, 255, 255)), 40, 80, 40, motion=motion))
    assert (still.owners == fast.owners).all()
    # Half of 10 pixels is a window of 5: the edge is a ramp of 5 steps.
    assert (np.diff(fast.image[60, 25:36, 0].astype(int)) > 0).sum() >= 4
    assert (np.diff(still.image[60, 25:36, 0].astype(int)) > 0).sum() == 1


def test_exposure_scales_colours_and_camera_motion_blurs():
    noise = np.zeros((100, 200, 3), np.int16)
    lit = expose(gray(), exposure=0.5, warmth=0.25, motion=0, noise=noise)
    assert lit[0, 0].tolist() == [48, 64, 80]
    image = gray()
    image[:, 100:] = 228
    moved = expose(image, exposure=1, warmth=0, motion=-10, noise=noise)
    assert moved[50, 97:104, 0].tolist() == [128, 148, 168, 188, 208, 228, 228]
