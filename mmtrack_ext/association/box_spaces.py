"""The state spaces of the Kalman filters, as data.

A state is the four measured quantities, then the velocities of the first ``num_velocities`` of
them, per frame. Noise is given as standard deviations proportional to a quantity of the state
(``relative_std`` times the state's column ``scale_columns``) plus a constant variance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mmtrack_ext.association import boxes as box_formats
from mmtrack_ext.association.arrays import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Noise:
    """Variances of every state quantity: (relative_std * scale)^2 + constant_variance."""

    relative_std: FloatArray
    constant_variance: FloatArray

    def variance(self, scales: FloatArray) -> FloatArray:
        """(T, n) scales, or (T, 1) of one that all share, to (T, n) variances."""
        std = self.relative_std * scales
        std *= std
        std += self.constant_variance
        return std


@dataclass(frozen=True, eq=False)
class BoxSpace:
    """How boxes become states, how states move, and how sure one is of them.

    Attributes:
        name: the measured quantities.
        source: where the numbers are from.
        encode: (N, 4) xyxy to (N, 4) measurements.
        decode: (N, >=4) states to (N, 4) xyxy.
        num_velocities: how many of the four measured quantities have a velocity.
        scale_columns: for each quantity of the state, the measured column its noise scales with; a
            slice of length 1 if it is the same for all.
        initial, process, measurement: variances of a new state (n), of one step (n) and of a
            measurement (4).
        size_velocities: velocities that the ByteTrack family sets to 0 in lost tracks.
        motion_matrix: (2, 2) linear part of a camera motion to the (n, n) change of the state.
    """

    name: str
    source: str
    encode: Callable[[FloatArray], FloatArray]
    decode: Callable[[FloatArray], FloatArray]
    num_velocities: int
    scale_columns: IntArray | slice
    initial: Noise
    process: Noise
    measurement: Noise
    size_velocities: slice
    motion_matrix: Callable[[FloatArray], FloatArray]

    @property
    def num_states(self) -> int:
        """Length n of a state."""
        return 4 + self.num_velocities


def _noise(relative_std: list[float], constant_std: list[float]) -> Noise:
    return Noise(np.array(relative_std), np.array(constant_std) ** 2)


def _constant(variances: list[float]) -> Noise:
    return Noise(np.zeros(len(variances)), np.array(variances))


def _block_diagonal(*blocks: FloatArray) -> FloatArray:
    size = sum(len(block) for block in blocks)
    matrix, start = np.zeros((size, size)), 0
    for block in blocks:
        stop = start + len(block)
        matrix[start:stop, start:stop] = block
        start = stop
    return matrix


def _area_scale(linear: FloatArray) -> float:
    """By how much a camera motion enlarges areas."""
    return float(abs(np.linalg.det(linear)))


# Named functions instead of lambdas, so that trackers can be pickled.
def _decode_xysr(states: FloatArray) -> FloatArray:
    return box_formats.cxcysr_to_xyxy(states[:, :4])


def _decode_xyah(states: FloatArray) -> FloatArray:
    return box_formats.cxcyah_to_xyxy(states[:, :4])


def _decode_xywh(states: FloatArray) -> FloatArray:
    return box_formats.cxcywh_to_xyxy(states[:, :4])


def _xysr_motion(linear: FloatArray) -> FloatArray:
    size = _area_scale(linear)
    return _block_diagonal(linear, np.diag([size, 1.0]), linear, np.diag([size]))


def _xyah_motion(linear: FloatArray) -> FloatArray:
    size = np.diag([1.0, np.sqrt(_area_scale(linear))])
    return _block_diagonal(linear, size, linear, size)


def _xywh_motion(linear: FloatArray) -> FloatArray:
    return _block_diagonal(linear, linear, linear, linear)


# Standard deviations as a share of the box's size, of positions and of velocities.
_P, _V = 1 / 20, 1 / 160

XYSR = BoxSpace(
    name='centre x, centre y, area, aspect ratio',
    source='SORT (Bewley et al. 2016), section 3.2 and its published parameters',
    encode=box_formats.xyxy_to_cxcysr,
    decode=_decode_xysr,
    num_velocities=3,
    scale_columns=slice(0, 1),
    initial=_constant([10, 10, 10, 10, 1e4, 1e4, 1e4]),
    process=_constant([1, 1, 1, 1, 0.01, 0.01, 1e-4]),
    measurement=_constant([1, 1, 10, 10]),
    size_velocities=slice(6, 7),
    motion_matrix=_xysr_motion,
)

XYAH = BoxSpace(
    name='centre x, centre y, aspect ratio, height',
    source='DeepSORT (Wojke et al. 2017), section 2.1 and its published parameters; ByteTrack',
    encode=box_formats.xyxy_to_cxcyah,
    decode=_decode_xyah,
    num_velocities=4,
    scale_columns=slice(3, 4),
    initial=_noise(
        [2 * _P, 2 * _P, 0, 2 * _P, 10 * _V, 10 * _V, 0, 10 * _V],
        [0, 0, 1e-2, 0, 0, 0, 1e-5, 0],
    ),
    process=_noise([_P, _P, 0, _P, _V, _V, 0, _V], [0, 0, 1e-2, 0, 0, 0, 1e-5, 0]),
    measurement=_noise([_P, _P, 0, _P], [0, 0, 1e-1, 0]),
    size_velocities=slice(7, 8),
    motion_matrix=_xyah_motion,
)

XYWH = BoxSpace(
    name='centre x, centre y, width, height',
    source='BoT-SORT (Aharon et al. 2022), section 3.1; SparseTrack, NanoTrack',
    encode=box_formats.xyxy_to_cxcywh,
    decode=_decode_xywh,
    num_velocities=4,
    scale_columns=np.array([2, 3] * 4),
    initial=_noise([2 * _P] * 4 + [10 * _V] * 4, [0] * 8),
    process=_noise([_P] * 4 + [_V] * 4, [0] * 8),
    measurement=_noise([_P] * 4, [0] * 4),
    size_velocities=slice(6, 8),
    motion_matrix=_xywh_motion,
)
