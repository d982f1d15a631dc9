"""Appearance of detections: from a frame and its boxes to embeddings."""

from mmtrack_ext.models.reid.base_embedder import BaseEmbedder
from mmtrack_ext.models.reid.color_histogram import ColorHistogram
from mmtrack_ext.models.reid.crops import crop_boxes, crop_corners
from mmtrack_ext.models.reid.onnx_embedder import ONNXEmbedder

__all__ = ['BaseEmbedder', 'ColorHistogram', 'ONNXEmbedder', 'crop_boxes', 'crop_corners']
