"""The same number of positive proposals for every object."""

from __future__ import annotations

from typing import Any

import torch
from mmdet.models.task_modules import AssignResult, RandomSampler
from torch import Tensor

from mmtrack_ext.registry import TASK_UTILS


@TASK_UTILS.register_module()
class InstanceBalancedPosSampler(RandomSampler):
    """Draws positives object by object in turns, until there are enough.

    mmdet's sampler of this name draws the rest from all positives, those that it has drawn already
    among them (``instance_balanced_pos_sampler.py`` of 3.3 subtracts sets of tensors, which never
    are equal), and so gives fewer than asked for.
    """

    def _sample_pos(self, assign_result: AssignResult, num_expected: int, **_: Any) -> Tensor:
        """Indices of at most ``num_expected`` proposals that are assigned to objects."""
        positives = torch.nonzero(assign_result.gt_inds > 0).squeeze(1)
        if len(positives) <= num_expected:
            return positives
        positives = positives[torch.randperm(len(positives), device=positives.device)]
        objects = assign_result.gt_inds[positives]
        turn = (objects[:, None] == objects).tril(-1).sum(1)  # how many of its object come before
        return positives[turn.argsort(stable=True)[:num_expected]]
