"""Losses."""

from mmtrack_ext.models.losses.identity_loss import IdentityLoss
from mmtrack_ext.models.losses.joint_track_loss import JointTrackLoss
from mmtrack_ext.models.losses.margin_l2_loss import MarginL2Loss
from mmtrack_ext.models.losses.multi_positive_loss import MultiPositiveContrastiveLoss
from mmtrack_ext.models.losses.task_weights import FixedWeights, UncertaintyWeights

__all__ = [
    'FixedWeights',
    'IdentityLoss',
    'JointTrackLoss',
    'MarginL2Loss',
    'MultiPositiveContrastiveLoss',
    'UncertaintyWeights',
]
