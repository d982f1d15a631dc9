"""Camera motion applied to states and boxes, by hand."""

import numpy as np
import pytest

from mmtrack_ext.association.box_spaces import XYAH, XYSR, XYWH
from mmtrack_ext.association.camera_motion import check_camera_motion, warp_boxes, warp_gaussians

SPACES = {'XYSR': XYSR, 'XYAH': XYAH, 'XYWH': XYWH}
BY_SPACE = pytest.mark.parametrize('name', SPACES)

# A box 4 wide and 8 high around (10, 20), with velocities.
STATES = {
    'XYSR': [10, 20, 32, 0.5, 1, 2, 3],
    'XYAH': [10, 20, 0.5, 8, 1, 2, 0.25, 3],
    'XYWH': [10, 20, 4, 8, 1, 2, 3, 5],
}
WARPS = {
    'shift': [[1, 0, 5], [0, 1, -3]],
    'turn': [[0, -1, 0], [1, 0, 0]],  # (x, y) -> (-y, x)
    'zoom': [[2, 0, 0], [0, 2, 0]],
    'all': [[0, -2, 5], [2, 0, -3]],  # (x, y) -> (-2 y + 5, 2 x - 3)
}
# Sides of XYWH turn like a vector, as published in BoT-SORT.
MOVED = {
    ('XYSR', 'shift'): [15, 17, 32, 0.5, 1, 2, 3],
    ('XYSR', 'turn'): [-20, 10, 32, 0.5, -2, 1, 3],
    ('XYSR', 'zoom'): [20, 40, 128, 0.5, 2, 4, 12],
    ('XYSR', 'all'): [-35, 17, 128, 0.5, -4, 2, 12],
    ('XYAH', 'shift'): [15, 17, 0.5, 8, 1, 2, 0.25, 3],
    ('XYAH', 'turn'): [-20, 10, 0.5, 8, -2, 1, 0.25, 3],
    ('XYAH', 'zoom'): [20, 40, 0.5, 16, 2, 4, 0.25, 6],
    ('XYAH', 'all'): [-35, 17, 0.5, 16, -4, 2, 0.25, 6],
    ('XYWH', 'shift'): [15, 17, 4, 8, 1, 2, 3, 5],
    ('XYWH', 'turn'): [-20, 10, -8, 4, -2, 1, -5, 3],
    ('XYWH', 'zoom'): [20, 40, 8, 16, 2, 4, 6, 10],
    ('XYWH', 'all'): [-35, 17, -16, 8, -4, 2, -10, 6],
}


def warp_of(name):
    return np.array(WARPS[name], np.float64)


def explicit_matrix(name, linear):
    """M with the 2x2 linear part A of the warp written out, block by block."""
    (a, b), (c, d) = linear
    matrix = np.eye(len(STATES[name]))
    corners = {'XYSR': (0, 4), 'XYAH': (0, 4), 'XYWH': (0, 2, 4, 6)}[name]
    for start in corners:
        matrix[start : start + 2, start : start + 2] = [[a, b], [c, d]]
    area_scale = abs(a * d - b * c)
    if name == 'XYSR':
        matrix[2, 2] = matrix[6, 6] = area_scale
    if name == 'XYAH':
        matrix[3, 3] = matrix[7, 7] = np.sqrt(area_scale)
    return matrix


def random_covariances(name, count, seed=0):
    factors = np.random.default_rng(seed).normal(size=(count, *[len(STATES[name])] * 2))
    return factors @ factors.swapaxes(1, 2)


def warp_states(means, covariances, warp, space):
    """Means and covariances after the warp of the Gaussians [P | x]."""
    gaussians = np.concatenate([covariances, means[:, :, None]], axis=2)
    copy = gaussians.copy()
    warped = warp_gaussians(gaussians, warp, space)
    np.testing.assert_array_equal(gaussians, copy)
    return warped[:, :, -1], warped[:, :, :-1]


@pytest.mark.parametrize(('name', 'warp'), MOVED)
def test_means_by_hand(name, warp):
    means = np.array([STATES[name], STATES[name]], np.float64)
    moved, _ = warp_states(means, random_covariances(name, 2), warp_of(warp), SPACES[name])
    np.testing.assert_allclose(moved, [MOVED[name, warp]] * 2, rtol=1e-14, atol=1e-14)


@BY_SPACE
@pytest.mark.parametrize('linear', [[[0, -1], [1, 0]], [[2, 0], [0, 2]], [[1.1, -0.2], [0.3, 0.9]]])
def test_covariances_are_m_p_m(name, linear):
    means, covariances = np.array([STATES[name]] * 2, np.float64), random_covariances(name, 2)
    warp = np.hstack([linear, [[5.0], [-3.0]]])
    moved_means, moved = warp_states(means, covariances, warp, SPACES[name])
    matrix = explicit_matrix(name, linear)
    shift = np.array([5, -3] + [0] * (len(matrix) - 2))
    for row in range(2):
        np.testing.assert_allclose(moved_means[row], matrix @ means[row] + shift, rtol=1e-13)
        expected = matrix @ covariances[row] @ matrix.T
        np.testing.assert_allclose(moved[row], expected, rtol=1e-12, atol=1e-12)


@BY_SPACE
def test_a_shift_leaves_covariances_alone(name):
    means, covariances = np.array([STATES[name]], np.float64), random_covariances(name, 1)
    _, moved = warp_states(means, covariances, warp_of('shift'), SPACES[name])
    np.testing.assert_allclose(moved, covariances, rtol=1e-15)


@BY_SPACE
def test_identity_changes_nothing(name):
    rng = np.random.default_rng(3)
    means, covariances = rng.normal(size=(4, len(STATES[name]))), random_covariances(name, 4)
    moved = warp_states(means, covariances, np.eye(2, 3), SPACES[name])
    np.testing.assert_array_equal(moved[0], means)
    np.testing.assert_array_equal(moved[1], covariances)


@pytest.mark.parametrize(
    ('warp', 'expected'),
    [
        (np.eye(2, 3), [8, 16, 12, 24]),
        (WARPS['shift'], [13, 13, 17, 21]),
        (WARPS['turn'], [-22, 6, -18, 14]),  # still 4 x 8, around (-20, 10)
        (WARPS['zoom'], [16, 32, 24, 48]),
        (WARPS['all'], [-39, 9, -31, 25]),  # 8 x 16 around (-35, 17)
        ([[-1, 0, 0], [0, 1, 0]], [-12, 16, -8, 24]),  # a mirror keeps the size
        ([[4, 0, 0], [0, 1, 0]], [36, 12, 44, 28]),  # area x 4: sides x 2, around (40, 20)
    ],
)
def test_boxes_by_hand(warp, expected):
    boxes = np.array([[8.0, 16, 12, 24]] * 2)
    moved = warp_boxes(boxes, np.array(warp, np.float64))
    np.testing.assert_allclose(moved, [expected] * 2, rtol=1e-14)
    assert boxes.tolist() == [[8, 16, 12, 24]] * 2


def test_a_warp_of_lists_is_converted():
    warp = check_camera_motion([[1, 0, 5], [0, 1, -3]])
    assert warp.dtype == np.float64
    assert warp.tolist() == [[1, 0, 5], [0, 1, -3]]


@pytest.mark.parametrize(
    'warp',
    [
        np.eye(3),
        np.eye(2),
        np.ones((3, 2)),
        np.ones(6),
        np.ones((1, 2, 3)),
        [[1, 0, np.nan], [0, 1, 0]],
        [[1, 0, 0], [0, np.inf, 0]],
    ],
)
def test_a_bad_warp_is_refused(warp):
    with pytest.raises(ValueError, match=r"The 'camera_motion' must be a finite 2x3 warp\. Got \["):
        check_camera_motion(warp)
