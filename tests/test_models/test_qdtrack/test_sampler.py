"""Positives are drawn object by object."""

from __future__ import annotations

import pytest
import torch

from mmtrack_ext.registry import TASK_UTILS

# isort: split
from mmdet.models.task_modules import AssignResult


def drawn(counts, number, scope='mmtrack_ext'):
    """How many proposals of each object are drawn; object i has ``counts[i]``."""
    assigned = torch.cat([torch.full((n,), i) for i, n in enumerate([5, *counts])])
    assigned = assigned[torch.randperm(len(assigned))]
    result = AssignResult(len(counts), assigned, torch.zeros(len(assigned)), labels=None)
    sampler = TASK_UTILS.build(
        dict(type='InstanceBalancedPosSampler', _scope_=scope, num=2 * number, pos_fraction=0.5)
    )
    indices = sampler._sample_pos(result, number).unique()
    return torch.bincount(assigned[indices], minlength=len(counts) + 1).tolist()


def test_equal_shares_and_the_rest_from_those_that_have_more():
    torch.manual_seed(0)
    assert drawn([10, 10, 10], 9) == [0, 3, 3, 3]
    assert drawn([10, 1, 10], 9) == [0, 4, 1, 4]
    assert drawn([20, 1, 2], 10) == [0, 7, 1, 2]
    assert sorted(drawn([10, 10, 10], 8)) == [0, 2, 3, 3]


def test_all_where_there_are_few():
    assert drawn([2, 3], 5) == [0, 2, 3]
    assert drawn([], 5) == [0]


def test_mmdet_gives_fewer():
    """The reason for ours: 20 + 1 + 2 positives, 10 asked for."""
    torch.manual_seed(0)
    numbers = [sum(drawn([20, 1, 2], 10, scope='mmdet')) for _ in range(20)]
    assert min(numbers) < 10
    assert {sum(drawn([20, 1, 2], 10)) for _ in range(20)} == {10}


@pytest.mark.parametrize('seed', [1, 2])
def test_which_of_an_object_is_random(seed):
    torch.manual_seed(seed)
    result = AssignResult(1, torch.ones(50).long(), torch.zeros(50), labels=None)
    sampler = TASK_UTILS.build(dict(type='InstanceBalancedPosSampler', num=20, pos_fraction=0.5))
    first, second = (set(sampler._sample_pos(result, 10).tolist()) for _ in range(2))
    assert len(first) == len(second) == 10
    assert first != second
