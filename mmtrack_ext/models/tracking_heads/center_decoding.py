"""From the raw maps of ``JointTrackHead`` to detections in pixels of the original image.

Source: CenterNet and CenterTrack (Zhou et al., ECCV 2020, section 3; MIT).
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mmtrack_ext.association.detections import Detections
from mmtrack_ext.structures import instances_to_detections, to_numpy
from mmtrack_ext.structures.center_warp import invert_warp, warp_corners, warp_points

Outputs = dict[str, Tensor]
MIDDLE = 0.5  # CenterNet: of the cell, where no head says where in it the centre is
AVERAGED_IF_FLIPPED = ('hm', 'wh')  # the others are those of the frame that is not mirrored


def decode(outputs: Outputs, *, max_detections: int = 100, flipped: bool = False) -> Outputs:
    """The peaks of the heat maps and what the other heads say there, by falling score.

    Args:
        outputs: raw, (B, channels, h, w) each: ``hm``, and ``ltrb_amodal`` or ``wh`` for boxes
            (the former where there are both); ``reg``, ``tracking`` and ``embedding`` as there are.
        max_detections: K, at most; a map of fewer cells gives fewer.
        flipped: the second half of the batch is the first one mirrored.

    Returns:
        In cells of the grid: ``scores`` (B, K), ``labels`` (B, K), ``cells`` (B, K, 2) x, y,
        ``centers`` (B, K, 2) refined by ``reg``, ``boxes`` (B, K, 4) xyxy, maybe inverted, and,
        where there is the head, ``previous_centers`` (B, K, 2) of the frame before, and
        ``embeddings`` (B, K, C) at length 1. Cells without a peak have score 0.

    Raises:
        ValueError: there is no head for boxes.
    """
    if not {'wh', 'ltrb_amodal'} & outputs.keys():
        raise ValueError(
            "Decoding needs the head 'ltrb_amodal' or 'wh' for boxes; add one to the 'heads' of "
            f'JointTrackHead. Got {", ".join(outputs)}.'
        )
    maps = {name: values.float() for name, values in outputs.items()}
    maps['hm'] = maps['hm'].sigmoid()
    if flipped:
        maps = merge_flipped(maps)
    scores, labels, places = top_peaks(maps['hm'], max_detections)
    width = maps['hm'].shape[-1]
    cells = torch.stack([places % width, places // width], dim=-1).float()
    there = {name: _gather(values, places) for name, values in maps.items() if name != 'hm'}
    centers = cells + there.get('reg', MIDDLE)
    found = {'scores': scores, 'labels': labels, 'cells': cells, 'centers': centers}
    if 'ltrb_amodal' in there:
        found['boxes'] = cells.repeat(1, 1, 2) + there['ltrb_amodal']
    else:
        halves = there['wh'].clamp(min=0) / 2
        found['boxes'] = torch.cat([centers - halves, centers + halves], dim=-1)
    if 'tracking' in there:
        found['previous_centers'] = cells + there['tracking']
    if 'embedding' in there:
        found['embeddings'] = functional.normalize(there['embedding'], dim=-1)
    return found


def top_peaks(heatmap: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """The highest cells among those that no neighbour exceeds: first by class, then of all.

    Args:
        heatmap: (B, classes, h, w) probabilities.
        count: K.

    Returns:
        Scores, classes and flat cells, (B, K) each.
    """
    highest = functional.max_pool2d(heatmap, 3, stride=1, padding=1)
    peaks = (heatmap * (heatmap == highest)).flatten(2)
    by_class, places = peaks.topk(min(count, peaks.shape[2]))
    scores, ranks = by_class.flatten(1).topk(min(count, by_class[0].numel()))
    return scores, ranks // by_class.shape[2], places.flatten(1).gather(1, ranks)


def merge_flipped(maps: Outputs) -> Outputs:
    """Maps of B frames from those of B frames and their B mirror images."""
    merged = {}
    for name, values in maps.items():
        frame, mirrored = values.chunk(2)
        merged[name] = (frame + mirrored.flip(-1)) / 2 if name in AVERAGED_IF_FLIPPED else frame
    return merged


def detections_of(
    found: Outputs,
    index: int,
    grid_to_image: Any,
    *,
    min_score: float = 0.0,
    track_center: Literal['refined', 'cell'] = 'refined',
    zero_displacement: bool = False,
) -> Detections:
    """What was decoded in one frame of the batch, in pixels of its image; boxes are not clipped.

    Args:
        found: of ``decode``.
        index: of the frame in the batch.
        grid_to_image: (2, 3) warp, see ``grid_to_image``.
        min_score: only detections above.
        track_center: where displacements start, and where tracks are remembered: at the refined
            centre, or (JointTrackNet) at the corner of its cell, about half a cell off. They end at
            the same point.
        zero_displacement: say that nothing has moved.
    """
    frame = {name: to_numpy(values[index]) for name, values in found.items()}
    frame = {name: values[frame['scores'] > min_score] for name, values in frame.items()}
    starts = frame['centers' if track_center == 'refined' else 'cells']
    columns = {
        'bboxes': warp_corners(frame['boxes'], grid_to_image),
        'centers': warp_points(starts, grid_to_image),
        **{name: frame[name] for name in ('scores', 'labels', 'embeddings') if name in frame},
    }
    if 'previous_centers' in frame:
        ends = warp_points(frame['previous_centers'], grid_to_image)
        columns['displacements'] = (ends - columns['centers']) * (not zero_displacement)
    return instances_to_detections(columns)


def grid_to_image(warp_matrix: Any, stride: float) -> np.ndarray:
    """(2, 3) warp from cells of the output grid to pixels of the image.

    Args:
        warp_matrix: (2, 3) warp from the image to the network's input, in pixels.
        stride: pixels of the input a cell.
    """
    return invert_warp(np.asarray(warp_matrix, np.float64) / stride)


def embedding_colors(embedding: Tensor) -> np.ndarray:
    """(C, h, w) raw embeddings as a picture (h, w, 3) uint8: their principal components.

    Cells that look alike have like colours. C is at least 3.
    """
    vectors = functional.normalize(embedding.float().flatten(1), dim=0).T
    vectors = vectors - vectors.mean(0)
    axes = torch.linalg.eigh(vectors.T @ vectors).eigenvectors[:, -3:].flip(1)
    # An axis may point either way: its largest entry is to be positive, in every frame.
    axes = axes * axes.gather(0, axes.abs().argmax(0, keepdim=True)).sign()
    shares = vectors @ axes
    shares = shares - shares.amin(0)
    shares = shares / shares.amax().clamp(min=1e-12)  # one scale, or the last show noise
    return to_numpy((255 * shares).round().byte()).reshape(*embedding.shape[1:], -1)


def _gather(maps: Tensor, places: Tensor) -> Tensor:
    """(B, K, channels) of (B, channels, h, w) at (B, K) flat cells."""
    channels = maps.shape[1]
    return maps.flatten(2).gather(2, places[:, None].expand(-1, channels, -1)).mT
