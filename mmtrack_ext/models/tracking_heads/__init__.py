"""Heads that a tracker needs beside a detector's."""

from mmtrack_ext.models.tracking_heads.joint_track_head import JointTrackHead
from mmtrack_ext.models.tracking_heads.quasi_dense_embed_head import QuasiDenseEmbedHead
from mmtrack_ext.models.tracking_heads.quasi_dense_track_head import QuasiDenseTrackHead

__all__ = ['JointTrackHead', 'QuasiDenseEmbedHead', 'QuasiDenseTrackHead']
