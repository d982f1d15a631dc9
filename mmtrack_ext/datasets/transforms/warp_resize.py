"""Resizing as NanoDet does it, and what it shares with NanoDet's augmentation.

Source of both: NanoDet 1.0 (Apache-2.0, github.com/RangiLyu/nanodet), ``ShapeTransform`` of
``nanodet/data/transform/warp.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.structures.bbox import autocast_box_type

from mmtrack_ext.registry import TRANSFORMS

BOX_KEYS = ('gt_bboxes_labels', 'gt_ignore_flags', 'gt_instances_ids')  # one entry a box
UNSUPPORTED = ('gt_masks', 'gt_seg_map', 'gt_keypoints')


@TRANSFORMS.register_module()
class WarpResize(BaseTransform):
    """Resize so that the point (x, y) becomes (s_x * x, s_y * y), as the weights were trained.

    mmdet's ``Resize`` maps (x + 0.5) to s * (x + 0.5), which lies (s - 1) / 2 pixels further, and
    weights of NanoDet see the difference. Sampling is bilinear, without smoothing before.

    Sets ``img, img_shape, scale_factor`` (width's, height's), ``scale`` (width, height),
    ``keep_ratio``; scales ``gt_bboxes`` where there are any, and clips them to the image.

    Args:
        scale: (width, height) in pixels.
        keep_ratio: make the image as large as fits into ``scale``, both sides rounded down, instead
            of stretching it. Nothing is padded here: the data preprocessor of the model does it.

    Raises:
        ValueError: ``scale`` is no such pair; or the item has masks, which are not warped.
    """

    def __init__(self, scale: Sequence[int], *, keep_ratio: bool = False) -> None:
        self.scale = check_scale(scale, type(self).__name__)
        self.keep_ratio = keep_ratio

    @autocast_box_type()
    def transform(self, results: dict) -> dict:
        """Resize the image and its boxes."""
        size = image_size(results)
        target = target_size(size, self.scale, keep_ratio=self.keep_ratio)
        warp(results, resize_matrix(size, target), target)
        factors = (target[0] / size[0], target[1] / size[1])
        results.update(scale=target, scale_factor=factors, keep_ratio=self.keep_ratio)
        return results


def target_size(
    size: tuple[int, int], scale: tuple[int, int], *, keep_ratio: bool
) -> tuple[int, int]:
    """(width, height) after resizing.

    Example:
        >>> target_size((1920, 1080), (416, 416), keep_ratio=True)
        (416, 234)
    """
    if not keep_ratio:
        return scale
    (width, height), (most_width, most_height) = size, scale
    if width * most_height < most_width * height:
        return max(1, width * most_height // height), most_height
    return most_width, max(1, height * most_width // width)


def resize_matrix(size: tuple[int, int], target: tuple[int, int]) -> np.ndarray:
    """(3, 3): each axis by itself, the upper left corner stays.

    The original, where the ratio is kept, takes the smaller of both factors for both axes and
    centres what is left over by rounding, under half a pixel: mmdet's ``scale_factor`` has no room
    for that.
    """
    return np.diag([target[0] / size[0], target[1] / size[1], 1.0])


def warp(results: dict[str, Any], matrix: np.ndarray, size: tuple[int, int]) -> None:
    """Warp ``img`` and ``gt_bboxes`` of an item; boxes are clipped to the new image.

    Args:
        results: the item, changed in place.
        matrix: (3, 3), from pixels of the present image to those of the new one.
        size: (width, height) of the new image; what lies outside of the old one is black.

    Raises:
        ValueError: the item has masks.
    """
    found = [key for key in UNSUPPORTED if key in results]
    if found:
        raise ValueError(
            f'WarpResize and RandomWarp move boxes alone, and the item has {found[0]!r}: load it '
            "with dict(type='LoadAnnotations', with_bbox=True) and nothing more."
        )
    results['img'] = cv2.warpPerspective(results['img'], matrix, dsize=size)
    results['img_shape'] = size[::-1]
    # As mmdet's transforms do it, so that a point can be followed through all of them.
    results['homography_matrix'] = matrix @ results.get('homography_matrix', np.eye(3))
    if 'gt_bboxes' in results:
        results['gt_bboxes'].project_(matrix)
        results['gt_bboxes'].clip_(size[::-1])


def image_size(results: dict[str, Any]) -> tuple[int, int]:
    """(width, height) of the item's image."""
    height, width = results['img'].shape[:2]
    return width, height


def check_scale(scale: Sequence[int], owner: str) -> tuple[int, int]:
    """A pair of sides.

    Raises:
        ValueError: it is none.
    """
    values = tuple(scale) if isinstance(scale, Sequence) else ()
    if len(values) != 2 or not all(isinstance(v, int) and v >= 1 for v in values):
        raise ValueError(
            f"The 'scale' parameter of {owner} must be (width, height), two ints >= 1. "
            f'Got {scale!r} instead.'
        )
    return values[0], values[1]
