"""Weights from elsewhere for our networks, and ours for others.

The original NanoDet's files of every kind become checkpoints of ours; checkpoints of a training
become files to publish.
"""

from mmtrack_ext.model_zoo.conversion import Converted, convert_nanodet
from mmtrack_ext.model_zoo.nanodet_zoo import NETWORKS, NanoDetZoo
from mmtrack_ext.model_zoo.publishing import publish

__all__ = ['NETWORKS', 'Converted', 'NanoDetZoo', 'convert_nanodet', 'publish']
