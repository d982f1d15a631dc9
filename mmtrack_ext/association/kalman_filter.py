"""The Kalman filter, batched over tracks.

What a filter knows of a track is a Gaussian, kept as one (n, n + 1) matrix ``[P | x]``: the
covariance and, as last column, the mean. What a step does to the rows of P it does to x as well, so
one operation serves both.
"""

from __future__ import annotations

import numpy as np

from mmtrack_ext.association.arrays import FloatArray, IntArray
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
        size, moving = space.num_states, range(space.num_velocities)
        right = np.eye(size + 1)  # F' for P, and nothing for x
        right[[4 + quantity for quantity in moving], moving] = 1  # each quantity gains its velocity
        self._transition, self._right = right[:size, :size].T.copy(), right
        self._scales = self._measured_scales = space.scale_columns
        if not isinstance(self._scales, slice):
            self._measured_scales = self._scales[:4]

    def initiate(self, measurements: FloatArray) -> FloatArray:
        """New Gaussians (T, n, n + 1) from (T, 4) measurements, with zero velocity."""
        num_states = self.space.num_states
        gaussians = np.zeros((len(measurements), num_states, num_states + 1))
        gaussians[:, :4, -1] = measurements
        variances = self.space.initial.variance(_columns(measurements, self._scales))
        _diagonals(gaussians)[:] = variances
        return gaussians

    def predict(self, gaussians: FloatArray) -> FloatArray:
        """One step ahead: x <- F x, P <- F P F' + Q, with Q from the state before the step.

        Args:
            gaussians: (T, n, n + 1).
        """
        scales = _columns(gaussians[:, :, -1], self._scales)
        predicted: FloatArray = self._transition @ gaussians @ self._right  # [F P F' | F x]
        _add(_diagonals(predicted), self.space.process.variance(scales))
        return predicted

    def project(self, gaussians: FloatArray) -> tuple[FloatArray, FloatArray]:
        """What will be measured: H x (T, 4) and its covariance S = H P H' + R (T, 4, 4)."""
        expected = gaussians[:, :4, -1]
        innovation_covariances = gaussians[:, :4, :4].copy()
        scales = _columns(expected, self._measured_scales)
        _add(_diagonals(innovation_covariances), self.space.measurement.variance(scales))
        return expected, innovation_covariances

    def update(self, gaussians: FloatArray, measurements: FloatArray) -> FloatArray:
        """Correct T states by one measurement each: [P | x] - K [H P | H x - z], K = P H' S^-1.

        Args:
            gaussians: (T, n, n + 1).
            measurements: (T, 4).
        """
        expected, innovation_covariances = self.project(gaussians)
        measured = gaussians[:, :4].copy()  # [H P | H x]
        gains = _solve(innovation_covariances, measured[:, :, :-1])  # K' = S^-1 H P
        np.subtract(expected, measurements, out=measured[:, :, -1])  # [H P | H x - z]
        change: FloatArray = gains.swapaxes(1, 2) @ measured
        return np.subtract(gaussians, change, out=change)

    def squared_mahalanobis(self, gaussians: FloatArray, measurements: FloatArray) -> FloatArray:
        """Squared distance of every measurement from every state, in its standard deviations.

        Args:
            gaussians: (T, n, n + 1).
            measurements: (D, 4).

        Returns:
            (T, D); chi-square distributed with 4 degrees of freedom if the model is right.
        """
        expected, innovation_covariances = self.project(gaussians)
        if _are_diagonal(innovation_covariances):
            precisions = 1 / _diagonals(innovation_covariances)
            squared = np.zeros((len(gaussians), len(measurements)))
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


def _columns(matrix: FloatArray, columns: IntArray | slice) -> FloatArray:
    """``matrix[:, columns]``, in half the time where the columns are an array."""
    if isinstance(columns, slice):
        return matrix[:, columns]
    return matrix.take(columns, axis=1)


def _diagonals(matrices: FloatArray) -> FloatArray:
    """A (T, n) view of the diagonals of (T, n, n or more) contiguous matrices."""
    count, rows, columns = matrices.shape
    diagonals: FloatArray = matrices.reshape(count, rows * columns)[:, :: columns + 1]
    return diagonals


def _are_diagonal(matrices: FloatArray) -> bool:
    """Whether (T, 4, 4) covariances are: they are until a camera motion rotates the quantities."""
    return bool(np.count_nonzero(matrices) == matrices.shape[0] * matrices.shape[1])


def _solve(matrices: FloatArray, right: FloatArray) -> FloatArray:
    """``matrices^-1 right`` for (T, 4, 4) and (T, 4, n)."""
    if _are_diagonal(matrices):
        return right / _diagonals(matrices)[:, :, None]
    return np.asarray(np.linalg.solve(matrices, right), np.float64)
