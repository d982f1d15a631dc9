"""The colours against recorded ones, and each change by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mmtrack_ext.datasets.transforms import CenterColorJitter
from mmtrack_ext.datasets.transforms.center_color_jitter import CHANGES, change_colors

NO_LIGHT = np.zeros(3)
# Two pixels, blue and white; gray is 0.114 B + 0.587 G + 0.299 R.
IMAGE = np.array([[[1, 0, 0], [1, 1, 1]]], np.float32)


@pytest.mark.parametrize('number', range(3))
def test_colours_equal_the_recorded_ones(root, number):
    recorded = np.load(root / 'tests' / 'data' / 'jointtracknet' / 'colour.npz')
    order, factors, lighting = (
        recorded[f'{name}{number}'] for name in ('order', 'alpha', 'lighting')
    )
    changed = change_colors(recorded['image'], order, factors, lighting)
    np.testing.assert_allclose(changed, recorded[f'out{number}'], atol=1e-6)


@pytest.mark.parametrize(
    ('name', 'expected'),
    [
        ('brightness', [[0.5, 0, 0], [0.5, 0.5, 0.5]]),
        ('saturation', [[0.557, 0.057, 0.057], [1, 1, 1]]),
        ('contrast', [[0.7785, 0.2785, 0.2785], [0.7785] * 3]),  # the mean gray is 0.557
    ],
)
def test_each_change_by_hand(name, expected):
    changed = change_colors(IMAGE, [name], [0.5], NO_LIGHT)
    np.testing.assert_allclose(changed[0], expected, atol=1e-3)


def test_lighting_by_hand():
    """The first eigenvector times its eigenvalue, on all pixels."""
    changed = change_colors(IMAGE, (), (), np.array([0.1, 0, 0])) - IMAGE
    light = 0.1 * 0.2141788 * np.array([-0.58752847, -0.5832747, -0.56089297])
    np.testing.assert_allclose(changed, np.broadcast_to(light, (1, 2, 3)), atol=1e-6)


def test_nothing_asked_is_nothing_done():
    image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    changed = CenterColorJitter(0.0, lighting=0.0)(dict(img=image))['img']
    assert changed.dtype == np.float32
    np.testing.assert_allclose(changed, image, rtol=1e-6)


def test_pixels_stay_on_their_scale_and_are_not_clipped():
    """White times 1.4, then twice x -> 1.4 x - 0.4 of the first gray: 1.784 * 255."""

    class Draws(np.random.RandomState):
        def uniform(self, low, high, size):
            return np.full(size, high)

        def permutation(self, names):
            return names

    image = np.full((1, 1, 3), 255, np.uint8)
    changed = CenterColorJitter(lighting=0.0, rng=Draws(0))(dict(img=image))['img']
    np.testing.assert_allclose(changed, 1.784 * 255, rtol=1e-5)


def test_draws_are_the_workers_and_new_for_each_frame():
    image = np.random.RandomState(0).randint(0, 256, (4, 4, 3)).astype(np.uint8)
    state = np.random.get_state()  # noqa: NPY002
    try:
        runs = []
        for seed in (1, 1, 2):
            np.random.seed(seed)  # noqa: NPY002  # what mmengine does in a worker
            runs.append([CenterColorJitter()(dict(img=image))['img'] for _ in range(2)])
    finally:
        np.random.set_state(state)  # noqa: NPY002
    np.testing.assert_array_equal(runs[0], runs[1])
    assert np.abs(runs[0][0] - runs[0][1]).max() > 1
    assert np.abs(runs[0][0] - runs[2][0]).max() > 1


def test_factors_and_order_are_spread():
    jitter = CenterColorJitter(rng=np.random.RandomState(0))
    orders, factors, lighting = zip(*(jitter._draw() for _ in range(500)), strict=True)
    assert len({tuple(order) for order in orders}) == 6
    assert all(sorted(order) == sorted(CHANGES) for order in orders)
    assert 0.6 <= np.min(factors) < 0.605
    assert 1.395 < np.max(factors) <= 1.4
    np.testing.assert_allclose(np.std(lighting), 0.1, rtol=0.05)
