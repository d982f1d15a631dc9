"""The Kalman filter, batched over tracks."""

from __future__ import annotations

import numpy as np

from mmtrack_ext.association.arrays import FloatArray
from mmtrack_ext.association.box_spaces import BoxSpace


class KalmanFilter:
    """Constant-velocity filter of T boxes at a time; one time step is one frame.

    With the measured quantities z and their velocities v the model is ``z' = z + v``, ``v' = v``;
    all noise is independent. Functions return new arrays and leave their arguments alone.

    Args:
        space: what is measured and how noisy it is.
    """

    def __init__(self, space: BoxSpace) -> None:
        self.space = space
        self._moving = slice(0, space.num_velocities)  # quantities that have a velocity

    def initiate(self, measurements: FloatArray) -> tuple[FloatArray, FloatArray]:
        """New states from (T, 4) measurements, with zero velocity.

        Returns:
            Means (T, n) and covariances (T, n, n).
        """
        means = np.zeros((len(measurements), self.space.num_states))
        means[:, :4] = measurements
        covariances = np.zeros((*means.shape, self.space.num_states))
        variances = self.space.initial.variance(means.take(self.space.scale_columns, axis=1))
        _diagonals(covariances)[:] = variances
        return means, covariances

    def predict(self, means: FloatArray, covariances: FloatArray) -> tuple[FloatArray, FloatArray]:
        """One step ahead: x <- F x, P <- F P F' + Q, with Q from the state before the step.

        Args:
            means: (T, n).
            covariances: (T, n, n).
        """
        variances = self.space.process.variance(means.take(self.space.scale_columns, axis=1))
        means, covariances = means.copy(), covariances.copy()
        _add(means[:, self._moving], means[:, 4:])
        # F = I plus ones that add each velocity to its quantity, so F P F' is two additions.
        _add(covariances[:, self._moving, :], covariances[:, 4:, :])
        _add(covariances[:, :, self._moving], covariances[:, :, 4:])
        _add(_diagonals(covariances), variances)
        return means, covariances

    def project(self, means: FloatArray, covariances: FloatArray) -> tuple[FloatArray, FloatArray]:
        """What will be measured: H x (T, 4) and its covariance S = H P H' + R (T, 4, 4)."""
        scales = means.take(self.space.scale_columns[:4], axis=1)
        innovation_covariances = covariances[:, :4, :4].copy()
        _add(_diagonals(innovation_covariances), self.space.measurement.variance(scales))
        return means[:, :4], innovation_covariances

    def update(
        self, means: FloatArray, covariances: FloatArray, measurements: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Correct T states by one measurement each: K = P H' S^-1, P <- P - K S K'.

        Args:
            means: (T, n).
            covariances: (T, n, n).
            measurements: (T, 4).
        """
        expected, innovation_covariances = self.project(means, covariances)
        measured_rows = covariances[:, :4, :]  # H P
        gains = _solve(innovation_covariances, measured_rows)  # K' = S^-1 H P
        innovations = (measurements - expected)[:, None, :]
        means = means + (innovations @ gains)[:, 0]
        return means, covariances - gains.swapaxes(1, 2) @ measured_rows  # K S K' = K H P

    def squared_mahalanobis(
        self, means: FloatArray, covariances: FloatArray, measurements: FloatArray
    ) -> FloatArray:
        """Squared distance of every measurement from every state, in its standard deviations.

        Args:
            means: (T, n).
            covariances: (T, n, n).
            measurements: (D, 4).

        Returns:
            (T, D); chi-square distributed with 4 degrees of freedom if the model is right.
        """
        expected, innovation_covariances = self.project(means, covariances)
        if _are_diagonal(innovation_covariances):
            precisions = 1 / _diagonals(innovation_covariances)
            squared = np.zeros((len(means), len(measurements)))
            for quantity in range(4):
                innovations = measurements[:, quantity] - expected[:, quantity, None]
                innovations *= innovations
                innovations *= precisions[:, quantity, None]
                squared += innovations
            return squared
        whitened = np.linalg.solve(
            np.linalg.cholesky(innovation_covariances),
            (measurements[None] - expected[:, None]).swapaxes(1, 2),  # (T, 4, D)
        )
        return np.asarray((whitened * whitened).sum(axis=1))


def _add(view: FloatArray, values: FloatArray) -> None:
    """``array[...] += values`` without writing the view back to where it already is."""
    np.add(view, values, out=view)


def _diagonals(matrices: FloatArray) -> FloatArray:
    """A (T, n) view of the diagonals of (T, n, n) contiguous matrices."""
    size = matrices.shape[1]
    diagonals: FloatArray = matrices.reshape(len(matrices), size * size)[:, :: size + 1]
    return diagonals


def _are_diagonal(matrices: FloatArray) -> bool:
    """Whether (T, 4, 4) covariances are: they are until a camera motion rotates the quantities."""
    return bool(np.count_nonzero(matrices) == matrices.shape[0] * matrices.shape[1])


def _solve(matrices: FloatArray, right: FloatArray) -> FloatArray:
    """``matrices^-1 right`` for (T, 4, 4) and (T, 4, n)."""
    if _are_diagonal(matrices):
        return right / _diagonals(matrices)[:, :, None]
    return np.asarray(np.linalg.solve(matrices, right), np.float64)
