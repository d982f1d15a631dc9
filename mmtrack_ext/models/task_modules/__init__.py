"""Assigners and other helpers of training."""

from mmtrack_ext.models.task_modules.dsl_assigner import DSLAssigner

__all__ = ['DSLAssigner']
