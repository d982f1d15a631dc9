"""The batched filter against the textbook, written with explicit matrices for one track."""

import numpy as np
import pytest

from mmtrack_ext.association.box_spaces import XYAH, XYSR, XYWH
from mmtrack_ext.association.kalman_filter import KalmanFilter

SPACES = {'XYSR': XYSR, 'XYAH': XYAH, 'XYWH': XYWH}
BY_SPACE = pytest.mark.parametrize('name', SPACES)


def transition(name):
    """F: every quantity gains its velocity; the aspect ratio of XYSR has none."""
    matrix = np.eye(7 if name == 'XYSR' else 8)
    for row in range(3 if name == 'XYSR' else 4):
        matrix[row, row + 4] = 1
    return matrix


def process_noise(name, mean):
    """Q of a state."""
    w, h = mean[2], mean[3]
    if name == 'XYSR':
        return np.diag([1, 1, 1, 1, 0.01, 0.01, 1e-4])
    if name == 'XYAH':
        std = [h / 20, h / 20, 1e-2, h / 20, h / 160, h / 160, 1e-5, h / 160]
    else:
        std = [w / 20, h / 20, w / 20, h / 20, w / 160, h / 160, w / 160, h / 160]
    return np.diag(std) ** 2


def measurement_noise(name, mean):
    """R of a state."""
    w, h = mean[2], mean[3]
    if name == 'XYSR':
        return np.diag([1.0, 1, 10, 10])
    std = [h / 20, h / 20, 1e-1, h / 20] if name == 'XYAH' else [w / 20, h / 20, w / 20, h / 20]
    return np.diag(std) ** 2


def textbook_project(name, mean, covariance):
    observation = np.eye(4, len(mean))  # H
    innovation_covariance = observation @ covariance @ observation.T
    return observation @ mean, innovation_covariance + measurement_noise(name, mean)


def textbook_update(name, mean, covariance, measurement):
    observation = np.eye(4, len(mean))
    expected, innovation_covariance = textbook_project(name, mean, covariance)
    gain = covariance @ observation.T @ np.linalg.inv(innovation_covariance)  # K
    # Joseph form: (I - K H) P (I - K H)' + K R K'
    rest = np.eye(len(mean)) - gain @ observation
    joseph = rest @ covariance @ rest.T + gain @ measurement_noise(name, mean) @ gain.T
    return mean + gain @ (measurement - expected), joseph


def joined(means, covariances):
    """[P | x]."""
    return np.concatenate([covariances, means[:, :, None]], axis=2)


def split(gaussians):
    """Means and covariances."""
    return gaussians[:, :, -1], gaussians[:, :, :-1]


def random_states(name, seed, count=5):
    """States with positive sizes and full covariances, and a measurement near each."""
    rng = np.random.default_rng(seed)
    size = len(transition(name))
    means = rng.normal(0, 5, (count, size))
    means[:, :4] = rng.uniform([0, 0, 20, 20], [500, 500, 90, 90], (count, 4))
    factors = rng.normal(0, 2, (count, size, size))
    covariances = factors @ factors.swapaxes(1, 2) + np.eye(size)
    return means, covariances, means[:, :4] + rng.normal(0, 3, (count, 4))


@BY_SPACE
@pytest.mark.parametrize('seed', range(5))
def test_predict_is_the_textbook(name, seed):
    means, covariances, _ = random_states(name, seed)
    predicted = KalmanFilter(SPACES[name]).predict(joined(means, covariances))
    new_means, new_covariances = split(predicted)
    matrix = transition(name)
    for row, (mean, covariance) in enumerate(zip(means, covariances, strict=True)):
        expected = matrix @ covariance @ matrix.T + process_noise(name, mean)
        np.testing.assert_allclose(new_means[row], matrix @ mean, rtol=1e-12)
        np.testing.assert_allclose(new_covariances[row], expected, rtol=1e-11, atol=1e-11)


@BY_SPACE
@pytest.mark.parametrize('seed', range(5))
def test_project_is_the_textbook(name, seed):
    means, covariances, _ = random_states(name, seed)
    projected = KalmanFilter(SPACES[name]).project(joined(means, covariances))
    for row, (mean, covariance) in enumerate(zip(means, covariances, strict=True)):
        expected = textbook_project(name, mean, covariance)
        np.testing.assert_allclose(projected[0][row], expected[0], rtol=1e-12)
        np.testing.assert_allclose(projected[1][row], expected[1], rtol=1e-12)


@BY_SPACE
@pytest.mark.parametrize('seed', range(5))
def test_update_is_the_textbook_in_joseph_form(name, seed):
    means, covariances, measurements = random_states(name, seed)
    updated = KalmanFilter(SPACES[name]).update(joined(means, covariances), measurements)
    new_means, new_covariances = split(updated)
    for row in range(len(means)):
        state = means[row], covariances[row], measurements[row]
        mean, covariance = textbook_update(name, *state)
        np.testing.assert_allclose(new_means[row], mean, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(new_covariances[row], covariance, rtol=1e-9, atol=1e-9)


@BY_SPACE
@pytest.mark.parametrize('seed', range(5))
def test_squared_mahalanobis_is_the_textbook(name, seed):
    means, covariances, measurements = random_states(name, seed)
    kalman = KalmanFilter(SPACES[name])
    distances = kalman.squared_mahalanobis(joined(means[:3], covariances[:3]), measurements)
    assert distances.shape == (3, 5)
    for row in range(3):
        expected, innovation_covariance = textbook_project(name, means[row], covariances[row])
        for column, measurement in enumerate(measurements):
            innovation = measurement - expected
            squared = innovation @ np.linalg.inv(innovation_covariance) @ innovation
            assert distances[row, column] == pytest.approx(squared, rel=1e-9)


@pytest.mark.parametrize(
    ('name', 'size', 'before', 'after'),
    [
        # A height that grows from 100 to 120: (100 / 20)^2 = 25 counts, not (120 / 20)^2 = 36.
        ('XYAH', [0.5, 100, 0, 20], 25, 36),
        # A width that shrinks from 100 to 60: 25, not (60 / 20)^2 = 9.
        ('XYWH', [100, 50, -40, 0], 25, 9),
    ],
)
def test_process_noise_is_that_of_the_state_before_the_step(name, size, before, after):
    kalman = KalmanFilter(SPACES[name])
    mean = np.array([[10.0, 20, *size[:2], 0, 0, *size[2:]]])
    mean, covariance = split(kalman.predict(joined(mean, np.zeros((1, 8, 8)))))
    assert covariance[0, 0, 0] == pytest.approx(before)
    _, covariance = split(kalman.predict(joined(mean, np.zeros((1, 8, 8)))))
    assert covariance[0, 0, 0] == pytest.approx(after)


def test_update_by_hand():
    # SORT starts with variance 10 and measures with variance 1: the gain is 10 / 11, so a
    # measurement 1.1 away moves the centre by 1 and leaves a variance of 10 - 100 / 11 = 10 / 11.
    kalman = KalmanFilter(XYSR)
    gaussians = kalman.initiate(np.array([[0.0, 50, 400, 1]]))
    means, covariances = split(kalman.update(gaussians, np.array([[1.1, 50, 400, 1]])))
    np.testing.assert_allclose(means, [[1, 50, 400, 1, 0, 0, 0]], rtol=1e-12)
    assert covariances[0, 0, 0] == pytest.approx(10 / 11)
    assert covariances[0, 4, 4] == 1e4  # the velocity is still unknown


def test_squared_mahalanobis_by_hand():
    # A new state of SORT: S = diag(10 + 1, 10 + 1, 10 + 10, 10 + 10).
    kalman = KalmanFilter(XYSR)
    gaussians = kalman.initiate(np.array([[0.0, 50, 400, 1]]))
    measurements = np.array([[0.0, 50, 400, 1], [11, 50, 400, 1], [0, 50, 420, 3]])
    distances = kalman.squared_mahalanobis(gaussians, measurements)
    # 11^2 / 11 = 11, and 20^2 / 20 + 2^2 / 20 = 20.2
    np.testing.assert_allclose(distances, [[0, 11, 20.2]], rtol=1e-12)


@BY_SPACE
def test_a_steady_motion_is_learnt(name):
    kalman, space = KalmanFilter(SPACES[name]), SPACES[name]
    gaussians = kalman.initiate(space.encode(np.array([[0.0, 0, 40, 80]])))
    for frame in range(1, 60):
        box = np.array([[0.0, 0, 40, 80]]) + frame * np.array([3, -2, 3, -2])
        gaussians = kalman.predict(gaussians)
        gaussians = kalman.update(gaussians, space.encode(box))
    means, _ = split(gaussians)
    np.testing.assert_allclose(means[0, 4:6], [3, -2], atol=0.01)
    np.testing.assert_allclose(space.decode(means), box, atol=0.05)


@BY_SPACE
def test_a_batch_equals_one_at_a_time(name):
    means, covariances, measurements = random_states(name, 11)
    kalman, gaussians = KalmanFilter(SPACES[name]), joined(means, covariances)
    calls = {
        lambda z: (kalman.initiate(z),): (measurements,),
        lambda g: (kalman.predict(g),): (gaussians,),
        kalman.project: (gaussians,),
        lambda g, z: (kalman.update(g, z),): (gaussians, measurements),
    }
    for call, arguments in calls.items():
        together = call(*arguments)
        for row in range(len(means)):
            alone = call(*(argument[row : row + 1] for argument in arguments))
            for one, all_of_them in zip(alone, together, strict=True):
                np.testing.assert_allclose(one[0], all_of_them[row], rtol=1e-12, atol=1e-12)


@BY_SPACE
def test_arguments_stay_as_they_are(name):
    means, covariances, measurements = random_states(name, 12)
    gaussians = joined(means, covariances)
    copies = gaussians.copy(), measurements.copy()
    kalman = KalmanFilter(SPACES[name])
    kalman.initiate(measurements)
    kalman.predict(gaussians)
    kalman.project(gaussians)
    kalman.update(gaussians, measurements)
    kalman.squared_mahalanobis(gaussians, measurements)
    for values, copy in zip((gaussians, measurements), copies, strict=True):
        np.testing.assert_array_equal(values, copy)


@BY_SPACE
def test_no_tracks(name):
    kalman, size = KalmanFilter(SPACES[name]), SPACES[name].num_states
    gaussians = kalman.predict(kalman.initiate(np.empty((0, 4))))
    gaussians = kalman.update(gaussians, np.empty((0, 4)))
    assert gaussians.shape == (0, size, size + 1)
    assert kalman.squared_mahalanobis(gaussians, np.ones((3, 4))).shape == (0, 3)
