"""Track average precision of TAO, equal to ``trackeval`` 1.3.0's TrackMAP over its TAO dataset."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmtrack_ext.evaluation.tao.annotations import FederatedTruth
from mmtrack_ext.evaluation.tao.federated import (
    FederatedScores,
    Range,
    evaluated_rows,
    federated_scores,
)
from mmtrack_ext.evaluation.tao.objects import check_tracks, tracks_as_objects
from mmtrack_ext.evaluation.tao.rows import Rows, best_of_each_image

# TrackMAP's defaults: areas in square pixels, durations in annotated frames.
RANGES = (
    Range('all'),
    Range('area_s', 'areas', 0, 32**2),
    Range('area_m', 'areas', 32**2, 96**2),
    Range('area_l', 'areas', 96**2, 1e5**2),
    Range('time_s', 'lengths', 0, 3),
    Range('time_m', 'lengths', 3, 10),
    Range('time_l', 'lengths', 10, 1e5),
)
SWEEP = np.arange(0.5, 0.96, 0.05)  # TrackMAP's thresholds, with their rounding
_SLACK = float(np.finfo(np.float64).eps)  # TrackMAP's


def track_scores(
    truth: FederatedTruth, results: Rows, *, thresholds: Sequence[float], max_boxes: int = 300
) -> FederatedScores:
    """By category, range (RANGES) and threshold.

    Args:
        truth: annotations of the videos that were tracked.
        results: ids from 1 (TrackEval takes id 0 for "not matched" and matches it twice).
        thresholds: of the 3D IoU.
        max_boxes: of the best boxes of an image are scored.

    Raises:
        ValueError: an id below 1, a track with boxes of several categories or with two in an image.
    """
    if len(results) and (lowest := results.tracks.min()) < 1:
        raise ValueError(f'Track ids in results start at 1; got {lowest}. Add 1 to all of them.')
    lists = truth.lists_of('videos')
    check_tracks(results, truth, 'results')
    check_tracks(truth.annotations, truth, truth.path)
    size = truth.num_categories
    annotations = truth.annotations
    annotated = truth.image_videos[annotations.images] * size + annotations.categories
    results = best_of_each_image(results, max_boxes)
    videos = truth.image_videos[results.images]
    return federated_scores(
        tracks_as_objects(
            evaluated_rows(results, videos, annotated, lists, num_categories=size), truth
        ),
        tracks_as_objects(annotations, truth),
        lists,
        num_categories=size,
        ranges=RANGES,
        thresholds=np.asarray(thresholds, np.float64),
        slack=_SLACK,
    )


def track_precision(
    truth: FederatedTruth,
    results: Rows,
    *,
    iou_thresholds: Sequence[float] = (0.5, 0.75),
    max_boxes: int = 300,
) -> dict[str, float]:
    """AP and AR in 0..1 (-1: nothing to find), means over classes and the thresholds given.

    ``AP, AP50, AP75, AP_area_s, ..., AP_time_l, AR, ...``, and the same means over 0.5:0.95 under
    ``sweep_``. The AP published for TAO is the mean over exactly 0.5 and 0.75.
    """
    thresholds = (*iou_thresholds, *SWEEP)
    scores = track_scores(truth, results, thresholds=thresholds, max_boxes=max_boxes)
    count = len(iou_thresholds)
    summary = _means(scores, slice(count), '')
    for position, threshold in enumerate(iou_thresholds):
        summary[f'AP{100 * threshold:g}'] = scores.mean(scores.precisions[:, 0, position])
    return summary | _means(scores, slice(count, None), 'sweep_')


def _means(scores: FederatedScores, thresholds: slice, prefix: str) -> dict[str, float]:
    return {
        f'{prefix}{kind}' + ('' if place == 0 else f'_{part.name}'): scores.mean(
            values[:, place, thresholds]
        )
        for kind, values in (('AP', scores.precisions), ('AR', scores.recalls))
        for place, part in enumerate(RANGES)
    }
