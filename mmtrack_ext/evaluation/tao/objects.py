"""What is matched: a box of an image, or a track of a video. A box is a track of one frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmtrack_ext.association.arrays import BoolArray, FloatArray, IntArray
from mmtrack_ext.evaluation.tao.annotations import FederatedTruth
from mmtrack_ext.evaluation.tao.rows import Rows


@dataclass(frozen=True, eq=False)
class Objects:
    """M objects with N boxes, in the order of their units, then of their first boxes."""

    units: IntArray  # (M,) position of the image or video
    categories: IntArray  # (M,)
    scores: FloatArray  # (M,) mean of the boxes'
    areas: FloatArray  # (M,) mean of the boxes', square pixels
    lengths: IntArray  # (M,) number of boxes
    ignored: BoolArray  # (M,)
    owners: IntArray  # (N,) the object of each box
    images: IntArray  # (N,)
    boxes: FloatArray  # (N, 4) left, top, width, height

    def __len__(self) -> int:
        return len(self.units)


def boxes_as_objects(rows: Rows) -> Objects:
    """Each box an object, each image a unit."""
    rows = rows[np.argsort(rows.images, kind='stable')]
    return Objects(
        units=rows.images,
        categories=rows.categories,
        scores=rows.scores,
        areas=rows.areas,
        lengths=np.ones(len(rows), np.int64),
        ignored=rows.ignored,
        owners=np.arange(len(rows)),
        images=rows.images,
        boxes=rows.boxes,
    )


def tracks_as_objects(rows: Rows, truth: FederatedTruth) -> Objects:
    """Each track an object, each video a unit."""
    owners, starts_at = _number_tracks(rows, truth)
    order = np.lexsort((truth.image_frames[rows.images], owners))
    rows, owners = rows[order], owners[order]
    lengths = np.bincount(owners, minlength=len(starts_at))
    starts = np.cumsum(lengths) - lengths
    sizes = rows.boxes[:, 2] * rows.boxes[:, 3]  # TrackEval overwrites annotated areas too
    # np.mean, one at a time: sums in another order would break ties between equal tracks.
    scores = [part.mean() for part in np.split(rows.scores, starts[1:]) if len(part)]
    return Objects(
        units=truth.image_videos[rows.images[starts]],
        categories=rows.categories[starts],
        scores=np.array(scores, np.float64),
        areas=np.bincount(owners, sizes, len(lengths)) / np.maximum(lengths, 1),
        lengths=lengths,
        ignored=np.zeros(len(lengths), bool),
        owners=owners,
        images=rows.images,
        boxes=rows.boxes,
    )


def _number_tracks(rows: Rows, truth: FederatedTruth) -> tuple[IntArray, IntArray]:
    """(N,) number of each row's track, by video and first row; (M,) that first row."""
    videos = truth.image_videos[rows.images]
    names, track = np.unique(rows.tracks, return_inverse=True)
    _, first, owner = np.unique(
        videos * max(len(names), 1) + track, return_index=True, return_inverse=True
    )
    order = np.lexsort((first, videos[first]))
    numbers = np.empty(len(first), np.int64)
    numbers[order] = np.arange(len(first))
    return numbers[owner], first[order]


def check_tracks(rows: Rows, truth: FederatedTruth, what: str) -> None:
    """All boxes of a track share one category, and a track has one box an image.

    Raises:
        ValueError: says which track.
    """
    owners, first = _number_tracks(rows, truth)
    differs = rows.categories != rows.categories[first[owners]]
    order = np.lexsort((rows.images, owners))
    twice = np.zeros(len(rows), bool)
    same = (np.diff(owners[order]) == 0) & (np.diff(rows.images[order]) == 0)
    twice[order[1:][same]] = True
    for bad, problem in (
        (differs, 'boxes of several categories'),
        (twice, 'two boxes in one image'),
    ):
        if bad.any():
            row = int(np.argmax(bad))
            image = truth.image_ids[rows.images[row]]
            raise ValueError(f'{what}: track {rows.tracks[row]} has {problem} (image {image}).')
