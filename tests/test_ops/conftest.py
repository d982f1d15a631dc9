"""Operators are put in place before a test file imports mmcv.ops."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch

from mmtrack_ext.ops import install_operators

install_operators()


@pytest.fixture(scope='session')
def recorded(root) -> Mapping[str, torch.Tensor]:
    """Inputs, outputs and gradients of mmcv 2.1.0's compiled operators; see record.py there."""
    with np.load(root / 'tests' / 'data' / 'mmcv_ops' / 'mmcv_ops.npz') as arrays:
        return {key: torch.from_numpy(array) for key, array in arrays.items()}


def relative_difference(output: torch.Tensor, expected: torch.Tensor) -> float:
    """The largest difference, as a share of the largest value."""
    assert output.shape == expected.shape
    return ((output - expected).abs().max() / expected.abs().max()).item()


@pytest.fixture(scope='session', name='relative_difference')
def relative_difference_fixture():
    return relative_difference
