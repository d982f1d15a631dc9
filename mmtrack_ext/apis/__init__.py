"""Models ready for use from Python."""

from mmtrack_ext.apis.inference import MOTInferencer
from mmtrack_ext.apis.models import init_model, load_weights

__all__ = ['MOTInferencer', 'init_model', 'load_weights']
