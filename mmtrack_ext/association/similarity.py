"""Association by appearance alone: how alike two things look, and who takes whom.

Similarities are (M, D) = remembered things x detections, as costs are, but **higher is better**.
Source: QDTrack (Pang et al., CVPR 2021), section 3.3.

Dot products and softmax are float32, the precision of the network and of the released programs, and
that is part of the rule. A detection that resembles one track more than all others (share 1), while
another detection resembles that track more (share p), has the similarity (1 + p) / 2. The published
limit is "above 0.5": in float32 it asks for p > 6e-8 (logits less than 17 apart), in float64 it
would let 1e-16 (37 apart) steal the track.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from mmtrack_ext.association.arrays import BoolArray, Float32Array, FloatArray, IntArray
from mmtrack_ext.association.costs import cosine_cost


def bisoftmax(
    memory: Float32Array, embeddings: Float32Array, mask: BoolArray | None = None
) -> FloatArray:
    """Mean of the softmax over memory and the softmax over detections, of dot products.

    1 needs agreement: the detection looks like this track rather than others, and the track like
    this detection rather than others.

    Args:
        memory: (M, C) float32.
        embeddings: (D, C) float32, of the detections.
        mask: (M, D) the pairs that take part; the others are 0 and take no share of the softmax.

    Returns:
        (M, D) float64 in 0..1, with the precision of float32.
    """
    logits = memory @ embeddings.T
    both = masked_softmax(logits, axis=0, mask=mask)
    both += masked_softmax(logits, axis=1, mask=mask)
    both /= 2
    return both.astype(np.float64)


def softmax(
    memory: Float32Array, embeddings: Float32Array, mask: BoolArray | None = None
) -> FloatArray:
    """Softmax over memory of dot products: (M, D), columns sum to 1; see ``bisoftmax``."""
    return masked_softmax(memory @ embeddings.T, axis=0, mask=mask).astype(np.float64)


def cosine(
    memory: Float32Array, embeddings: Float32Array, mask: BoolArray | None = None
) -> FloatArray:
    """Cosine, -1..1, as (M, D); 0 where the mask is False or a vector is zero."""
    similarity = 1 - cosine_cost(memory, embeddings)
    return similarity if mask is None else similarity * mask


Metric: TypeAlias = Callable[[Float32Array, Float32Array, BoolArray | None], FloatArray]
METRICS: dict[str, Metric] = {'bisoftmax': bisoftmax, 'softmax': softmax, 'cosine': cosine}


def masked_softmax(
    logits: Float32Array, *, axis: int, mask: BoolArray | None = None
) -> Float32Array:
    """Softmax along an axis among the entries of the mask; the others are 0.

    The largest logit is subtracted first, so that nothing overflows. A line without any entry
    in the mask is 0 throughout.

    Example:
        >>> logits = np.array([[1000], [1000], [2000]], np.float32)
        >>> masked_softmax(logits, axis=0, mask=np.array([[True], [True], [False]])).tolist()
        [[0.5], [0.5], [0.0]]
    """
    if mask is not None:
        logits = np.where(mask, logits, np.float32(-np.inf))
    highest = logits.max(axis=axis, keepdims=True, initial=-np.inf)
    highest[np.isneginf(highest)] = 0  # nothing in the mask
    shares: Float32Array = np.exp(logits - highest)
    total = shares.sum(axis=axis, keepdims=True)
    shares /= np.maximum(total, 1)  # the highest adds exp(0): below 1 is only a line of zeros
    return shares


def greedy_by_similarity(
    similarity: FloatArray, allowed: BoolArray, *, min_similarity: float
) -> IntArray:
    """Each detection in turn looks at what it resembles most among what is not yet taken.

    It takes that if the similarity is above ``min_similarity`` and the pair allowed, and otherwise
    nothing: there is no second choice. What may not be taken thus absorbs who resembles it.

    Args:
        similarity: (M, D), the detections in the order in which they choose.
        allowed: (M, D).
        min_similarity: a pair at exactly this is refused, as in the released programs.

    Returns:
        (D,) int64 row that the detection took, -1 for nothing.
    """
    num_rows, num_detections = similarity.shape
    taken_by = np.full(num_detections, -1)
    if not num_rows:
        return taken_by
    taken = np.zeros(num_rows, np.bool_)
    # Most detections get the best of all; only where that is gone the rest is looked through.
    for detection, row in enumerate(similarity.argmax(axis=0).tolist()):
        if taken[row]:
            row = int(np.where(taken, -np.inf, similarity[:, detection]).argmax())
        enough = similarity[row, detection] > min_similarity
        if enough and allowed[row, detection] and not taken[row]:
            taken[row] = True
            taken_by[detection] = row
    return taken_by
