"""The fixed-size warp of centre-point networks, for testing and, of pairs, for training.

Source: CenterNet and CenterTrack (MIT): which numbers are drawn, and from what. The area outside of
the image is black *before* normalisation, which padding by a data preprocessor is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmdet.structures.bbox import HorizontalBoxes

from mmtrack_ext.association.parameters import check_choice
from mmtrack_ext.datasets.transforms.warp_resize import check_scale, image_size
from mmtrack_ext.registry import TRANSFORMS
from mmtrack_ext.structures import to_numpy
from mmtrack_ext.structures.center_warp import (
    RESIZE_MODES,
    center_warp_matrix,
    chain_warps,
    flip_matrix,
    resize_scale,
    resize_warp,
    warp_boxes,
    warp_corners,
)

CROP_RATIOS = tuple(ratio / 10 for ratio in range(6, 14))  # CenterNet: 0.6, 0.7, ..., 1.3
CROP_BORDER = 128  # CenterNet: middles of crops stay this many pixels from the image's border


@TRANSFORMS.register_module()
class CenterResize(BaseTransform):
    """Put an image in the middle of the network's input, for testing.

    Sets ``img, img_shape`` and ``warp_matrix``, (2, 3) float64 from pixels of the image to those of
    the input; warps ``gt_bboxes`` where there are any, without clipping them.

    Args:
        scale: (width, height) of the input.
        mode: 'contain' shows all of the image; 'width' crops what is higher than the input, as the
            original does (24 % of a 640 x 480 image at 960 x 544).

    Raises:
        ValueError: an argument is wrong.
    """

    def __init__(self, scale: Sequence[int] = (960, 544), *, mode: str = 'contain') -> None:
        self.scale = check_scale(scale, type(self).__name__)
        self.mode = mode
        check_choice(self, 'mode', *RESIZE_MODES)

    def transform(self, results: dict) -> dict:
        """Warp one frame."""
        warp_frame(results, resize_warp(image_size(results), self.scale, self.mode), self.scale)
        return results


@TRANSFORMS.register_module()
class PairedCenterAffine(BaseTransform):
    """Crop, scale, turn and flip a pair of frames, for training.

    Takes and gives a dict of lists of two, [key frame, reference frame], outside of any
    ``TransformBroadcaster``. Sets what ``CenterResize`` sets. Boxes are not clipped and none is
    dropped: the network learns how far they reach beyond the image.

    The key frame's warp is drawn anew for each pair. With ``random_crop``, the middle of the crop
    is any point far enough from the border and its scale one of 0.6, 0.7, ..., 1.3; otherwise, the
    middle is moved by ``shift``, the scale changed by ``scale_noise``. Both frames are flipped
    together and turned alike. The reference frame has the same warp if ``same_warp``; a frame
    paired with itself (a static image), or any without ``same_warp``, is moved by ``shift`` and
    ``scale_noise`` once more, which is then the motion to learn.

    Args:
        scale: (width, height) of the network's input.
        mode: see ``CenterResize``.
        random_crop: see above; False is CenterTrack's ``--not_rand_crop``.
        shift: standard deviation in parts of the crop's width, cut at twice that. CenterTrack has
            0.05 for CrowdHuman, JointTrackNet 0 for videos.
        scale_noise: standard deviation of the factor, cut at that.
        rotate_prob: how often a pair is turned.
        rotate: standard deviation of the angle in degrees, cut at twice that.
        flip_prob: how often left and right change places.
        same_warp: see above; CenterTrack's ``--same_aug_pre``.
        reference_corners: 4 puts upright boxes around what has been turned. 2, in the reference
            frame, takes two corners of the box, as the original does.
        rng: NumPy's state of the worker process if None, which mmengine seeds.

    Raises:
        ValueError: an argument is wrong.
    """

    def __init__(
        self,
        scale: Sequence[int] = (960, 544),
        *,
        mode: str = 'contain',
        random_crop: bool = True,
        shift: float = 0.0,
        scale_noise: float = 0.0,
        rotate_prob: float = 0.0,
        rotate: float = 0.0,
        flip_prob: float = 0.5,
        same_warp: bool = True,
        reference_corners: int = 4,
        rng: np.random.RandomState | None = None,
    ) -> None:
        self.scale = check_scale(scale, type(self).__name__)
        self.mode = mode
        check_choice(self, 'mode', *RESIZE_MODES)
        self.random_crop = random_crop
        self.shift, self.scale_noise = shift, scale_noise
        self.rotate_prob, self.rotate = rotate_prob, rotate
        self.flip_prob = flip_prob
        self.same_warp = same_warp
        if reference_corners not in (2, 4):
            raise ValueError(
                "The 'reference_corners' parameter of PairedCenterAffine must be 2 or 4. "
                f'Got {reference_corners!r} instead.'
            )
        self.reference_corners = reference_corners
        self.rng = rng

    def transform(self, results: dict) -> dict:
        """Warp both frames."""
        frames = [{name: values[i] for name, values in results.items()} for i in (0, 1)]
        is_still = frames[0]['frame_id'] == frames[1]['frame_id']  # of one video
        matrices = self.draw_matrices(image_size(frames[0]), is_still=is_still)
        warp_frame(frames[0], matrices[0], self.scale)
        warp_frame(frames[1], matrices[1], self.scale, corners=self.reference_corners)
        return {name: [frame[name] for frame in frames] for name in frames[0]}

    def draw_matrices(
        self, size: tuple[int, int], *, is_still: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """(2, 3) matrices of key and reference frame.

        Args:
            size: (width, height) of the frames.
            is_still: whether the frame is paired with itself.
        """
        rng = np.random if self.rng is None else self.rng
        center, scale, flip = np.array(size) / 2, resize_scale(size, self.scale, self.mode), None
        if self.random_crop:
            scale *= rng.choice(CROP_RATIOS)
            center = np.array([_draw_middle(side, rng) for side in size], float)
        else:
            center, scale = self._jitter(center, scale, rng)
        angle = 0.0
        if rng.random_sample() < self.rotate_prob:
            angle = _cut_normal(self.rotate, 2 * self.rotate, rng)
        if rng.random_sample() < self.flip_prob:
            flip = flip_matrix(size[0])
        views = [(center, scale)] * 2
        if is_still or not self.same_warp:
            views[1] = self._jitter(center, scale, rng)
        matrices = [center_warp_matrix(*view, self.scale, angle=angle) for view in views]
        first, second = (m if flip is None else chain_warps(flip, m) for m in matrices)
        return first, second

    def _jitter(self, center: np.ndarray, scale: float, rng: Any) -> tuple[np.ndarray, float]:
        moves = [_cut_normal(self.shift, 2 * self.shift, rng) for _ in range(2)]
        factor = 1 + _cut_normal(self.scale_noise, self.scale_noise, rng)
        return center + scale * np.array(moves), scale * factor


def warp_frame(
    frame: dict[str, Any], matrix: np.ndarray, size: tuple[int, int], *, corners: int = 4
) -> None:
    """Warp ``img`` and ``gt_bboxes`` of one frame, changed in place.

    Args:
        frame: the item.
        matrix: (2, 3), from its pixels to those of the input.
        size: (width, height) of the input.
        corners: which give the new box: all 4, or the first and the second as they come.
    """
    frame['img'] = cv2.warpAffine(frame['img'], matrix, size, flags=cv2.INTER_LINEAR)
    frame['img_shape'] = size[::-1]
    frame['warp_matrix'] = matrix
    if 'gt_bboxes' in frame:
        move = warp_boxes if corners == 4 else warp_corners
        boxes = move(to_numpy(frame['gt_bboxes']), matrix).astype(np.float32)
        frame['gt_bboxes'] = HorizontalBoxes(torch.from_numpy(boxes))


def _draw_middle(side: int, rng: Any) -> int:
    """A pixel at least the border away from both ends; the border is halved in small images."""
    border = CROP_BORDER
    while side <= 2 * border:
        border //= 2
    return int(rng.randint(border, side - border))


def _cut_normal(deviation: float, most: float, rng: Any) -> float:
    return float(np.clip(rng.standard_normal() * deviation, -most, most))
