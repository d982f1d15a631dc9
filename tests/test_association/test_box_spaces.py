"""The state spaces: what is measured, and the noise tables of the papers, for one box by hand."""

import numpy as np
import pytest

from mmtrack_ext.association.box_spaces import XYAH, XYSR, XYWH, Noise
from mmtrack_ext.association.kalman_filter import KalmanFilter

BOX = np.array([[100.0, 200, 140, 280]])  # 40 wide, 80 high, centre (120, 240)
MEASURED = {
    'XYSR': [120, 240, 3200, 0.5],
    'XYAH': [120, 240, 0.5, 80],
    'XYWH': [120, 240, 40, 80],
}
SPACES = {'XYSR': XYSR, 'XYAH': XYAH, 'XYWH': XYWH}

# Standard deviations of that box. With h = 80: h/10 = 8, h/16 = 5, h/20 = 4, h/160 = 1/2;
# with w = 40: w/10 = 4, w/16 = 2.5, w/20 = 2, w/160 = 1/4. SORT gives variances.
INITIAL = {
    'XYSR': np.sqrt([10, 10, 10, 10, 1e4, 1e4, 1e4]),
    'XYAH': [8, 8, 0.01, 8, 5, 5, 1e-5, 5],
    'XYWH': [4, 8, 4, 8, 2.5, 5, 2.5, 5],
}
PROCESS = {
    'XYSR': np.sqrt([1, 1, 1, 1, 0.01, 0.01, 1e-4]),
    'XYAH': [4, 4, 0.01, 4, 0.5, 0.5, 1e-5, 0.5],
    'XYWH': [2, 4, 2, 4, 0.25, 0.5, 0.25, 0.5],
}
MEASUREMENT = {
    'XYSR': np.sqrt([1, 1, 10, 10]),
    'XYAH': [4, 4, 0.1, 4],
    'XYWH': [2, 4, 2, 4],
}


@pytest.mark.parametrize('name', SPACES)
def test_encode_and_decode(name):
    space = SPACES[name]
    np.testing.assert_allclose(space.encode(BOX), [MEASURED[name]], rtol=1e-15)
    state = np.full((1, space.num_states), 7.0)  # the velocities do not matter
    state[:, :4] = MEASURED[name]
    np.testing.assert_allclose(space.decode(state), BOX, rtol=1e-15)


@pytest.mark.parametrize(('name', 'num_states'), [('XYSR', 7), ('XYAH', 8), ('XYWH', 8)])
def test_length_of_a_state(name, num_states):
    assert SPACES[name].num_states == num_states


@pytest.mark.parametrize('name', SPACES)
def test_initial_noise(name):
    gaussian = KalmanFilter(SPACES[name]).initiate(np.array([MEASURED[name]]))[0]
    velocities = [0] * SPACES[name].num_velocities
    assert gaussian[:, -1].tolist() == MEASURED[name] + velocities
    np.testing.assert_allclose(gaussian[:, :-1], np.diag(INITIAL[name]) ** 2, rtol=1e-14)


def known_exactly(name):
    """A state at rest without uncertainty."""
    size = SPACES[name].num_states
    gaussians = np.zeros((1, size, size + 1))
    gaussians[0, :4, -1] = MEASURED[name]
    return gaussians


@pytest.mark.parametrize('name', SPACES)
def test_process_noise(name):
    # Without uncertainty before the step, the covariance after it is the process noise.
    predicted = KalmanFilter(SPACES[name]).predict(known_exactly(name))
    np.testing.assert_allclose(predicted[0, :, :-1], np.diag(PROCESS[name]) ** 2, rtol=1e-14)


@pytest.mark.parametrize('name', SPACES)
def test_measurement_noise(name):
    _, covariances = KalmanFilter(SPACES[name]).project(known_exactly(name))
    np.testing.assert_allclose(covariances[0], np.diag(MEASUREMENT[name]) ** 2, rtol=1e-14)


def test_variance_of_noise():
    noise = Noise(np.array([0.5, 0.0]), np.array([1.0, 9.0]))
    # (0.5 * 4)^2 + 1 = 5, (0.5 * 6)^2 + 1 = 10, and a constant 9
    assert noise.variance(np.array([[4.0, 4], [6, 6]])).tolist() == [[5, 9], [10, 9]]


@pytest.mark.parametrize(
    ('name', 'velocities'),
    [('XYSR', [1, 1, 0]), ('XYAH', [1, 1, 1, 0]), ('XYWH', [1, 1, 0, 0])],
)
def test_size_velocities(name, velocities):
    state = np.ones(SPACES[name].num_states)
    state[SPACES[name].size_velocities] = 0
    assert state.tolist() == [1, 1, 1, 1, *velocities]
