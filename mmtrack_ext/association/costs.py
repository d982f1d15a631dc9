"""Costs of giving a detection to a track: (T, D), lower is better, ``inf`` = forbidden."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from mmtrack_ext.association.arrays import BoolArray, Float32Array, FloatArray, IntArray
from mmtrack_ext.association.boxes import area

AnyFloats = TypeVar('AnyFloats', FloatArray, Float32Array)


def overlap_cost(overlap: FloatArray, detection_scores: FloatArray | None = None) -> FloatArray:
    """1 - IoU, (T, D); or 1 - IoU * score, with (D,) scores (ByteTrack's ``fuse_score``)."""
    if detection_scores is None:
        return np.subtract(1, overlap)
    cost = overlap * detection_scores
    return np.subtract(1, cost, out=cost)


def cosine_cost(
    track_embeddings: FloatArray | Float32Array, detection_embeddings: FloatArray | Float32Array
) -> FloatArray:
    """1 - cosine of (T, C) and (D, C) vectors, 0..2; a zero vector is at distance 1 of all."""
    tracks = unit_vectors(np.asarray(track_embeddings, np.float64))
    cost: FloatArray = 1 - tracks @ unit_vectors(np.asarray(detection_embeddings, np.float64)).T
    return cost


def gated_appearance_cost(
    appearance_cost: FloatArray,
    overlap_cost: FloatArray,
    *,
    max_appearance_cost: float,
    max_overlap_cost: float,
) -> FloatArray:
    """Half the cosine cost where it is low and the boxes are near, 1 elsewhere.

    Source: BoT-SORT (Aharon et al. 2022), equation 12. The lower one of this and the cost of the
    motion is the cost of a pair.

    Args:
        appearance_cost: (T, D) ``cosine_cost``, 0..2.
        overlap_cost: (T, D) 1 - IoU.
        max_appearance_cost: limit of half the cosine cost.
        max_overlap_cost: limit of 1 - IoU.
    """
    halved = appearance_cost / 2
    refused = (halved > max_appearance_cost) | (overlap_cost > max_overlap_cost)
    return np.where(refused, 1.0, halved)


def squared_distances(track_points: FloatArray, detection_points: FloatArray) -> FloatArray:
    """(T, D) squared distances of (T, 2) and (D, 2) points, in square pixels."""
    squares: FloatArray = ((track_points[:, None] - detection_points) ** 2).sum(axis=2)
    return squares


def smaller_areas(track_boxes: FloatArray, detection_boxes: FloatArray) -> FloatArray:
    """(T, D) the smaller area of each pair of (T, 4) and (D, 4) boxes, in square pixels.

    CenterTrack's gate: a squared distance of centres above it is too far. Source: Zhou et al. 2020,
    section 4.2, and the released program, which asks for both areas.
    """
    return np.minimum(area(track_boxes)[:, None], area(detection_boxes))


def class_gate(track_labels: IntArray, detection_labels: IntArray) -> BoolArray:
    """(T, D) pairs of different classes."""
    differs: BoolArray = track_labels[:, None] != detection_labels
    return differs


def forbid(cost: FloatArray, gate: BoolArray) -> FloatArray:
    """The (T, D) cost with ``inf`` where the gate is True."""
    return np.where(gate, np.inf, cost)


def unit_vectors(vectors: AnyFloats) -> AnyFloats:
    """(N, C) vectors at length 1, as precise as they came; a zero vector stays zero."""
    squares = np.einsum('nc,nc->n', vectors, vectors, dtype=np.float64)
    lengths = np.sqrt(squares).astype(vectors.dtype)
    lengths[lengths == 0] = 1
    unit: AnyFloats = vectors / lengths[:, None]
    return unit
