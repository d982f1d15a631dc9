"""Names for the types of the association core: arrays, and functions from arrays to arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
Float32Array: TypeAlias = NDArray[np.float32]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]

CostFunction: TypeAlias = Callable[[IntArray, IntArray], FloatArray]
"""Rows of T tracks and of D detections to the (T, D) cost of giving one to the other."""
