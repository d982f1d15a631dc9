"""A point head's detections as part of an ONNX graph.

The arithmetic is that of ``PointDecoder.predict_by_feat``; suppression is left to the operator
``NonMaxSuppression`` of ONNX. Written for tracing: no step depends on values, so that any number of
images, and of boxes, passes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmtrack_ext.models.dense_heads.point_decoding import PointDecoder

NO_CAP = 2**31 - 1  # boxes that no image has
# Inputs of the graph that have defaults in the file: see ``graph_settings``.
SETTINGS = ('score_thr', 'iou_threshold', 'max_per_img')
OUTPUTS = ('boxes', 'scores', 'labels', 'batch_index')


class PostProcess(nn.Module):
    """Decode, suppress and cap, for a whole batch.

    As in ``class_nms``, below ``split_thr`` pairs of box and class an image's classes are moved
    apart before the overlaps are computed, which rounds those a little; from there on they are not.

    Args:
        head: the head; its ``flatten`` and ``decode`` are used.
        test_cfg: as the head's; ``SETTINGS`` come with each call instead.

    Raises:
        ValueError: ``classes`` are not the head's.
    """

    def __init__(self, head: PointDecoder, test_cfg: Mapping[str, Any]) -> None:
        super().__init__()
        known = list(range(head.num_classes))
        classes = known if test_cfg['classes'] is None else sorted(set(test_cfg['classes']))
        if not classes or not set(classes) <= set(known):
            raise ValueError(
                f"The 'classes' of test_cfg must be labels 0 to {known[-1]} of the head. "
                f'Got {test_cfg["classes"]} instead.'
            )
        nms = test_cfg['nms'] or {}
        self.head = head
        self.register_buffer('classes', torch.tensor(classes))
        self.all_classes = classes == known
        self.split_thr = nms.get('split_thr', 10_000)  # as class_nms
        self.moves = bool(nms) and classes != [0]

    def forward(
        self,
        maps: tuple[Sequence[Tensor], Sequence[Tensor]],
        images: Tensor,
        settings: Sequence[Tensor],
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Detections of all images, image by image, each by falling score.

        Args:
            maps: of each level (B, C, H, W) class logits, and (B, 4 * (reg_max + 1), H, W) logits
                of boxes.
            images: what the network was given; boxes are clipped to its size.
            settings: (1,) tensors of ``SETTINGS``: float32, float32, int64.

        Returns:
            ``boxes`` (N, 4) xyxy in its pixels, ``scores`` (N,), ``labels`` (N,), ``batch_index``
            (N,): in which image of the batch.
        """
        score_thr, _, max_per_img = settings
        predictions = self.head.flatten(*maps)
        boxes = self.head.decode(predictions.box_logits, predictions.priors)
        boxes = _clip(boxes, images)  # (B, P, 4)
        scores = predictions.class_logits.sigmoid().transpose(1, 2)  # (B, C, P)
        if not self.all_classes:
            scores = scores[:, self.classes]
        suppress = partial(non_max_suppression, settings=settings)
        if self.moves:
            found = self._suppress_moved(boxes, scores, score_thr, suppress)
        else:
            found = suppress(boxes, scores).unbind(1)
        numbers, kinds, points = found
        scores = scores[numbers, kinds, points]
        order = _best(numbers, scores, images.shape[0], max_per_img)
        numbers, kinds, points = numbers[order], kinds[order], points[order]
        return boxes[numbers, points], scores[order], self.classes[kinds], numbers

    def _suppress_moved(
        self, boxes: Tensor, scores: Tensor, score_thr: Tensor, suppress: Callable[..., Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """(M,) image, row of ``classes`` and point of what is left, image by image.

        Each class is an image of its own, (B * C, P, 4), somewhere else.
        """
        count = scores.amax(1) > score_thr  # (B, P): the boxes that mmcv looks at
        reach = (boxes.amax(2) * count).amax(1) + 1
        few = (scores > score_thr).sum((1, 2)) < self.split_thr
        shifts = (reach * few)[:, None] * self.classes.to(boxes)
        moved = boxes[:, None] + shifts[:, :, None, None]
        found = suppress(moved.flatten(0, 1), scores.flatten(0, 1)[:, None])
        kinds = len(self.classes)
        return found[:, 0] // kinds, found[:, 0] % kinds, found[:, 2]


def graph_settings(test_cfg: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The (1,) arrays of ``SETTINGS`` that a ``test_cfg`` means.

    Raises:
        ValueError: the suppression is of a kind that ONNX does not have.
    """
    nms, cap = test_cfg['nms'], test_cfg['max_per_img']
    if nms is not None and (nms.get('type', 'nms') != 'nms' or nms.get('class_agnostic', False)):
        raise ValueError(
            "The graph of a detector suppresses with dict(type='nms', iou_threshold=...) within "
            f'each class, or with None. Got {dict(nms)} instead; the raw form leaves it to torch.'
        )
    overlap = 1.0 if nms is None else nms['iou_threshold']  # no overlap is above 1
    return dict(
        score_thr=np.array([test_cfg['score_thr']], np.float32),
        iou_threshold=np.array([overlap], np.float32),
        max_per_img=np.array([cap if cap > 0 else NO_CAP], np.int64),
    )


def _best(numbers: Tensor, scores: Tensor, num_images: int, max_per_img: Tensor) -> Tensor:
    """Rows by image and falling score, at most ``max_per_img`` of each image."""
    # One key, exact: float64 keeps a float32 below 1 beside any number of images.
    order = (scores.double() - 2 * numbers.double()).sort(descending=True).indices
    own = numbers[order]
    here = own[:, None] == torch.arange(num_images, device=own.device)[None]  # (M, B)
    place = here.long().cumsum(0).gather(1, own[:, None])[:, 0]  # 1, 2, ... in each image
    return order[place <= max_per_img]


def _clip(boxes: Tensor, images: Tensor) -> Tensor:
    """(B, P, 4) boxes inside of (B, 3, H, W) images, whose size may be free."""
    height, width = images.shape[2], images.shape[3]
    zero = torch.zeros_like(boxes[:1, :1, :1])
    limits = torch.cat([zero + width, zero + height] * 2, dim=2)
    return torch.minimum(boxes.clamp(min=0), limits)


def non_max_suppression(boxes: Tensor, scores: Tensor, *, settings: Sequence[Tensor]) -> Tensor:
    """(M, 3) image, class and box of what is left of (B, P, 4) boxes with (B, C, P) scores."""
    score_thr, iou_threshold, max_per_img = settings
    return _NonMaxSuppression.apply(boxes, scores, max_per_img, iou_threshold, score_thr)


class _NonMaxSuppression(torch.autograd.Function):
    """The operator of ONNX, which torch does not have."""

    @staticmethod
    def forward(
        ctx: Any, boxes: Tensor, scores: Tensor, cap: Tensor, iou: Tensor, score: Tensor
    ) -> Tensor:
        """A row as the operator would give it: tracing looks at nothing but its type."""
        return torch.zeros(1, 3, dtype=torch.int64, device=boxes.device)

    @staticmethod
    def symbolic(graph: Any, boxes: Any, scores: Any, cap: Any, iou: Any, score: Any) -> Any:
        """The node in its place."""
        found = graph.op('NonMaxSuppression', boxes, scores, cap, iou, score)
        return found.setType(found.type().with_dtype(torch.int64).with_sizes([None, 3]))
