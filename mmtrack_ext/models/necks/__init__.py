"""Networks that join feature maps of several strides."""

from mmtrack_ext.models.necks.dla_up_neck import DLAUpNeck
from mmtrack_ext.models.necks.ghost_pan import GhostPAN
from mmtrack_ext.models.necks.pan import PAN
from mmtrack_ext.models.necks.tan import TAN

__all__ = ['PAN', 'TAN', 'DLAUpNeck', 'GhostPAN']
