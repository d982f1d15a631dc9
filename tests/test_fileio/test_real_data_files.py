"""Every published file at hand, against a naive parse; skipped where the data are absent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmtrack_ext.fileio import (
    read_detections,
    read_detections_text,
    read_ground_truth,
    read_sequence_info,
)

DATA = Path(__file__).parents[2].parent / 'shared' / 'data'
MOT17 = DATA / 'MOT17'
HALVES = sorted(folder.name for folder in (MOT17 / 'val_half').glob('MOT17-*'))

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason='the folder of real data is absent')


def files(pattern):
    return [
        pytest.param(path, id=path.relative_to(DATA).as_posix())
        for path in sorted(DATA.rglob(pattern))
    ]


def naive_rows(path):
    """Rows of floats, in the order of frames; Python's sort is stable."""
    lines = [line for line in path.read_text().splitlines() if line.strip()]
    rows = [[float(field) for field in line.split(',')] for line in lines]
    return np.array(sorted(rows, key=lambda row: row[0])), len(lines)


@pytest.mark.parametrize('path', files('gt.txt'))
def test_ground_truth_equals_a_naive_parse(path):
    rows, num_lines = naive_rows(path)
    truth = read_ground_truth(path)
    assert len(truth.frames) == num_lines
    np.testing.assert_array_equal(truth.frames + 1, rows[:, 0])
    np.testing.assert_array_equal(truth.ids, rows[:, 1])
    np.testing.assert_array_equal(truth.boxes_tlwh, rows[:, 2:6])
    np.testing.assert_array_equal(truth.flags, rows[:, 6])
    ones = np.ones(num_lines)
    is_mot15 = 'MOT15' in path.parts
    np.testing.assert_array_equal(truth.classes, ones if is_mot15 else rows[:, 7])
    np.testing.assert_array_equal(truth.visibilities, ones if is_mot15 else rows[:, 8])


@pytest.mark.parametrize(
    'path', [param for param in files('*.txt') if param.values[0].name != 'gt.txt']
)
def test_detections_equal_a_naive_parse(path):
    rows, num_lines = naive_rows(path)
    detections = read_detections_text(path)
    assert len(detections.frames) == num_lines
    left, top, width, height = rows[:, 2:6].T
    np.testing.assert_array_equal(detections.frames + 1, rows[:, 0])
    np.testing.assert_array_equal(
        detections.boxes, np.stack([left, top, left + width, top + height], axis=1)
    )
    np.testing.assert_array_equal(detections.scores, rows[:, 6])
    assert not detections.labels.any()


@pytest.mark.parametrize('path', files('seqinfo.ini'))
def test_sequence_info_fits_its_ground_truth(path):
    info = read_sequence_info(path)
    assert info.name == path.parent.name
    assert info.num_frames > read_ground_truth(path.parent / 'gt' / 'gt.txt').frames[-1]
    assert info.width > info.height > 0
    assert 7 <= info.frame_rate <= 30


@pytest.mark.parametrize('name', HALVES)
def test_the_second_half_is_what_comes_after_half_the_length_plus_one(name):
    full = read_ground_truth(MOT17 / 'train' / name / 'gt' / 'gt.txt')
    half = read_ground_truth(MOT17 / 'val_half' / name / 'gt' / 'gt.txt')
    length = read_sequence_info(MOT17 / 'train' / name / 'seqinfo.ini').num_frames
    first = length // 2 + 1
    kept = full[full.frames + 1 > first]
    frames = kept.frames - first
    order, half_order = np.lexsort((kept.ids, frames)), np.lexsort((half.ids, half.frames))
    np.testing.assert_array_equal(frames[order], half.frames[half_order])
    for column in ('ids', 'boxes_tlwh', 'flags', 'classes'):
        np.testing.assert_array_equal(
            getattr(kept, column)[order], getattr(half, column)[half_order]
        )
    np.testing.assert_allclose(
        kept.visibilities[order], half.visibilities[half_order], rtol=0, atol=1e-6
    )
    half_length = read_sequence_info(MOT17 / 'val_half' / name / 'seqinfo.ini').num_frames
    assert half_length == length - first


@pytest.mark.parametrize('name', HALVES)
def test_the_second_half_of_detections_starts_at_the_same_frame(name):
    path = MOT17 / 'yolox_x_detections' / f'{name}.txt'
    info = read_sequence_info(MOT17 / 'train' / name / 'seqinfo.ini')
    sequence = read_detections(path, info=info)
    half = sequence.span(len(sequence) // 2 + 1, len(sequence))
    rows, _ = naive_rows(path)
    rows = rows[rows[:, 0] > info.num_frames // 2 + 1]
    np.testing.assert_array_equal(half.frames + 1 + info.num_frames // 2 + 1, rows[:, 0])
    np.testing.assert_array_equal(half.boxes[:, :2], rows[:, 2:4])
    expected = read_sequence_info(MOT17 / 'val_half' / name / 'seqinfo.ini').num_frames
    assert len(half) == expected
    assert sum(len(detections) for detections, _ in half) == len(rows)
