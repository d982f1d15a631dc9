"""Heads that predict at every point of a feature map."""

from mmtrack_ext.models.dense_heads.nanodet_aux_head import NanoDetAuxHead
from mmtrack_ext.models.dense_heads.nanodet_head import NanoDetHead
from mmtrack_ext.models.dense_heads.nanodet_plus_head import NanoDetPlusHead
from mmtrack_ext.models.dense_heads.point_gfl_head import PointGFLHead

__all__ = ['NanoDetAuxHead', 'NanoDetHead', 'NanoDetPlusHead', 'PointGFLHead']
