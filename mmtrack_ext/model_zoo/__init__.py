"""Weights from elsewhere for our networks, and ours for others.

Files of the authors become checkpoints of ours: of the original NanoDet, of every kind; of QDTrack
(mmdet, mmtracking and the original); of JointTrackNet and its relatives, CenterTrack, FairMOT and
DLA. Checkpoints of a training become files to publish.
"""

from mmtrack_ext.model_zoo.converted import Converted
from mmtrack_ext.model_zoo.joint_track_net import ConvertedTrackNet, convert_joint_track_net
from mmtrack_ext.model_zoo.nanodet import convert_nanodet
from mmtrack_ext.model_zoo.nanodet_zoo import NETWORKS, NanoDetZoo
from mmtrack_ext.model_zoo.publishing import publish
from mmtrack_ext.model_zoo.qdtrack import convert_qdtrack

__all__ = [
    'NETWORKS',
    'Converted',
    'ConvertedTrackNet',
    'NanoDetZoo',
    'convert_joint_track_net',
    'convert_nanodet',
    'convert_qdtrack',
    'publish',
]
