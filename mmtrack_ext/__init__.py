"""mmtrack_ext: train and evaluate multi-object trackers from one Python config."""

__version__ = '0.1.0'
