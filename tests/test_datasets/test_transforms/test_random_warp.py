"""Each parameter of the augmentation alone, by hand, and all of them as one product."""

from __future__ import annotations

import math
import random

import cv2
import numpy as np
import pytest

from mmtrack_ext.datasets.transforms import RandomWarp  # isort: skip  # before mmdet
from mmdet.structures.bbox import HorizontalBoxes

WIDTH, HEIGHT = 100, 60  # its middle is (50, 30)
SIZE = (WIDTH, HEIGHT)


def item(*boxes):
    """A black image with one white pixel at (60, 35), and boxes with labels 0, 1, ..."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[35, 60] = 255
    return dict(
        img=image,
        img_shape=(HEIGHT, WIDTH),
        gt_bboxes=HorizontalBoxes(np.array(boxes, np.float32).reshape(-1, 4)),
        gt_bboxes_labels=np.arange(len(boxes)),
        gt_ignore_flags=np.arange(len(boxes)) % 2 == 1,
        gt_instances_ids=10 + np.arange(len(boxes)),
    )


def white(results):
    """x, y of the white pixel."""
    (y,), (x,) = np.nonzero(results['img'][..., 0] == 255)
    return x, y


@pytest.fixture
def draws(monkeypatch):
    """Every draw gives the upper end of its range; or, of those in the list, the next."""
    values = []

    def draw(low, high):
        return values.pop(0) if values else high

    monkeypatch.setattr(random, 'uniform', draw)
    monkeypatch.setattr(random, 'random', lambda: 0.0)
    return values


def test_nothing_asked_is_nothing_done():
    before = item([10, 20, 30, 40], [-5, -5, 200, 200])
    after = RandomWarp(SIZE)(item([10, 20, 30, 40], [-5, -5, 200, 200]))
    np.testing.assert_array_equal(after['img'], before['img'])
    np.testing.assert_allclose(after['homography_matrix'], np.eye(3), atol=1e-12)
    np.testing.assert_allclose(after['gt_bboxes'].numpy(), [[10, 20, 30, 40], [0, 0, 100, 60]])


# The box (40, 20, 60, 35) reaches from (-10, -10) to (10, 5) as the middle sees it, the pixel
# stands at (10, 5).
@pytest.mark.parametrize(
    ('options', 'box', 'pixel'),
    [
        (dict(ratio_range=(2, 2)), (30, 10, 70, 40), (70, 40)),
        (dict(stretch_range=((0.5, 0.5), (1, 1))), (45, 20, 55, 35), (55, 35)),
        (dict(stretch_range=((1, 1), (0.4, 0.4))), (40, 26, 60, 32), (60, 32)),
        (dict(flip_prob=1), (40, 20, 60, 35), (40, 35)),
        (dict(max_translate_ratio=0.2), (60, 32, 80, 47), (80, 47)),
        # Counter-clockwise: (x, y) becomes (y, -x).
        (dict(max_rotate_degree=90), (40, 20, 55, 40), (55, 20)),
        # By p = 1 / 100 in x and y, (x, y) is divided by 1 + (x + y) / 100: (-10, -10) by 0.8,
        # (10, -10) by 1, (-10, 5) by 0.95, (10, 5) by 1.15.
        (dict(max_perspective=0.01), (50 - 12.5, 30 - 12.5, 50 + 10, 30 + 5 / 0.95), None),
    ],
)
def test_one_parameter_alone(draws, options, box, pixel):
    results = RandomWarp(SIZE, **options)(item([40, 20, 60, 35]))
    np.testing.assert_allclose(results['gt_bboxes'].numpy(), [box], rtol=1e-6)
    if pixel is not None:
        assert white(results) == pixel


def test_shear(draws):
    """By 45 degrees along x: (x, y) becomes (x + y, y)."""
    draws[:] = [0, 0, 1, 1, 1, 0, 45, 0]  # perspective, scale, stretch, rotation, shear
    results = RandomWarp(SIZE, max_shear_degree=45)(item([40, 20, 60, 35]))
    np.testing.assert_allclose(results['gt_bboxes'].numpy(), [[30, 20, 65, 35]], rtol=1e-6)
    assert white(results) == (65, 35)


@pytest.mark.parametrize(
    ('scale', 'keep_ratio', 'shape', 'box'),
    [
        ((50, 60), False, (60, 50), (5, 20, 30, 60)),
        ((200, 60), True, (60, 100), (10, 20, 60, 60)),  # the height is full
        ((50, 50), True, (30, 50), (5, 10, 30, 30)),
    ],
)
def test_resizing(scale, keep_ratio, shape, box):
    results = RandomWarp(scale, keep_ratio=keep_ratio)(item([10, 20, 60, 80]))
    assert results['img'].shape == (*shape, 3)
    assert results['img_shape'] == shape
    np.testing.assert_allclose(results['gt_bboxes'].numpy(), [box])


def test_all_together_are_the_product_in_the_order_of_nanodet(draws):
    draws[:] = [1e-3, -2e-3, 1.3, 0.8, 1.1, 20, 5, -7, 0.1, -0.15]
    results = RandomWarp((64, 32), flip_prob=0.5)(item([40, 20, 60, 35]))
    assert not draws
    cosine, sine = math.cos(math.radians(20)), math.sin(math.radians(20))
    centre = np.array([[1, 0, -50], [0, 1, -30], [0, 0, 1]])
    perspective = np.array([[1, 0, 0], [0, 1, 0], [1e-3, -2e-3, 1]])
    scale, stretch = np.diag([1.3, 1.3, 1]), np.diag([0.8, 1.1, 1])
    rotation = np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]])
    slopes = math.tan(math.radians(5)), math.tan(math.radians(-7))
    shear = np.array([[1, slopes[0], 0], [slopes[1], 1, 0], [0, 0, 1]])
    flip = np.diag([-1, 1, 1])
    translate = np.array([[1, 0, 0.6 * 100], [0, 1, 0.35 * 60], [0, 0, 1]])
    resize = np.diag([64 / 100, 32 / 60, 1])
    matrix = resize @ translate @ flip @ shear @ rotation @ stretch @ scale @ perspective @ centre
    np.testing.assert_allclose(results['homography_matrix'], matrix, atol=1e-12)
    expected = cv2.warpPerspective(item()['img'], matrix, (64, 32), flags=cv2.INTER_LINEAR)
    np.testing.assert_array_equal(results['img'], expected)
    corners = [(40, 20), (60, 20), (60, 35), (40, 35)]
    points = np.array([[*corner, 1] for corner in corners]) @ matrix.T
    points = points[:, :2] / points[:, 2:]
    box = [*points.min(axis=0), *points.max(axis=0)]
    np.testing.assert_allclose(results['gt_bboxes'].numpy(), [box], rtol=1e-5)


def test_outside_of_the_image_is_black():
    results = RandomWarp(SIZE, ratio_range=(0.5, 0.5))(dict(img=np.full((60, 100, 3), 9, np.uint8)))
    assert results['img'].sum() == 9 * 3 * 50 * 30
    assert (results['img'][15:45, 25:75] == 9).all()


def test_what_is_left_under_a_pixel_is_dropped(draws):
    """Half as large and 60 to the right: of five boxes two are left."""
    draws[:] = [0, 0, 0.5, 1, 1, 0, 0, 0, 0.6, 0]
    boxes = (
        [40, 20, 60, 40],  # at x = 105: outside
        [0, 20, 20, 40],  # at x = 85 to 95
        [0, 20, 2, 40],  # one pixel wide: kept
        [0, 20, 1.9, 40],  # under one pixel
        [29, 20, 60, 40],  # at x = 99.5: half a pixel inside
    )
    results = RandomWarp(SIZE)(item(*boxes))
    expected = [[85, 25, 95, 35], [85, 25, 86, 35]]
    np.testing.assert_allclose(results['gt_bboxes'].numpy(), expected, rtol=1e-6)
    assert results['gt_bboxes_labels'].tolist() == [1, 2]
    assert results['gt_ignore_flags'].tolist() == [True, False]
    assert results['gt_instances_ids'].tolist() == [11, 12]


def test_draws_fill_their_ranges():
    transform = RandomWarp(SIZE, ratio_range=(0.6, 1.4), flip_prob=0.5, max_translate_ratio=0.2)
    random.seed(0)
    matrices = np.array([transform.random_matrix(SIZE) for _ in range(500)])
    random.seed(0)
    np.testing.assert_array_equal(transform.random_matrix(SIZE), matrices[0])
    scales = matrices[:, 1, 1]
    assert 0.6 <= scales.min() < 0.62
    assert 1.38 < scales.max() <= 1.4
    np.testing.assert_allclose(abs(matrices[:, 0, 0]), scales)
    assert (matrices[:, 0, 0] < 0).mean() == pytest.approx(0.5, abs=0.07)
    middles = matrices @ [50, 30, 1]
    for axis, (middle, side) in enumerate(((50, 100), (30, 60))):
        shifts = (middles[:, axis] - middle) / side
        assert -0.2 <= shifts.min() < -0.19
        assert 0.19 < shifts.max() <= 0.2


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(scale=320), r'two ints >= 1. Got 320'),
        (dict(scale=(320, 0)), r"'scale' parameter of RandomWarp"),
        (dict(scale=SIZE, ratio_range=(1.4, 0.6)), r"'ratio_range' .* Got \(1.4, 0.6\)"),
        (dict(scale=SIZE, stretch_range=((1, 1),)), r"'stretch_range' .* two ranges"),
    ],
)
def test_wrong_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        RandomWarp(**options)


def test_masks_are_refused():
    with pytest.raises(ValueError, match="the item has 'gt_masks'"):
        RandomWarp(SIZE)(item() | dict(gt_masks=[]))
