"""``InstanceData`` of mmengine to ``Detections`` and ``TrackedBoxes``, and back.

Boxes of a network are float32. They are widened here, once, so that what is cached is what was
tracked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from mmengine.structures import InstanceData

from mmtrack_ext.association.detections import Detections, TrackedBoxes

OPTIONAL_COLUMNS = ('embeddings', 'displacements', 'centers')
# Columns of TrackedBoxes by the names that mmdet's visualizers and metrics know.
TRACK_FIELDS = {
    'instances_id': 'ids',
    'bboxes': 'boxes',
    'scores': 'scores',
    'labels': 'labels',
    'detection_index': 'detection_index',
}


def instances_to_detections(instances: InstanceData | Mapping[str, Any]) -> Detections:
    """The detections of one frame, without its degenerate boxes.

    Args:
        instances: ``bboxes`` (D, 4) xyxy in pixels of the original image, ``scores`` (D,),
            ``labels`` (D,) and, if there, ``embeddings``, ``displacements``, ``centers``.

    Raises:
        ValueError: a number is NaN or infinite, as in the output of a network that diverged.
    """
    columns = {name: to_numpy(instances[name]) for name in OPTIONAL_COLUMNS if name in instances}
    boxes = to_numpy(instances['bboxes']).reshape(-1, 4)
    solid = ~((boxes[:, 2] <= boxes[:, 0]) | (boxes[:, 3] <= boxes[:, 1]))
    return Detections(
        boxes[solid],
        to_numpy(instances['scores'])[solid],
        to_numpy(instances['labels'])[solid],
        **{name: column[solid] for name, column in columns.items()},
    )


def detections_to_instances(detections: Detections) -> InstanceData:
    """The inverse: tensors on the CPU, boxes float64."""
    columns = {'bboxes': detections.boxes, 'scores': detections.scores, 'labels': detections.labels}
    for name in OPTIONAL_COLUMNS:
        if getattr(detections, name) is not None:
            columns[name] = getattr(detections, name)
    return InstanceData(**{name: _to_tensor(column) for name, column in columns.items()})


def tracked_to_instances(tracked: TrackedBoxes) -> InstanceData:
    """Tracks of one frame as mmdet names them: ``instances_id, bboxes, scores, labels``."""
    columns = {field: getattr(tracked, name) for field, name in TRACK_FIELDS.items()}
    return InstanceData(**{field: _to_tensor(column) for field, column in columns.items()})


def instances_to_tracked(instances: InstanceData | Mapping[str, Any]) -> TrackedBoxes:
    """The inverse of ``tracked_to_instances``, to the last bit."""
    return TrackedBoxes(
        **{name: to_numpy(instances[field]) for field, name in TRACK_FIELDS.items()}
    )


def to_numpy(tensor: Any) -> Any:
    """A tensor, boxes of mmdet (which hold one) or an array, as an array on the CPU."""
    tensor = getattr(tensor, 'tensor', tensor)
    return tensor.detach().cpu().numpy() if torch.is_tensor(tensor) else np.asarray(tensor)


def _to_tensor(array: Any) -> torch.Tensor:
    return torch.from_numpy(np.array(array))  # a copy: the columns of Detections are read-only
