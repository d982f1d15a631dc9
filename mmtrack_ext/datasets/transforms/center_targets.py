"""What a centre-point network with a previous frame is to give, and what it is told.

Source: CenterTrack and JointTrackNet (MIT).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from mmtrack_ext.association.parameters import check_number
from mmtrack_ext.registry import TRANSFORMS
from mmtrack_ext.structures import to_numpy
from mmtrack_ext.structures.heatmaps import box_radius, clip_boxes, draw_gaussian, fill_box

FALSE_POSITIVE_NOISE = 0.05  # CenterTrack: deviation of made-up centres, in parts of the box
# Type and length of what is known of an object, one row each; None is a number.
COLUMNS = dict(
    index=(np.int64, None),
    category=(np.int64, None),
    reg=(np.float32, 2),
    wh=(np.float32, 2),
    ltrb_amodal=(np.float32, 4),
    tracking=(np.float32, 2),
    tracking_valid=(np.bool_, None),
    identity=(np.int64, None),
)


@TRANSFORMS.register_module()
class CenterTargets(BaseTransform):
    """Targets of the key frame and the prior heat map of a pair that ``PairedCenterAffine`` made.

    Takes and gives a dict of lists of two; the lists added here have None for the reference frame.

    * ``gt_heatmap``: (classes, h, w) float32, at the output's stride. Boxes to ignore, by
      ``gt_ignore_flags``, are filled with 1 in the plane of their class; those with label -1, of no
      class, in all planes.
    * ``gt_centers``: columns of the objects, those whose box is in the image at least in part, in
      cells: ``index`` of the cell y * w + x, ``category``, ``reg`` from the cell to the centre of
      the clipped box, ``wh`` of the clipped box, ``ltrb_amodal`` from the cell to the sides of the
      whole box, ``tracking`` from the cell to the centre in the reference frame, where
      ``tracking_valid``, and ``identity``, -1 where there is none.
    * ``prior_heatmap``: (1, H, W) float32, at the size of the input. The objects of the reference
      frame, disturbed like a tracker's: moved, lost, and doubled (a false positive).

    Args:
        num_classes: planes of the heat map.
        stride: input pixels by cell.
        hm_disturb: standard deviation of the centres' noise, in parts of the box.
        lost_disturb: how often an object is not drawn.
        fp_disturb: how often another is drawn beside it.
        test_mode: no disturbance at all.
        noisy_lost_target: displacements of lost objects lead to the disturbed centre, as in the
            original, instead of the true one.
        identity_requires_prev: as in the original, an object has an identity only if it is in the
            reference frame too.
        match_unidentified: as in the original, objects of identity -1 are all the same.
        rng: NumPy's state of the worker process if None, which mmengine seeds.

    Raises:
        ValueError: an argument is wrong, an item has more classes, or its image is no multiple of
            ``stride``.
    """

    def __init__(
        self,
        num_classes: int = 1,
        *,
        stride: int = 4,
        hm_disturb: float = 0.05,
        lost_disturb: float = 0.4,
        fp_disturb: float = 0.1,
        test_mode: bool = False,
        noisy_lost_target: bool = False,
        identity_requires_prev: bool = False,
        match_unidentified: bool = False,
        rng: np.random.RandomState | None = None,
    ) -> None:
        self.num_classes, self.stride = num_classes, stride
        self.hm_disturb, self.lost_disturb, self.fp_disturb = hm_disturb, lost_disturb, fp_disturb
        self.test_mode = test_mode
        self.noisy_lost_target = noisy_lost_target
        self.identity_requires_prev = identity_requires_prev
        self.match_unidentified = match_unidentified
        self.rng = rng
        for name in ('num_classes', 'stride'):
            check_number(self, name, minimum=1, whole=True)
        for name in ('hm_disturb', 'lost_disturb', 'fp_disturb'):
            check_number(self, name, minimum=0)

    def transform(self, results: dict) -> dict:
        """Add the targets."""
        key, reference = ({name: values[i] for name, values in results.items()} for i in (0, 1))
        height, width = key['img'].shape[:2]
        if height % self.stride or width % self.stride:
            raise ValueError(
                f'CenterTargets needs images whose sides are multiples of {self.stride}, as '
                f'PairedCenterAffine(scale=(960, 544)) makes them. Got {width} x {height}.'
            )
        prior, previous = self.previous_objects(reference, (height, width))
        shape = (height // self.stride, width // self.stride)
        heatmap, centers = self.current_objects(key, previous, shape)
        added = dict(gt_heatmap=heatmap, gt_centers=centers, prior_heatmap=prior)
        results.update({name: [value, None] for name, value in added.items()})
        return results

    def previous_objects(
        self, frame: dict[str, Any], shape: tuple[int, int]
    ) -> tuple[np.ndarray, dict[int, np.ndarray]]:
        """Prior heat map (1, H, W), and the centre in pixels of the input by identity."""
        heatmap = np.zeros(shape, np.float32)
        centers: dict[int, np.ndarray] = {}
        boxes, _, ignored, ids = _columns(frame)
        for box, identity in zip(clip_boxes(boxes, shape)[~ignored], ids[~ignored], strict=True):
            size = box[2:] - box[:2]
            if (size > 0).all():
                center = self._draw_prior(heatmap, (box[:2] + box[2:]) / 2, size)
                if identity >= 0 or self.match_unidentified:
                    centers.setdefault(int(identity), center)
        return heatmap[None], centers

    def _draw_prior(self, heatmap: np.ndarray, center: np.ndarray, size: np.ndarray) -> np.ndarray:
        """Draw one object, disturbed; returns the centre that displacements lead to."""
        radius = box_radius(*size)
        if self.test_mode:
            draw_gaussian(heatmap, center, radius)
            return center
        # The order of the draws is the original's.
        rng = np.random if self.rng is None else self.rng
        moved = center + rng.standard_normal(2) * self.hm_disturb * size
        is_lost = rng.random_sample() < self.lost_disturb
        is_doubled = rng.random_sample() < self.fp_disturb
        other = center
        if is_doubled:
            other = center + rng.standard_normal(2) * FALSE_POSITIVE_NOISE * size
        if is_lost:
            return moved if self.noisy_lost_target else center
        draw_gaussian(heatmap, moved, radius)
        if is_doubled:
            draw_gaussian(heatmap, other, radius)
        return center

    def current_objects(
        self, frame: dict[str, Any], previous: dict[int, np.ndarray], shape: tuple[int, int]
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Heat map (classes, h, w) and the columns of ``gt_centers``."""
        heatmap = np.zeros((self.num_classes, *shape), np.float32)
        boxes, labels, ignored, ids = _columns(frame)
        if (labels >= self.num_classes).any():
            raise ValueError(
                f'There is an object with label {labels.max()}: set num_classes of CenterTargets, '
                f'which is {self.num_classes}, to the number of classes of the dataset.'
            )
        whole = boxes / self.stride
        rows = []
        for i, box in enumerate(clip_boxes(whole, shape)):
            if ignored[i] or labels[i] < 0:
                for plane in heatmap[labels[i], None] if labels[i] >= 0 else heatmap:
                    fill_box(plane, box)
            elif (box[2:] > box[:2]).all():
                row = self._targets(box, whole[i], previous.get(int(ids[i])), shape)
                row['category'] = labels[i]
                is_seen = int(ids[i]) in previous or not self.identity_requires_prev
                row['identity'] = ids[i] if is_seen and ids[i] >= 0 else -1
                draw_gaussian(heatmap[labels[i]], row.pop('cell'), box_radius(*row['wh']))
                rows.append(row)
        return heatmap, _stack(rows)

    def _targets(
        self, box: np.ndarray, whole: np.ndarray, previous: np.ndarray | None, shape: tuple
    ) -> dict[str, Any]:
        """Those of one object from its clipped and its whole box, in cells."""
        center = (box[:2] + box[2:]) / 2
        cell = center.astype(np.int64)
        return dict(
            cell=cell,
            index=cell[1] * shape[1] + cell[0],
            reg=center - cell,
            wh=box[2:] - box[:2],
            ltrb_amodal=whole - np.tile(cell, 2),
            tracking=np.zeros(2) if previous is None else previous / self.stride - cell,
            tracking_valid=previous is not None,
        )


def _columns(frame: dict[str, Any]) -> tuple[np.ndarray, ...]:
    """Boxes (N, 4) float64, labels, whether to ignore them, and identities, (N,) each."""
    boxes = to_numpy(frame['gt_bboxes']).astype(np.float64).reshape(-1, 4)
    labels = np.asarray(frame['gt_bboxes_labels'], np.int64)
    ignored = np.asarray(frame.get('gt_ignore_flags', np.zeros(len(boxes))), bool)
    ids = np.asarray(frame.get('gt_instances_ids', np.full(len(boxes), -1)), np.int64)
    return boxes, labels, ignored, ids


def _stack(rows: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    columns = {}
    for name, (kind, length) in COLUMNS.items():
        shape = (len(rows),) if length is None else (len(rows), length)
        columns[name] = np.array([row[name] for row in rows], kind).reshape(shape)
    return columns
