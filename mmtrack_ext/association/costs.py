"""Costs of giving a detection to a track: (T, D), lower is better, ``inf`` = forbidden."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from mmtrack_ext.association.arrays import BoolArray, Float32Array, FloatArray, IntArray
from mmtrack_ext.association.boxes import iou

AnyFloats = TypeVar('AnyFloats', FloatArray, Float32Array)


def iou_cost(
    track_boxes: FloatArray, detection_boxes: FloatArray, *, plus_one: bool = False
) -> FloatArray:
    """1 - IoU of (T, 4) and (D, 4) xyxy boxes."""
    cost = iou(track_boxes, detection_boxes, plus_one=plus_one)
    return np.subtract(1, cost, out=cost)


def fused_iou_cost(
    track_boxes: FloatArray,
    detection_boxes: FloatArray,
    detection_scores: FloatArray,
    *,
    plus_one: bool = False,
) -> FloatArray:
    """1 - IoU * score, with the (D,) scores of the detections (ByteTrack's ``fuse_score``)."""
    cost = iou(track_boxes, detection_boxes, plus_one=plus_one)
    cost *= detection_scores
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
