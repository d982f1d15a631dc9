"""From batches of the data loader to what networks get."""

from mmtrack_ext.models.data_preprocessors.frame_pair_preprocessor import FramePairPreprocessor

__all__ = ['FramePairPreprocessor']
