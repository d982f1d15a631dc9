"""mmengine's visualizer for tracks, drawn with OpenCV (mmdet's needs seaborn and matplotlib)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dist import master_only
from mmengine.structures import InstanceData
from mmengine.visualization import Visualizer

from mmtrack_ext.association.detections import TrackedBoxes
from mmtrack_ext.registry import VISUALIZERS
from mmtrack_ext.structures import to_numpy
from mmtrack_ext.visualization.drawing import draw_tracks
from mmtrack_ext.visualization.video import write_image

# mmdet's transforms write the second, its visualizer reads the first and fails (mmdetection#11873).
ID_FIELDS = ('instances_id', 'instances_ids')


@VISUALIZERS.register_module()
class TrackVisualizer(Visualizer):
    """Draws the tracks, and the ground truth, of a data sample.

    Arguments as mmengine's ``Visualizer``; ``dataset_meta['classes']`` gives the class names.
    """

    @master_only
    def add_datasample(
        self,
        name: str,
        image: np.ndarray,
        data_sample: Any = None,
        draw_gt: bool = True,
        draw_pred: bool = True,
        show: bool = False,
        wait_time: float = 0,
        out_file: str | Path | None = None,
        pred_score_thr: float = 0.0,
        step: int = 0,
    ) -> None:
        """Draw one frame, and show it, write it or hand it to the backends.

        Ground truth and prediction stand side by side (ground truth on the left) where the sample
        has both.

        Args:
            name: of the image.
            image: (H, W, 3) RGB uint8, left as it is.
            data_sample: with ``pred_track_instances`` and ``gt_instances``; either may be missing.
            draw_gt: draw the ground truth, if there.
            draw_pred: draw the tracks, if there.
            show: open a window instead of handing the image to the backends.
            wait_time: seconds that the window waits; 0 waits for a key.
            out_file: write the image there instead.
            pred_score_thr: leave out tracks with a lower score.
            step: of the backends.
        """
        classes = (self.dataset_meta or {}).get('classes')
        bgr = np.ascontiguousarray(image[..., ::-1])
        parts = []
        if draw_gt and data_sample is not None and 'gt_instances' in data_sample:
            truth = tracks_of(data_sample.gt_instances)
            parts.append(draw_tracks(bgr, truth, class_names=classes))
        if draw_pred and data_sample is not None and 'pred_track_instances' in data_sample:
            tracked = tracks_of(data_sample.pred_track_instances)
            tracked = tracked[tracked.scores >= pred_score_thr]
            parts.append(draw_tracks(bgr, tracked, class_names=classes))
        drawn = np.concatenate(parts or [bgr], axis=1)
        if show:
            self.show(drawn, win_name=name, wait_time=wait_time, backend='cv2')
        if out_file is not None:
            write_image(out_file, drawn)
        elif not show:
            self.add_image(name, np.ascontiguousarray(drawn[..., ::-1]), step)


def tracks_of(instances: InstanceData) -> TrackedBoxes:
    """Tracks or ground truth as ``TrackedBoxes``.

    Args:
        instances: ``instances_id`` (N,), ``bboxes`` (N, 4) xyxy and, if there, ``labels`` and
            ``scores``.

    Raises:
        ValueError: there are no ids.
    """
    columns = {name: to_numpy(column) for name, column in instances.items()}
    ids = next((columns[field] for field in ID_FIELDS if field in columns), None)
    if ids is None:
        raise ValueError(f"Drawing tracks needs 'instances_id'. There is {', '.join(columns)}.")
    count = len(ids)
    return TrackedBoxes(
        ids=ids.astype(np.int64),
        boxes=columns['bboxes'].astype(np.float64).reshape(count, 4),
        scores=columns.get('scores', np.ones(count)),
        labels=columns.get('labels', np.zeros(count, np.int64)),
        detection_index=np.full(count, -1),
    )
