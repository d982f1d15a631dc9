"""What JointTrackNet is given with a frame, and what frames must bring for that."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmdet.structures import DetDataSample
from torch import Tensor

from mmtrack_ext.association.boxes import centers
from mmtrack_ext.association.detections import TrackedBoxes
from mmtrack_ext.structures.center_warp import warp_boxes
from mmtrack_ext.structures.heatmaps import draw_prior_heatmap

COARSEST_STRIDE = 32  # of DLA and ResNet; the neck doubles their maps, so all must be whole


def previous_images(
    inputs: Tensor, data_samples: list[DetDataSample], last: Tensor | None
) -> Tensor:
    """(B, 3, H, W): the frame before each; the first frame of a video is its own.

    Args:
        inputs: (B, 3, H, W).
        data_samples: one a frame.
        last: (1, 3, H, W) the last frame of the batch before, if there was one.
    """
    before = torch.cat([inputs[:1], inputs[:-1]])
    if last is not None and data_samples[0].frame_id:  # else it may have another size
        before[:1] = last
    starts = [index for index, sample in enumerate(data_samples) if sample.frame_id == 0]
    before[starts] = inputs[starts]
    return before


def empty_heatmaps(inputs: Tensor) -> Tensor:
    """(B, 1, H, W): of frames (B, 3, H, W) before which nothing was tracked."""
    return inputs.new_zeros(len(inputs), 1, *inputs.shape[2:])


def prior_heatmaps(
    inputs: Tensor, data_samples: list[DetDataSample], tracks: TrackedBoxes, *, min_score: float
) -> Tensor:
    """(B, 1, H, W): where the tracks were that the frame before has matched; not in first frames.

    Args:
        inputs: (B, 3, H, W).
        data_samples: one a frame.
        tracks: of the frame before.
        min_score: tracks with a lower one are not drawn.
    """
    heatmaps = empty_heatmaps(inputs)
    boxes = tracks.boxes[(tracks.detection_index >= 0) & (tracks.scores >= min_score)]
    for heatmap, sample in zip(heatmaps, data_samples, strict=True):
        if sample.frame_id:
            warped = warp_boxes(boxes, np.asarray(warp_matrix(sample)))
            drawn = draw_prior_heatmap(warped, tuple(inputs.shape[2:]))
            heatmap[0] = torch.from_numpy(drawn).to(heatmap)
    return heatmaps


def warp_matrix(sample: DetDataSample) -> Any:
    """(2, 3) from the image to the input of the network.

    Raises:
        ValueError: the frame came without.
    """
    if 'warp_matrix' not in sample:
        raise ValueError(
            "JointTrackNet got a frame without 'warp_matrix', the way from the image to the input "
            "of the network; resize the frames of the dataset by dict(type='CenterResize')."
        )
    return sample.warp_matrix


def public_centers(sample: DetDataSample) -> np.ndarray:
    """(P, 2) in pixels, of the detections that everybody is given.

    Raises:
        ValueError: the frame came without.
    """
    if 'detections' not in sample:
        raise ValueError(
            'JointTrackNet was asked to start tracks at public detections, and a frame came '
            "without; add dict(type='LoadDetections', path=...) to the pipeline of the dataset."
        )
    return centers(sample.detections.boxes)


def check_size(inputs: Tensor) -> None:
    """Refuse frames (B, 3, H, W) that are not whole numbers of the coarsest cells.

    Raises:
        ValueError: they are not.
    """
    height, width = inputs.shape[2:]
    if height % COARSEST_STRIDE or width % COARSEST_STRIDE:
        raise ValueError(
            f'JointTrackNet takes images whose sides are multiples of {COARSEST_STRIDE}. Got '
            f'{width} x {height}: change the scale of CenterResize and PairedCenterAffine.'
        )


def check_identified(samples: list[DetDataSample]) -> None:
    """Refuse training frames whose objects have no identities.

    Raises:
        ValueError: one has none.
    """
    if any('gt_instances' in s and 'instances_id' not in s.gt_instances for s in samples):
        raise ValueError(
            'JointTrackNet learns from identities, and a training frame came without them; load '
            "them with dict(type='LoadTrackAnnotations') instead of dict(type='LoadAnnotations')."
        )
