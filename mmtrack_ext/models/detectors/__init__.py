"""Networks from images to boxes."""

from mmtrack_ext.models.detectors.nanodet import NanoDet
from mmtrack_ext.models.detectors.nanodet_keys import rename_nanodet_key
from mmtrack_ext.models.detectors.nanodet_plus import NanoDetPlus, training_epoch
from mmtrack_ext.models.detectors.onnx_detector import ONNXDetector

__all__ = ['NanoDet', 'NanoDetPlus', 'ONNXDetector', 'rename_nanodet_key', 'training_epoch']
