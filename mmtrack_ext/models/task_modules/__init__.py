"""Assigners and other helpers of training."""

from mmtrack_ext.models.task_modules.dsl_assigner import DSLAssigner
from mmtrack_ext.models.task_modules.instance_balanced_sampler import InstanceBalancedPosSampler

__all__ = ['DSLAssigner', 'InstanceBalancedPosSampler']
