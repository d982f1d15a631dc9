"""Models that turn frames into tracks."""

from mmtrack_ext.models.mot.base_mot_model import BaseMOTModel
from mmtrack_ext.models.mot.joint_track_net import JointTrackNet
from mmtrack_ext.models.mot.qdtrack import QDTrack
from mmtrack_ext.models.mot.tracking_by_detection import TrackingByDetection

__all__ = ['BaseMOTModel', 'JointTrackNet', 'QDTrack', 'TrackingByDetection']
