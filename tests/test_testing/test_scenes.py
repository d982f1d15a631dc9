from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from mmtrack_ext.association.boxes import iou
from mmtrack_ext.fileio import read_detections, read_ground_truth
from mmtrack_ext.testing.scenes import _visibility, make_crowd, make_scene


def test_bundled_scenes_are_what_the_generator_makes(root, tmp_path):
    command = [sys.executable, '-m', 'mmtrack_ext.testing.scenes', tmp_path]
    subprocess.run(command, check=True, cwd=root, capture_output=True)
    bundled = root / 'tests' / 'data' / 'scenes'
    files = sorted(path.relative_to(bundled) for path in bundled.rglob('*') if path.is_file())
    assert len(files) == 6
    for file in files:
        assert (tmp_path / file).read_bytes() == (bundled / file).read_bytes(), file


def test_another_seed_is_another_scene():
    first, second = (make_scene('a', seed=seed).truth.boxes_tlwh for seed in (3, 4))
    assert first.shape != second.shape or not np.allclose(first, second)


def test_visibility_is_what_nearer_boxes_leave():
    # b stands nearer (its feet are lower) and hides the right half of a's upper 80 rows: 40 %.
    boxes = np.array([[0, 0, 100, 100], [50, 0, 150, 120], [400, 0, 500, 90]], float)
    everyone = np.ones(3, bool)
    boxes[1, 1] = 20
    assert _visibility(boxes, everyone).tolist() == pytest.approx([0.6, 1, 1])
    without_b = np.array([True, False, True])
    assert _visibility(boxes, without_b).tolist() == pytest.approx([1, 1, 1])


def test_detections_are_jittered_objects_with_misses_and_false_alarms(root):
    folder = root / 'tests' / 'data' / 'scenes' / 'crossing'
    truth, detections = (
        read_ground_truth(folder / 'gt' / 'gt.txt'),
        read_detections(folder / 'det' / 'det.txt'),
    )
    found = false = 0
    for t in range(len(detections)):
        corners = truth.boxes_tlwh[truth.frames == t]
        corners[:, 2:] += corners[:, :2]
        best = iou(detections[t].boxes, corners).max(axis=1)
        found += (best > 0.5).sum()
        false += (best <= 0.5).sum()
    assert 0.7 < found / len(truth.frames) < 0.95
    assert 0.02 < false / len(truth.frames) < 0.08


def test_crowd_has_about_as_many_boxes_as_walkers_in_every_frame():
    counts = [len(frame) for frame in make_crowd(100, num_frames=20, seed=1)]
    assert len(counts) == 20
    assert 80 < min(counts) <= max(counts) < 105
