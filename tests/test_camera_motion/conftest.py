"""Pictures of a textured world through a camera that moves as told."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

WIDTH, HEIGHT = 480, 320
CORNER = (300.0, 200.0)  # of the view in the world, for the first picture


def make_world(seed, size=(1100, 720)):
    """(H, W, 3) uint8: smooth blotches, so that whatever is shown between pixels is known."""
    width, height = size
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (height // 10, width // 10, 3), dtype=np.uint8)
    return cv2.resize(small, size, interpolation=cv2.INTER_CUBIC)


def view(world, warp, size=(WIDTH, HEIGHT)):
    """What is seen of the world after the camera has moved by a (2, 3) warp from ``CORNER``."""
    # Texture lies at p in the first picture, so at A p + b in this one; cv2 wants the way back,
    # and counts from the centre of the first pixel, half a pixel inside of it.
    matrix = np.linalg.inv(warp[:, :2])
    shift = -matrix @ warp[:, 2] + matrix @ (0.5, 0.5) - 0.5 + CORNER
    back = np.column_stack([matrix, shift])
    return cv2.warpAffine(world, back, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


@pytest.fixture(scope='session')
def world():
    return make_world(0)


@pytest.fixture(scope='session')
def other_world():
    return make_world(1)


@pytest.fixture(scope='session')
def look():
    return view


@pytest.fixture(scope='session')
def still():
    return np.eye(2, 3)
