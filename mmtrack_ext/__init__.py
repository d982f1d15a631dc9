"""mmtrack_ext: train and evaluate multi-object trackers from one Python config."""

from mmtrack_ext.ops import serve_on_demand

__version__ = '0.1.0'

serve_on_demand()  # imports nothing until mmcv asks for its compiled operators
