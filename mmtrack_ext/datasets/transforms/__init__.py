"""Steps of the data pipeline."""

from mmtrack_ext.datasets.transforms.formatting import PackFrameInputs
from mmtrack_ext.datasets.transforms.loading import LoadDetections

__all__ = ['LoadDetections', 'PackFrameInputs']
