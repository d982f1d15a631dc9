"""Metrics for mmengine's evaluator."""

from mmtrack_ext.evaluation.metrics.mot_metric import MOTMetric
from mmtrack_ext.evaluation.metrics.tao_metric import TAOMetric
from mmtrack_ext.evaluation.metrics.video_coco_metric import VideoCocoMetric

__all__ = ['MOTMetric', 'TAOMetric', 'VideoCocoMetric']
