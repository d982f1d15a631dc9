"""Box average precision of LVIS, equal to ``lvis`` 0.5.3 (A. Gupta; BSD) with merged categories."""

from __future__ import annotations

import numpy as np

from mmtrack_ext.evaluation.tao.annotations import FederatedTruth
from mmtrack_ext.evaluation.tao.federated import (
    FederatedScores,
    Range,
    evaluated_rows,
    federated_scores,
)
from mmtrack_ext.evaluation.tao.objects import boxes_as_objects
from mmtrack_ext.evaluation.tao.rows import Rows, best_of_each_image

# lvis' Params: areas in square pixels.
RANGES = (
    Range('', 'areas', 0, 1e5**2),
    Range('s', 'areas', 0, 32**2),
    Range('m', 'areas', 32**2, 96**2),
    Range('l', 'areas', 96**2, 1e5**2),
)
THRESHOLDS = np.linspace(0.5, 0.95, 10)
FREQUENCIES = ('r', 'c', 'f')  # a category in under 10, under 100, and more training images


def box_scores(truth: FederatedTruth, results: Rows, *, max_boxes: int = 300) -> FederatedScores:
    """By category, range (RANGES) and threshold (0.5:0.95)."""
    lists = truth.lists_of('images')
    size = truth.num_categories
    # lvis takes boxes without area for absent, on both sides.
    annotations = truth.annotations[truth.annotations.areas > 0]
    results = best_of_each_image(results, max_boxes)
    results = results[results.areas > 0]
    annotated = annotations.images * size + annotations.categories
    return federated_scores(
        boxes_as_objects(
            evaluated_rows(results, results.images, annotated, lists, num_categories=size)
        ),
        boxes_as_objects(annotations),
        lists,
        num_categories=size,
        ranges=RANGES,
        thresholds=THRESHOLDS,
    )


def box_precision(
    truth: FederatedTruth, results: Rows, *, max_boxes: int = 300
) -> dict[str, float]:
    """``AP, AP50, AP75, APs, APm, APl, APr, APc, APf, AR, ARs, ARm, ARl`` in 0..1.

    -1: nothing to find. The last three of AP are by frequency of the categories.
    """
    scores = box_scores(truth, results, max_boxes=max_boxes)
    precisions = scores.precisions
    summary = {'AP': scores.mean(precisions[:, 0])}
    summary['AP50'] = scores.mean(precisions[:, 0, 0])
    summary['AP75'] = scores.mean(precisions[:, 0, 5])
    for place, part in enumerate(RANGES[1:], start=1):
        summary[f'AP{part.name}'] = scores.mean(precisions[:, place])
    for frequency in FREQUENCIES:
        of_group = np.array(truth.frequencies) == frequency
        summary[f'AP{frequency}'] = scores.mean(precisions[of_group, 0])
    for place, part in enumerate(RANGES):
        summary[f'AR{part.name}'] = scores.mean(scores.recalls[:, place])
    return summary
