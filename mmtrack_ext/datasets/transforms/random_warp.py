"""NanoDet's augmentation of shapes: one matrix, drawn anew for each image.

NanoDet 1.0 (Apache-2.0, github.com/RangiLyu/nanodet), ``ShapeTransform`` of
``nanodet/data/transform/warp.py``: its steps, their order and their ranges.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmdet.structures.bbox import autocast_box_type

from mmtrack_ext.datasets.transforms.warp_resize import (
    BOX_KEYS,
    check_scale,
    image_size,
    resize_matrix,
    target_size,
    warp,
)
from mmtrack_ext.registry import TRANSFORMS

Range = Sequence[float]


@TRANSFORMS.register_module()
class RandomWarp(BaseTransform):
    """Scale, stretch, turn, flip and move an image, and resize it, in one step of sampling.

    The middle of the image is made the origin; then come perspective, scale, stretch, rotation,
    shear, flip, translation, and the resizing of ``WarpResize``. All act on the image as large as
    it came, so ``ratio_range`` is relative to the size that ``scale`` gives it. What lies outside
    of the image is black. With all defaults it does what ``WarpResize`` does.

    Boxes are the upright boxes around the warped ones, clipped to the new image. Those that end up
    under ``min_box_size`` wide or high are dropped, with their labels, flags and identities; the
    original keeps them, as targets without area.

    Sets ``img, img_shape, gt_bboxes, gt_bboxes_labels, gt_ignore_flags, gt_instances_ids`` and
    ``homography_matrix``, from pixels of the original to those of the new image.

    Args:
        scale: (width, height) of the network's input in pixels.
        keep_ratio: see ``WarpResize``.
        max_perspective: p, for two entries of the matrix in [-p, p], per pixel.
        ratio_range: of the scale.
        stretch_range: of the width, and of the height.
        max_rotate_degree: in both directions.
        max_shear_degree: of each axis.
        flip_prob: how often left and right change places.
        max_translate_ratio: how far the middle moves, in parts of width and of height.
        min_box_size: in pixels of the new image.

    Raises:
        ValueError: ``scale`` or a range is none; or the item has masks, which are not warped.
    """

    def __init__(
        self,
        scale: Sequence[int],
        *,
        keep_ratio: bool = False,
        max_perspective: float = 0.0,
        ratio_range: Range = (1.0, 1.0),
        stretch_range: Sequence[Range] = ((1.0, 1.0), (1.0, 1.0)),
        max_rotate_degree: float = 0.0,
        max_shear_degree: float = 0.0,
        flip_prob: float = 0.0,
        max_translate_ratio: float = 0.0,
        min_box_size: float = 1.0,
    ) -> None:
        self.scale = check_scale(scale, type(self).__name__)
        self.keep_ratio = keep_ratio
        self.max_perspective = max_perspective
        self.ratio_range = _check_range('ratio_range', ratio_range)
        if len(stretch_range) != 2:
            _complain('stretch_range', 'two ranges, of width and of height', stretch_range)
        self.stretch_range = [_check_range('stretch_range', one) for one in stretch_range]
        self.max_rotate_degree = max_rotate_degree
        self.max_shear_degree = max_shear_degree
        self.flip_prob = flip_prob
        self.max_translate_ratio = max_translate_ratio
        self.min_box_size = min_box_size

    @autocast_box_type()
    def transform(self, results: dict) -> dict:
        """Warp the image and its boxes."""
        size = image_size(results)
        target = target_size(size, self.scale, keep_ratio=self.keep_ratio)
        warp(results, resize_matrix(size, target) @ self.random_matrix(size), target)
        self._drop_small_boxes(results)
        return results

    @cache_randomness
    def random_matrix(self, size: tuple[int, int]) -> np.ndarray:
        """(3, 3), from pixels of an image of (width, height) to pixels of one as large."""
        width, height = size
        steps = (
            _matrix({(0, 2): -width / 2, (1, 2): -height / 2}),
            _matrix({(2, 0): _up_to(self.max_perspective), (2, 1): _up_to(self.max_perspective)}),
            np.diag([*[random.uniform(*self.ratio_range)] * 2, 1.0]),
            np.diag([*(random.uniform(*one) for one in self.stretch_range), 1.0]),
            _rotation(math.radians(_up_to(self.max_rotate_degree))),
            self._random_shear(),
            np.diag([-1.0 if random.random() < self.flip_prob else 1.0, 1.0, 1.0]),
            self._random_translation(width, height),
        )
        result = np.eye(3)
        for step in steps:
            result = step @ result
        return result

    def _random_shear(self) -> np.ndarray:
        x, y = (math.tan(math.radians(_up_to(self.max_shear_degree))) for _ in range(2))
        return _matrix({(0, 1): x, (1, 0): y})

    def _random_translation(self, width: float, height: float) -> np.ndarray:
        """Back from the middle as the origin, and away from it."""
        x, y = (0.5 + _up_to(self.max_translate_ratio) for _ in range(2))
        return _matrix({(0, 2): x * width, (1, 2): y * height})

    def _drop_small_boxes(self, results: dict) -> None:
        if 'gt_bboxes' not in results:
            return
        boxes = results['gt_bboxes']
        kept = ((boxes.widths >= self.min_box_size) & (boxes.heights >= self.min_box_size)).numpy()
        results['gt_bboxes'] = boxes[kept]
        for key in BOX_KEYS:
            if key in results:
                results[key] = np.asarray(results[key])[kept]


def _up_to(limit: float) -> float:
    return random.uniform(-limit, limit)


def _matrix(entries: dict[tuple[int, int], float]) -> np.ndarray:
    """The identity with these entries."""
    matrix = np.eye(3)
    for place, value in entries.items():
        matrix[place] = value
    return matrix


def _rotation(angle: float) -> np.ndarray:
    """Counter-clockwise as it is seen, y pointing down; ``cv2.getRotationMatrix2D``'s."""
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]])


def _check_range(name: str, values: Range) -> tuple[float, float]:
    if len(values) != 2 or not 0 < values[0] <= values[1]:
        _complain(name, '(low, high) with 0 < low <= high', values)
    return values[0], values[1]


def _complain(name: str, constraint: str, value: object) -> None:
    raise ValueError(
        f'The {name!r} parameter of RandomWarp must be {constraint}. Got {value!r} instead.'
    )
