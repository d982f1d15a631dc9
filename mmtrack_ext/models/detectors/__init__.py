"""Networks from images to boxes."""

from mmtrack_ext.models.detectors.nanodet_keys import rename_nanodet_key
from mmtrack_ext.models.detectors.nanodet_plus import NanoDetPlus, training_epoch

__all__ = ['NanoDetPlus', 'rename_nanodet_key', 'training_epoch']
