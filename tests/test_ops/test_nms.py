"""Non-maximum suppression against mmcv's compiled one, by hand and by brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from mmcv.ops import batched_nms, nms, soft_nms

from mmtrack_ext.ops.nms import BLOCK
from mmtrack_ext.ops.nms import nms as own_nms

HALVES = torch.tensor([[0.0, 0, 2, 2], [0, 0, 2, 1], [5, 5, 6, 6]])  # IoU 1/2, 0
SCORES = torch.tensor([0.9, 0.8, 0.7])


def cases(recorded, group):
    """Numbers of the recorded cases of a group."""
    found = {key.split('/')[1] for key in recorded if key.startswith(f'{group}/')}
    assert found
    return sorted(found)


def greedy(boxes, scores, threshold, offset):
    """The definition, one pair after the other, in single precision."""
    order = scores.sort(dim=0, descending=True).indices.tolist()
    boxes = boxes.numpy().astype(np.float32)
    kept = []
    for i in order:
        if all(iou(boxes[i], boxes[j], offset) <= np.float32(threshold) for j in kept):
            kept.append(i)
    return kept


def iou(a, b, offset):
    offset = np.float32(offset)
    width = min(a[2], b[2]) - max(a[0], b[0]) + offset
    height = min(a[3], b[3]) - max(a[1], b[1]) + offset
    inter = max(width, np.float32(0)) * max(height, np.float32(0))
    areas = [(c[2] - c[0] + offset) * (c[3] - c[1] + offset) for c in (a, b)]
    union = areas[0] + areas[1] - inter
    return inter / union if union else np.float32(0)


def test_recorded_indices_and_their_order(recorded):
    for case in cases(recorded, 'nms'):
        values = {key: recorded[f'nms/{case}/{key}'] for key in ('boxes', 'scores', 'keep', 'dets')}
        options = float(recorded[f'nms/{case}/thr']), int(recorded[f'nms/{case}/offset'])
        dets, keep = nms(values['boxes'], values['scores'], *options)
        assert keep.tolist() == values['keep'].tolist(), case
        assert torch.equal(dets, values['dets']), case


@pytest.mark.parametrize(('threshold', 'kept'), [(0.5, [0, 1, 2]), (0.49, [0, 2])])
def test_a_box_at_exactly_the_threshold_is_kept(threshold, kept):
    assert nms(HALVES, SCORES, threshold)[1].tolist() == kept


def test_offset_counts_the_last_pixel():
    # 3 x 3 and 3 x 2 pixels: IoU 6 / 9
    assert nms(HALVES, SCORES, 0.6, offset=1)[1].tolist() == [0, 2]
    assert nms(HALVES, SCORES, 0.6, offset=0)[1].tolist() == [0, 1, 2]


@pytest.mark.parametrize('offset', [0, 1])
@pytest.mark.parametrize('n', [1, 60, BLOCK, BLOCK + 1, 2 * BLOCK + 40])
def test_brute_force_with_ties_duplicates_and_boxes_without_area(n, offset):
    generator = torch.Generator().manual_seed(n)
    start = torch.randint(0, 40, (n, 2), generator=generator).float()
    size = torch.randint(0, 12, (n, 2), generator=generator).float()
    boxes = torch.cat([start, start + size], 1)
    scores = torch.randint(0, 20, (n,), generator=generator) / 20
    assert own_nms(boxes, scores, 0.3, offset).tolist() == greedy(boxes, scores, 0.3, offset)


def test_chains_are_resolved_from_the_best_box():
    # Each box overlaps the next by 2 / 3: every other one is kept.
    left = torch.arange(2 * BLOCK)[:, None] * torch.tensor([1.0, 0, 1, 0])
    boxes = left + torch.tensor([0.0, 0, 5, 1])
    scores = torch.linspace(1, 0.1, len(boxes))
    assert nms(boxes, scores, 0.6)[1].tolist() == list(range(0, 2 * BLOCK, 2))


def test_score_threshold_and_number_of_boxes():
    assert nms(HALVES, SCORES, 0.5, score_threshold=0.75)[1].tolist() == [0, 1]
    assert nms(HALVES, SCORES, 0.5, max_num=1)[1].tolist() == [0]


def test_no_boxes():
    dets, keep = nms(torch.zeros(0, 4), torch.zeros(0), 0.5)
    assert dets.shape == (0, 5)
    assert keep.shape == (0,)
    assert keep.dtype == torch.int64
    dets, keep = soft_nms(torch.zeros(0, 4), torch.zeros(0))
    assert dets.shape == (0, 5)
    assert keep.shape == (0,)


def test_batched_nms_keeps_classes_apart():
    boxes, classes = HALVES[[0, 0, 0]], torch.tensor([0, 1, 0])
    dets, keep = batched_nms(boxes, SCORES, classes, dict(type='nms', iou_threshold=0.5))
    assert keep.tolist() == [0, 1]
    assert torch.equal(dets[:, 4], SCORES[:2])
    _, keep = batched_nms(boxes, SCORES, classes, dict(iou_threshold=0.5), class_agnostic=True)
    assert keep.tolist() == [0]


@pytest.mark.parametrize('method', ['naive', 'linear', 'gaussian'])
def test_recorded_soft_nms(recorded, method):
    boxes, scores = recorded['soft_nms/boxes'], recorded['soft_nms/scores']
    dets, keep = soft_nms(boxes, scores, 0.3, sigma=0.5, min_score=1e-3, method=method)
    assert keep.tolist() == recorded[f'soft_nms/{method}/keep'].tolist()
    # Measured: equal, and 2e-7 for the exponential of another library.
    torch.testing.assert_close(dets, recorded[f'soft_nms/{method}/dets'], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ('method', 'second'),
    [('naive', None), ('linear', 0.8 / 2), ('gaussian', 0.8 / math.sqrt(math.e))],
)
def test_soft_nms_by_hand(method, second):
    dets, keep = soft_nms(HALVES, SCORES, 0.5, sigma=0.5, method=method)
    expected = {0: 0.9, 2: 0.7} | ({} if second is None else {1: second})
    assert keep.tolist() == list(expected)
    assert dets[:, 4].tolist() == pytest.approx(list(expected.values()), abs=1e-6)


def test_soft_nms_swaps_as_the_compiled_one_does():
    # Box 1 falls; the last, 4, takes its place, and so comes before its equals 2 and 3.
    boxes = torch.tensor(
        [[0.0, 0, 2, 2], [0, 0, 2, 2], *([[9.0 * i, 9, 9 * i + 1, 10] for i in (1, 2, 3)])]
    )
    scores = torch.tensor([0.9, 0.8, 0.5, 0.5, 0.5])
    assert soft_nms(boxes, scores, 0.5, method='naive')[1].tolist() == [0, 4, 2, 3]
