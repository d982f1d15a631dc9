"""Models that turn frames into tracks."""

from mmtrack_ext.models.mot.base_mot_model import BaseMOTModel
from mmtrack_ext.models.mot.tracking_by_detection import TrackingByDetection

__all__ = ['BaseMOTModel', 'TrackingByDetection']
