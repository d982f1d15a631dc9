"""Track AP of TAO and box AP of LVIS in mmengine's evaluator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import print_log

from mmtrack_ext.association.arrays import IntArray
from mmtrack_ext.association.boxes import xyxy_to_tlwh
from mmtrack_ext.evaluation.metrics.whole_video_metric import WholeVideoMetric
from mmtrack_ext.evaluation.scores import write_scores
from mmtrack_ext.evaluation.tao import (
    FederatedTruth,
    Rows,
    box_precision,
    read_federated,
    track_precision,
    vote_categories,
)
from mmtrack_ext.evaluation.tao.result_files import write_results
from mmtrack_ext.registry import METRICS
from mmtrack_ext.structures import instances_to_detections, instances_to_tracked

KINDS = ('track', 'bbox')
FILES = {'track': 'data/tracks.json', 'bbox': 'boxes.json'}  # data/: TrackEval's folder


@METRICS.register_module()
class TAOMetric(WholeVideoMetric):
    """Track AP equal to TrackEval's TrackMAP, box AP equal to ``lvis``; by federated rules.

    Of what is in the annotation file, the images that were tested are scored. The class of a track
    is the one that most of its boxes have, of equals the first; categories that the file merges are
    merged before. Results of classes that the file does not have are left out.

    Args:
        ann_file: annotations of TAO, or of LVIS for 'bbox'; the dataset's file.
        metric: 'track' (of ``pred_track_instances``), 'bbox' (of ``pred_instances``) or both.
        iou_thresholds: of the 3D IoU that ``track_AP`` is the mean of. Published figures of TAO
            ("50:75") are means over exactly 0.5 and 0.75. ``track_sweep_AP`` is over 0.5:0.95.
        max_boxes: of the best boxes of an image are scored; TAO and LVIS: 300.
        out: folder for ``tao/data/tracks.json``, ``tao/boxes.json`` (as the tools of TAO and LVIS
            read them; TrackEval: TRACKERS_FOLDER is this folder, 'tao' the tracker) and
            ``tao/metrics.json``; None writes nothing.
        format_only: write, do not score; for files without annotations.
        prefix: of the names in logs; ``tao/track_AP``, ``tao/bbox_AP`` and so on, in percent, -1
            where there is nothing to find.
        collect_device: see mmengine's ``BaseMetric``.

    Raises:
        ValueError: a parameter is wrong; later, what results and annotations do not agree in.
    """

    default_prefix = 'tao'

    def __init__(
        self,
        ann_file: str | Path,
        *,
        metric: str | Sequence[str] = KINDS,
        iou_thresholds: Sequence[float] = (0.5, 0.75),
        max_boxes: int = 300,
        out: str | Path | None = None,
        format_only: bool = False,
        prefix: str | None = None,
        collect_device: str = 'cpu',
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.metrics = (metric,) if isinstance(metric, str) else tuple(metric)
        if not self.metrics or set(self.metrics) - set(KINDS):
            raise ValueError(f'The metric must be of {", ".join(KINDS)}. Got {metric!r}.')
        if not iou_thresholds or not all(0 < threshold <= 1 for threshold in iou_thresholds):
            raise ValueError(f'iou_thresholds must be above 0, at most 1. Got {iou_thresholds!r}.')
        if max_boxes < 1:
            raise ValueError(f'max_boxes must be at least 1. Got {max_boxes}.')
        self.ann_file = str(ann_file)
        self.iou_thresholds = tuple(iou_thresholds)
        self.max_boxes = max_boxes
        self.out = None if out is None else Path(out)
        self.format_only = format_only

    @cached_property
    def truth(self) -> FederatedTruth:
        """The annotations; read with the first frame, so that a wrong path does not cost a test."""
        truth = read_federated(self.ann_file)
        for metric in () if self.format_only else self.metrics:
            truth.lists_of('videos' if metric == 'track' else 'images')
        return truth

    @cached_property
    def categories(self) -> IntArray:
        """Position of the category of each label in the annotations, -1 where they have none."""
        classes = (self.dataset_meta or {}).get('classes', ())
        positions = np.array([self.truth.category_names.get(name, -1) for name in classes], int)
        if not (positions >= 0).any():
            some = ', '.join(map(repr, classes[:3])) or 'none'
            raise ValueError(
                f"{self.ann_file}: no category is called as one of the dataset's classes ({some}); "
                "give the dataset the classes of this file ('metainfo' or 'classes_file')."
            )
        return positions

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep boxes and tracks of a batch of frames."""
        for sample in data_samples:
            image = int(self.truth.find_images([sample['img_id']])[0])
            frame: dict[str, Any] = {'image': image}
            if 'track' in self.metrics:
                tracked = instances_to_tracked(sample['pred_track_instances'])
                frame['track'] = self._rows(image, tracked, tracked.ids)
            if 'bbox' in self.metrics:
                found = instances_to_detections(sample['pred_instances'])
                frame['bbox'] = self._rows(image, found, np.zeros(len(found)))
            self.results.append(frame)

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Write the files and score; in the first process."""
        truth = self.truth
        images = np.array([frame['image'] for frame in results], np.int64)
        rows = {kind: Rows.join(frame[kind] for frame in results) for kind in self.metrics}
        rows = {kind: of_kind[self._by_video(of_kind)] for kind, of_kind in rows.items()}
        if 'track' in rows:
            tracks = rows['track']
            # Ids of one video only belong to the same track.
            names = truth.image_videos[tracks.images] * (tracks.tracks.max(initial=0) + 1)
            voted = vote_categories(names + tracks.tracks, tracks.categories)
            rows['track'] = replace(tracks, categories=voted)
        for kind in self.metrics if self.out is not None else ():
            path = self.out / 'tao' / FILES[kind]
            write_results(path, truth, rows[kind], with_tracks=kind == 'track')
            print_log(f'Wrote {len(rows[kind])} boxes to {path}', logger='current')
        return {} if self.format_only else self._score(rows, images)

    def _score(self, rows: dict[str, Rows], images: IntArray) -> dict[str, float]:
        truth = self.truth
        if len(images) < len(truth.image_ids):
            tested = f'{len(images)} of {len(truth.image_ids)} images of {self.ann_file}'
            print_log(f'The scores are of {tested}.', logger='current')
            truth = truth.of_images(images)
        scores = {}
        if 'track' in rows:
            options = dict(iou_thresholds=self.iou_thresholds, max_boxes=self.max_boxes)
            scores['track'] = track_precision(truth, rows['track'], **options)
        if 'bbox' in rows:
            scores['bbox'] = box_precision(truth, rows['bbox'], max_boxes=self.max_boxes)
        named = {
            f'{kind}_{name}': value if value < 0 else 100 * value
            for kind, of_kind in scores.items()
            for name, value in of_kind.items()
        }
        if self.out is not None:
            write_scores(self.out / 'tao' / 'metrics.json', named)
        return named

    def _rows(self, image: int, table: Any, tracks: Any) -> Rows:
        """Rows of a frame's Detections or TrackedBoxes, of the classes that are annotated."""
        if len(table) and table.labels.max() >= len(self.categories):
            raise ValueError(
                f'A result has the label {table.labels.max()}, the dataset {len(self.categories)} '
                "classes; the model's number of classes and the dataset's must agree."
            )
        categories = self.categories[table.labels]
        boxes = xyxy_to_tlwh(table.boxes)
        rows = Rows.of(np.full(len(boxes), image), categories, boxes, tracks, table.scores)
        return rows[categories >= 0]

    def _by_video(self, rows: Rows) -> IntArray:
        """Order by video, then frame; within a frame as they came."""
        truth = self.truth
        videos = truth.image_videos if len(truth.image_videos) else np.zeros_like(truth.image_ids)
        return np.lexsort((truth.image_frames[rows.images], videos[rows.images]))
