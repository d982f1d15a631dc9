"""Steps of the data pipeline."""

from mmtrack_ext.datasets.transforms.camera_motion import EstimateCameraMotion
from mmtrack_ext.datasets.transforms.formatting import PackFrameInputs
from mmtrack_ext.datasets.transforms.keep_frame import KeepFrame
from mmtrack_ext.datasets.transforms.loading import LoadDetections

__all__ = ['EstimateCameraMotion', 'KeepFrame', 'LoadDetections', 'PackFrameInputs']
