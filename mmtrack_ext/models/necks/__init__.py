"""Networks that join feature maps of several strides."""

from mmtrack_ext.models.necks.ghost_pan import GhostPAN

__all__ = ['GhostPAN']
