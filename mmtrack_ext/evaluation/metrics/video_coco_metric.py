"""Average precision of the detections that the tracker gets."""

from __future__ import annotations

from typing import Any

from mmdet.evaluation import CocoMetric

from mmtrack_ext.evaluation.metrics.whole_video_metric import WholeVideoMetric
from mmtrack_ext.registry import METRICS


@METRICS.register_module()
class VideoCocoMetric(WholeVideoMetric, CocoMetric):
    """mmdet's ``CocoMetric`` over ``pred_instances``, with whole videos a process.

    Labels are indices into the ``classes`` of the dataset, whatever their order in the file.
    """

    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        """Average precision as COCO defines it."""
        if self._coco_api is not None and self.dataset_meta is not None:
            ids = {category['name']: key for key, category in self._coco_api.cats.items()}
            self.cat_ids = [ids[name] for name in self.dataset_meta['classes'] if name in ids]
        scores: dict[str, float] = super().compute_metrics(results)
        return scores
