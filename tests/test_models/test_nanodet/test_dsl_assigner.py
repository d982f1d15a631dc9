"""Assignment: costs and choices by hand, by brute force, and as recorded."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from mmdet.structures.bbox import bbox_overlaps
from mmengine.structures import InstanceData

from mmtrack_ext.models.dense_heads import NanoDetPlusHead
from mmtrack_ext.models.task_modules.dsl_assigner import DSLAssigner, inside_any, match


@pytest.mark.parametrize('image', [0, 1])
def test_costs_candidates_and_k_as_recorded(recorded, as_maps, image):
    head, assigner = NanoDetPlusHead(80, 96), DSLAssigner()
    maps = as_maps(torch.from_numpy(recorded['bn_train/aux_raw'][image : image + 1]))
    predictions = head.flatten(*maps)
    gt_boxes = torch.from_numpy(recorded[f'meta/gt_bboxes_{image}'])
    gt_labels = torch.from_numpy(recorded[f'meta/gt_labels_{image}']).long()

    candidates = inside_any(predictions.priors[:, :2], gt_boxes)
    np.testing.assert_array_equal(candidates, recorded['bn_train/assign_candidate'][image])

    boxes = head.decode(predictions.box_logits, predictions.priors)[0]
    points = InstanceData(
        priors=predictions.priors, bboxes=boxes, scores=predictions.class_logits[0]
    )
    result = assigner.assign(points, InstanceData(bboxes=gt_boxes, labels=gt_labels))
    ious = bbox_overlaps(boxes, gt_boxes)
    first = 3 if image else 0  # objects are counted over all images
    expected_k = recorded['bn_train/assign_dynamic_k'][first : first + len(gt_boxes)]
    np.testing.assert_array_equal(assigner.dynamic_k(ious[candidates]), expected_k)

    cost = assigner.cost(predictions.class_logits[0], ious, gt_labels)
    positive = result.gt_inds > 0
    chosen = cost[positive, result.gt_inds[positive] - 1]
    expected = recorded['bn_train/assign_cost'][image]
    np.testing.assert_allclose(chosen, expected[positive], rtol=0, atol=2e-4)
    assert (expected[~positive] == -1).all()


def test_cost_by_hand():
    # One candidate with logits (0, 2), an object of class 1 that it overlaps by 0.5.
    cost = DSLAssigner().cost(torch.tensor([[0.0, 2.0]]), torch.tensor([[0.5]]), torch.tensor([1]))
    other_class = math.log(2) * 0.5**2  # -log(1 - sigmoid(0)), weighted by sigmoid(0) squared
    score = 1 / (1 + math.exp(-2))
    entropy = -0.5 * math.log(score) - 0.5 * math.log(1 - score)
    own_class = entropy * (0.5 - score) ** 2
    overlap = -math.log(0.5)
    assert cost.item() == pytest.approx(other_class + own_class + 3 * overlap, rel=1e-6)
    without = DSLAssigner(iou_weight=0).cost(
        torch.tensor([[0.0, 2.0]]), torch.tensor([[0.5]]), torch.tensor([1])
    )
    assert without.item() == pytest.approx(other_class + own_class, rel=1e-6)


def test_cost_is_the_quality_focal_loss():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(7, 5, generator=generator)
    ious = torch.rand(7, 4, generator=generator)
    labels = torch.tensor([0, 4, 4, 2])
    cost = DSLAssigner(iou_weight=0).cost(logits, ious, labels)
    for v in range(7):
        for g in range(4):
            soft = torch.zeros(5)
            soft[labels[g]] = ious[v, g]
            entropy = torch.nn.functional.binary_cross_entropy_with_logits(
                logits[v], soft, reduction='none'
            )
            expected = (entropy * (soft - logits[v].sigmoid()).square()).sum()
            assert cost[v, g].item() == pytest.approx(expected.item(), rel=1e-5)


def test_no_overlap_costs_much_and_no_more():
    cost = DSLAssigner().cost(torch.zeros(1, 1), torch.zeros(1, 1), torch.tensor([0]))
    # class: log 2 / 4; overlap: 3 * -log(1e-7) = 48.35
    assert cost.item() == pytest.approx(math.log(2) / 4 + 48.354, abs=1e-2)


def test_number_of_points_for_an_object():
    assigner = DSLAssigner()
    ious = torch.full((20, 3), 0.5)
    ious[:, 1] = 0.01
    ious[:, 2] = 0.31
    # 13 * 0.5 = 6.5, 13 * 0.01 = 0.13, 13 * 0.31 = 4.03
    assert assigner.dynamic_k(ious).tolist() == [6, 1, 4]
    assert assigner.dynamic_k(ious[:3]).tolist() == [1, 1, 1]
    assert DSLAssigner(topk=4).dynamic_k(ious).tolist() == [2, 1, 1]
    assert assigner.dynamic_k(torch.ones(5, 1)).tolist() == [5]


def test_points_on_the_border_are_outside():
    points = torch.tensor([[0.0, 8], [8, 8], [16, 8], [8, 16], [8, 0], [15.99, 0.01]])
    boxes = torch.tensor([[0.0, 0, 16, 16], [100, 100, 200, 200]])
    assert inside_any(points, boxes).tolist() == [False, True, False, False, False, True]
    assert not inside_any(points, boxes[:0]).any()


def test_match_by_hand():
    cost = torch.tensor([[1.0, 9, 9], [2, 1, 9], [3, 4, 5], [8, 8, 0.5]])
    rows, columns = match(cost, torch.tensor([2, 2, 1]))
    # object 0 takes rows 0, 1; object 1 takes 1, 2; object 2 takes 3. Row 1 is cheaper for 1.
    assert rows.tolist() == [0, 1, 2, 3]
    assert columns.tolist() == [0, 1, 1, 2]


def test_contested_point_goes_to_the_cheapest_of_all_objects():
    # Objects 0 and 1 take row 0. It is cheapest for object 2, which took row 1.
    cost = torch.tensor([[3.0, 2.0, 1.0], [9.0, 9.0, 0.5]])
    rows, columns = match(cost, torch.tensor([1, 1, 1]))
    assert rows.tolist() == [0, 1]
    assert columns.tolist() == [2, 2]


def brute_force(cost, k):
    taken = [set() for _ in cost]
    for column in range(cost.shape[1]):
        for row in np.argsort(cost[:, column])[: k[column]]:
            taken[row].add(column)
    pairs = []
    for row, columns in enumerate(taken):
        if len(columns) == 1:
            pairs.append((row, columns.pop()))
        elif columns:
            pairs.append((row, int(np.argmin(cost[row]))))
    return pairs


@pytest.mark.parametrize('seed', range(20))
def test_match_by_brute_force(seed):
    rng = np.random.default_rng(seed)
    num_rows, num_columns = rng.integers(1, 30), rng.integers(1, 12)
    cost = rng.random((num_rows, num_columns)).astype(np.float32)
    k = rng.integers(1, num_rows + 1, num_columns)
    rows, columns = match(torch.from_numpy(cost), torch.from_numpy(k))
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == brute_force(cost, k)


def points_and_boxes(centres, *, size=10.0, classes=2):
    priors = torch.tensor(centres)
    half = size / 2
    bboxes = torch.cat([priors - half, priors + half], dim=1)
    return InstanceData(priors=priors, bboxes=bboxes, scores=torch.zeros(len(priors), classes))


def objects(*boxes, labels):
    return InstanceData(bboxes=torch.tensor(boxes).reshape(-1, 4), labels=torch.tensor(labels))


def test_assign_by_hand():
    points = points_and_boxes([[10.0, 10], [12, 10], [50, 50], [90, 90]])
    gt = objects([5.0, 5, 15, 15], [44.0, 45, 54, 55], labels=[1, 0])
    result = DSLAssigner().assign(points, gt)
    # Object 0: overlaps 1 and 80 / 120, sum 1.67, one point. Object 1: 90 / 110.
    assert result.gt_inds.tolist() == [1, 0, 2, 0]
    assert result.labels.tolist() == [1, -1, 0, -1]
    np.testing.assert_allclose(result.max_overlaps, [1, 0, 90 / 110, 0], rtol=1e-6)


def test_object_without_candidates_takes_one_from_another():
    points = points_and_boxes([[10.0, 10], [13, 10]])
    gt = objects([5.0, 5, 15, 15], [17.0, 5, 19, 15], labels=[0, 0])
    result = DSLAssigner().assign(points, gt)
    assert result.gt_inds.tolist() == [1, 2]


def test_nothing_to_assign():
    points = points_and_boxes([[10.0, 10], [13, 10]])
    for gt in (objects(labels=[]), objects([70.0, 70, 80, 80], labels=[0])):
        gt.labels = gt.labels.long()
        result = DSLAssigner().assign(points, gt)
        assert result.gt_inds.tolist() == [0, 0]
        assert result.labels.tolist() == [-1, -1]
        assert result.max_overlaps.tolist() == [0, 0]


def test_ignored_regions():
    points = points_and_boxes([[10.0, 10], [30, 10], [38, 10], [90, 90]])
    gt = objects([5.0, 5, 15, 15], labels=[1])
    ignored = InstanceData(bboxes=torch.tensor([[0.0, 0, 36, 20], [500.0, 500, 600, 600]]))
    # Shares inside the region: 1 (but it answers for the object), 1, 0.3, 0.
    expected = {-1: [1, 0, 0, 0], 0.5: [1, -1, 0, 0], 0.2: [1, -1, -1, 0]}
    for limit, gt_inds in expected.items():
        result = DSLAssigner(ignore_iof_thr=limit).assign(points, gt, ignored)
        assert result.gt_inds.tolist() == gt_inds
    nothing = objects(labels=[])
    nothing.labels = nothing.labels.long()
    result = DSLAssigner(ignore_iof_thr=0.5).assign(points, nothing, ignored)
    assert result.gt_inds.tolist() == [-1, -1, 0, 0]
    result = DSLAssigner(ignore_iof_thr=0.5).assign(points, gt, ignored[:0])
    assert result.gt_inds.tolist() == [1, 0, 0, 0]
