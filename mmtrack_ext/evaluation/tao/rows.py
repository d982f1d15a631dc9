"""Boxes of annotations and of results, as columns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from mmtrack_ext.association.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Rows:
    """N boxes; images and categories by their position in a ``FederatedTruth``."""

    images: IntArray  # (N,)
    categories: IntArray  # (N,), merged
    boxes: FloatArray  # (N, 4) left, top, width, height
    tracks: IntArray  # (N,) id of the track in its video, results from 1
    scores: FloatArray  # (N,), 0 in annotations
    areas: FloatArray  # (N,) as annotated, which may be that of a mask; width * height in results
    ignored: BoolArray  # (N,) annotated, but neither to find nor to miss

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: Any) -> Rows:
        """The rows of a mask or of an index array."""
        return Rows(*(getattr(self, column.name)[index] for column in fields(self)))

    @staticmethod
    def join(parts: Iterable[Rows]) -> Rows:
        """The rows of all parts, one after the other."""
        parts = [Rows.of([], [], [], [], []), *parts]
        columns = [column.name for column in fields(Rows)]
        return Rows(*(np.concatenate([getattr(p, name) for p in parts]) for name in columns))

    @staticmethod
    def of(images: Any, categories: Any, boxes: Any, tracks: Any, scores: Any) -> Rows:
        """Rows of results from any sequences; ``boxes`` (N, 4) left, top, width, height."""
        boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
        images, categories, tracks = (
            np.asarray(column, np.int64) for column in (images, categories, tracks)
        )
        areas, ignored = boxes[:, 2] * boxes[:, 3], np.zeros(len(boxes), bool)
        return Rows(images, categories, boxes, tracks, np.asarray(scores, float), areas, ignored)


def best_of_each_image(rows: Rows, max_boxes: int) -> Rows:
    """At most ``max_boxes`` an image, the best by score, the earlier of equals.

    The rows come grouped by image, and those of an image that had too many by score: both
    TrackEval and lvis do so, and of two equal scores the earlier is matched first.
    """
    if len(rows) == 0:
        return rows
    _, first, image, counts = np.unique(
        rows.images, return_index=True, return_inverse=True, return_counts=True
    )
    by_score = _rank_within(image, -rows.scores)
    by_row = _rank_within(image, np.arange(len(rows)))
    place = np.where((counts > max_boxes)[image], by_score, by_row)
    order = np.lexsort((place, first[image]))
    return rows[order[place[order] < max_boxes]]


def _rank_within(groups: IntArray, values: Any) -> IntArray:
    """(N,) position of each value among those of its group, ascending, equals in order."""
    order = np.lexsort((values, groups))
    starts = np.r_[0, np.cumsum(np.bincount(groups))[:-1]]
    ranks = np.empty(len(groups), np.int64)
    ranks[order] = np.arange(len(groups)) - starts[groups[order]]
    return ranks


def vote_categories(tracks: IntArray, categories: IntArray) -> IntArray:
    """(N,) for each row the category that most rows of its track have, of equals the first seen.

    Example:
        >>> vote_categories(np.array([1, 1, 1, 2, 2]), np.array([5, 4, 4, 9, 3])).tolist()
        [4, 4, 4, 9, 9]
    """
    if len(tracks) == 0:
        return categories
    track = np.unique(tracks, return_inverse=True)[1]
    names, category = np.unique(categories, return_inverse=True)
    pairs, first, counts = np.unique(
        track * len(names) + category, return_index=True, return_counts=True
    )
    order = np.lexsort((first, -counts, pairs // len(names)))
    winners = order[np.unique(pairs[order] // len(names), return_index=True)[1]]
    voted: IntArray = names[pairs[winners] % len(names)][track]
    return voted
