"""CameraMotionEstimator: what it remembers."""

from __future__ import annotations

import numpy as np
import pytest

from mmtrack_ext.camera_motion import ECC, CameraMotionEstimator


def shift(x, y):
    return np.array([[1, 0, x], [0, 1, y]], float)


def test_each_warp_is_from_the_frame_before(world, look):
    # Where the camera is, and so how far everything moves from each frame to the next.
    positions = [(0, 0), (6, 0), (6, -9), (-14, 1)]
    steps = [(0, 0), (6, 0), (0, -9), (-20, 10)]
    for method in ('sparse_flow', 'ecc'):
        estimator = CameraMotionEstimator(method)
        warps = [estimator(look(world, shift(*position))) for position in positions]
        assert warps[0].tolist() == [[1, 0, 0], [0, 1, 0]]
        for warp, step in zip(warps, steps, strict=True):
            np.testing.assert_allclose(warp @ (240, 160, 1) - (240, 160), step, atol=0.3)
        assert estimator.failures == 0


def test_reset_starts_a_new_video(world, other_world, look, still):
    estimator = CameraMotionEstimator()
    estimator(look(world, still))
    estimator.reset()
    assert estimator(look(other_world, still)).tolist() == [[1, 0, 0], [0, 1, 0]]
    assert estimator.failures == 0
    moved = estimator(look(other_world, shift(8, 0)))
    np.testing.assert_allclose(moved @ (240, 160, 1), (248, 160), atol=0.3)


def test_failures_are_counted_and_forgotten(world, other_world, look, still):
    estimator = CameraMotionEstimator()
    frames = [
        look(world, still),
        look(other_world, still),  # another scene
        look(other_world, still, size=(400, 320)),  # another size
        look(other_world, shift(8, 0), size=(400, 320)),
    ]
    warps = [estimator(frame) for frame in frames]
    for warp in warps[:3]:
        np.testing.assert_array_equal(warp, np.eye(2, 3))
    assert warps[3][0, 2] == pytest.approx(8, abs=0.5)
    assert estimator.failures == 2
    estimator.reset()
    assert estimator.failures == 0


def test_options_are_the_methods():
    estimator = CameraMotionEstimator('ecc', scale=0.5, motion='affine')
    assert isinstance(estimator.method, ECC)
    assert (estimator.method.scale, estimator.method.motion) == (0.5, 'affine')
    with pytest.raises(ValueError, match=r"one of \('sparse_flow', 'ecc'\). Got 'orb'"):
        CameraMotionEstimator('orb')


@pytest.mark.parametrize(
    'image', [np.zeros((40, 40), np.uint8), np.zeros((40, 40, 3)), np.zeros((40, 40, 4), np.uint8)]
)
def test_other_images_are_refused(image):
    with pytest.raises(ValueError, match=r'frames of \(H, W, 3\) uint8. Got \(40, 40'):
        CameraMotionEstimator()(image)
