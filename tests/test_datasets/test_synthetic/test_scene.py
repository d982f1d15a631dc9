from __future__ import annotations

import numpy as np
import pytest

from mmtrack_ext.datasets.synthetic.camera import FRAME_RATE, MODES, make_camera
from mmtrack_ext.datasets.synthetic.kinds import KINDS
from mmtrack_ext.datasets.synthetic.scene import MAX_HEIGHT, Scene

SIZE = (640, 384)


def camera_of(mode, num_frames=300, seed=0):
    rng = np.random.default_rng(seed)
    return make_camera(rng, size=SIZE, num_frames=num_frames, mode=mode)


def walk(mode=0, num_frames=300, kinds=KINDS[:1], seed=3):
    """Positions by id: {id: [(frame, x, z, vx, vz), ...]}."""
    camera = camera_of(mode, num_frames)
    scene, paths = Scene(camera, kinds=kinds, seed=(seed, 1)), {}
    for frame in range(num_frames):
        for actor in scene.step(frame):
            row = (frame, actor.x, actor.z, actor.vx, actor.vz)
            paths.setdefault(actor.id, []).append(row)
    return camera, paths


def test_projection_is_that_of_a_pinhole():
    # Ground 10 m away: 0.9 * 640 = 576 pixels focal length, so 57.6 pixels a metre.
    camera = camera_of(0)
    column, row = camera.project(2.0, 10.0, 0)
    left, tilt = camera.offsets[0]
    assert column == pytest.approx(camera.panorama_width / 2 - left + 115.2)
    assert row == pytest.approx(camera.horizon + 57.6 * camera.altitude - tilt)
    assert camera.world_x(camera.panorama_x(2.0, 10.0), 10.0) == pytest.approx(2.0)
    drop = camera.altitude * 57.6 / 384
    assert camera.distance(drop) == pytest.approx(10.0)


@pytest.mark.parametrize('mode', range(len(MODES)))
def test_every_view_is_inside_the_panorama(mode):
    camera = camera_of(mode, 2000)
    assert camera.offsets[:, 0].min() >= 0
    assert camera.offsets[:, 0].max() + camera.width <= camera.panorama_width
    assert np.abs(camera.offsets[:, 1]).max() <= camera.margin
    steps = np.diff(camera.offsets, axis=0)
    assert np.abs(steps).max() < 0.015 * camera.width  # no jumps: under 10 of 640 pixels a frame
    assert (np.ptp(camera.offsets[:, 0]) == 0) == (MODES[mode] == (0, 0))


def test_nobody_jumps():
    _, paths = walk()
    for path in paths.values():
        moved = np.diff(np.array(path)[:, :3], axis=0)
        assert (moved[:, 0] == 1).all()  # without a gap until it leaves
        assert np.hypot(moved[:, 1], moved[:, 2]).max(initial=0) <= 1.8 / FRAME_RATE + 1e-9


def test_people_come_go_stop_and_turn():
    _, paths = walk()
    assert len(paths) > 11  # 7 to 11 at a time, so some have left and others come
    speeds = np.concatenate([np.hypot(*np.array(path)[:, 3:].T) for path in paths.values()])
    assert 0.05 < (speeds < 0.1).mean() < 0.4
    turned = [np.ptp(np.sign(np.array(path)[:, 3])) == 2 for path in paths.values()]
    assert 0.1 < np.mean(turned) < 0.8


def test_who_has_left_never_returns():
    camera, paths = walk(mode=1)
    for path in paths.values():
        columns = np.array([camera.project(x, z, frame)[0] for frame, x, z, *_ in path])
        half = np.array([0.4 * 2 * camera.scale(z) for _, _, z, *_ in path])
        inside = (columns > -half) & (columns < camera.width + half)
        frames = np.flatnonzero(inside)
        assert len(frames) == 0 or inside[frames[0] : frames[-1] + 1].all()


def test_sizes_follow_distance_within_limits():
    camera, paths = walk(num_frames=200)
    nearest = min(z for path in paths.values() for _, _, z, *_ in path)
    farthest = max(z for path in paths.values() for _, _, z, *_ in path)
    assert 1.95 * camera.scale(nearest) < 1.1 * 1.3 * MAX_HEIGHT * camera.height
    assert 1.5 * camera.scale(farthest) > 24


def test_another_seed_is_another_street():
    (_, first), (_, second), (_, again) = walk(seed=3), walk(seed=4), walk(seed=3)
    assert first == again
    assert first[1] != second[1]
