"""DeepSORT: Simple Online and Realtime Tracking with a Deep Association Metric.

Wojke, Bewley, Paulus, ICIP 2017, and PaddleDetection's form of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from mmtrack_ext.association.arrays import BoolArray, FloatArray, IntArray
from mmtrack_ext.association.assignment import Matches
from mmtrack_ext.association.base_tracker import BaseTracker
from mmtrack_ext.association.box_spaces import XYAH
from mmtrack_ext.association.cascades import match_by_age
from mmtrack_ext.association.costs import class_gate
from mmtrack_ext.association.detections import Detections
from mmtrack_ext.association.gallery import Gallery
from mmtrack_ext.association.parameters import check_choice, check_number
from mmtrack_ext.association.tracks import TrackState

MAX_SQUARED_MAHALANOBIS = 9.4877  # 0.95 quantile of chi-square, 4 degrees of freedom; section 2.2
MAX_UNSEEN_REPORTED = 1  # as released: the first prediction after a miss is reported, too
HEIGHT_ROUNDING = 1e-6  # pixels; y2 - y1 of a box that was 60 high may be a little less


class DeepSORTTracker(BaseTracker):
    """Appearance first, gated by motion, fresh tracks before old ones; then IoU.

    A track is reported from its ``n_init``-th sighting in a row on, and for one frame after a miss.
    ``n_init=1`` acts as 2, as released: only a match confirms.

    Without embeddings (the column is None) the appearance stage is left out for that frame: tracks
    seen in the last frame are then matched by IoU, and longer lost ones not at all. A zero
    embedding (no picture of the object) is at cosine distance 1 of everything, so that at usual
    limits it matches by IoU only.

    Two forms were published. ``variant`` says which behaviour; thresholds stay what the arguments
    say (Paddle's configuration has ``max_age=70, max_iou_distance=0.9``):

    ===============================  ==========================  ===========================
    difference                       'nwojke'                    'paddle'
    ===============================  ==========================  ===========================
    score and height filter          yes                         no
    overlap suppression              yes; sorts by score         no; detections keep order
    tracked box                      as detected                 one pixel wider and higher
    frame without detections         tracks age                  time stands still, no output
    ===============================  ==========================  ===========================

    Args:
        variant: 'nwojke' (the authors' program) or 'paddle' (PaddleDetection).
        min_confidence: detections with a lower score are dropped ('nwojke').
        nms_max_overlap: of overlapping detections, those that one with a higher score covers by
            more than this share are dropped ('nwojke'); 1 drops none.
        min_detection_height: detections less high, in pixels, are dropped ('nwojke'), but for a
            millionth of a pixel that corners may have lost.
        metric: of appearance: 'cosine', or 'euclidean' for squared Euclidean distances.
        max_cosine_distance: limit of the distance in appearance, whichever the metric.
        nn_budget: embeddings remembered of each track; None for all (memory grows).
        max_iou_distance: limit of 1 - IoU.
        max_age: a track unseen for more than this many frames, at 30 fps, is removed.
        n_init: a new track is confirmed when it was seen in this many frames in a row.
        **common: see ``BaseTracker``. ``compat_released`` changes nothing here.
    """

    space = XYAH

    def __init__(
        self,
        *,
        variant: Literal['nwojke', 'paddle'] = 'nwojke',
        min_confidence: float = 0.3,
        nms_max_overlap: float = 1.0,
        min_detection_height: float = 0,
        metric: Literal['cosine', 'euclidean'] = 'cosine',
        max_cosine_distance: float = 0.2,
        nn_budget: int | None = 100,
        max_iou_distance: float = 0.7,
        max_age: int = 30,
        n_init: int = 3,
        **common: Any,
    ) -> None:
        self.variant = variant
        self.min_confidence = min_confidence
        self.nms_max_overlap = nms_max_overlap
        self.min_detection_height = min_detection_height
        self.metric = metric
        self.max_cosine_distance = max_cosine_distance
        self.nn_budget = nn_budget
        self.max_iou_distance = max_iou_distance
        self.n_init = n_init
        check_choice(self, 'variant', 'nwojke', 'paddle')
        check_choice(self, 'metric', 'cosine', 'euclidean')
        check_number(self, 'min_confidence')
        for name in ('min_detection_height', 'max_cosine_distance'):
            check_number(self, name, minimum=0)
        for name in ('nms_max_overlap', 'max_iou_distance'):
            check_number(self, name, minimum=0, maximum=1)
        check_number(self, 'nn_budget', minimum=1, whole=True, optional=True)
        check_number(self, 'n_init', minimum=1, whole=True)
        super().__init__(max_age=max_age, **common)

    def reset(self) -> None:
        """Also forget all appearances."""
        super().reset()
        self.gallery = Gallery(metric=self.metric, budget=self.nn_budget)

    def step(self) -> None:
        """Section 2 of the paper."""
        if self.stands_still:
            return
        tracks = self.tracks
        ages = self.frame - tracks.last_frame
        tentative = tracks.rows(TrackState.TENTATIVE)
        confirmed = tracks.rows(TrackState.CONFIRMED, TrackState.LOST)
        by_appearance = self.match_by_appearance(confirmed, ages[confirmed])
        left = by_appearance.unmatched_tracks
        just_lost = ages[left] == 1
        by_overlap = self.match(
            np.concatenate([tentative, left[just_lost]]),
            by_appearance.unmatched_detections,
            self.iou_cost,
            max_cost=self.max_iou_distance,
            solver='scipy',  # as released: its order of what is left gives the ids
        )
        self.hit(by_appearance, by_overlap, n_init=self.n_init)
        self.miss(left[~just_lost], by_overlap.unmatched_tracks)
        self.spawn(by_overlap.unmatched_detections)
        self.prune()
        self.gallery.forget(tracks.ids[tracks.rows(TrackState.REMOVED)])

    def match_by_appearance(self, rows: IntArray, ages: IntArray) -> Matches:
        """Confirmed tracks to all detections, those seen last first."""
        columns = np.arange(len(self.detections))
        if self.detections.embeddings is None:
            return Matches.none(rows, columns)
        return match_by_age(
            lambda rows, columns: self.cost_matrix(rows, columns, self.appearance_cost),
            rows,
            columns,
            ages,
            max_cost=self.max_cosine_distance,
            max_age=self.max_unseen,
        )

    def appearance_cost(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """Distance to the nearest embedding of each track; ``inf`` where its motion says no."""
        assert self.kalman_filter is not None
        assert self.detections.embeddings is not None
        tracks, boxes = self.tracks, self.detections.boxes[columns]
        distances = self.kalman_filter.squared_mahalanobis(
            tracks.gaussians[rows], self.kalman_filter.space.encode(boxes)
        )
        return self.gallery.distances(
            tracks.ids[rows],
            self.detections.embeddings[columns],
            allowed=distances <= MAX_SQUARED_MAHALANOBIS,
        )

    def remember(self, rows: IntArray, columns: IntArray, *, new: bool) -> None:
        """What the tracks look like."""
        if self.detections.embeddings is not None:
            self.gallery.add(self.tracks.ids[rows], self.detections.embeddings[columns])

    def reported(self) -> BoolArray:
        """Confirmed tracks seen in this frame or in the one before."""
        if self.stands_still:
            return np.zeros(len(self.tracks), np.bool_)
        tracks = self.tracks
        fresh = self.frame - tracks.last_frame <= MAX_UNSEEN_REPORTED
        reported: BoolArray = fresh & ~tracks.are(TrackState.TENTATIVE)
        return reported

    @property
    def stands_still(self) -> bool:
        """Whether this frame is skipped: 'paddle' does not run frames without detections."""
        return self.variant == 'paddle' and not len(self.detections)

    def predict(self) -> None:
        """Also let no time pass in a skipped frame."""
        if self.stands_still:
            self.tracks.last_frame += 1
        else:
            super().predict()

    def prepare(self, detections: Detections) -> tuple[Detections, IntArray]:
        """The detections to track, as the variant wants them."""
        detections, source_rows = super().prepare(detections)
        if detections.embeddings is not None and len(detections):
            self.gallery.check_channels(detections.embeddings)
        boxes = detections.boxes
        if self.variant == 'paddle':
            return replace(detections, boxes=boxes + np.array([0, 0, 1, 1])), source_rows
        keep = detections.scores >= self.min_confidence
        heights = boxes[:, 3] - boxes[:, 1]
        keep &= heights >= self.min_detection_height - HEIGHT_ROUNDING
        detections, source_rows = detections[keep], source_rows[keep]
        rows = self.suppress(detections)
        return detections[rows], source_rows[rows]

    def suppress(self, detections: Detections) -> IntArray:
        """The rows to keep, the highest score first (of equal ones the last)."""
        left = np.argsort(detections.scores, kind='stable')[::-1]
        if self.nms_max_overlap == 1:
            return left
        covers = covered_shares(detections.boxes) > self.nms_max_overlap
        if self.class_aware:
            covers &= ~class_gate(detections.labels, detections.labels)
        kept = []
        while len(left):
            kept.append(left[0])
            left = left[1:][~covers[left[0], left[1:]]]
        return np.array(kept, np.int64)


def covered_shares(boxes: FloatArray) -> FloatArray:
    """(D, D) how much of box j box i covers, 0..1, counting a box from 0 to 10 as 11 wide."""
    left, top, right, bottom = boxes.T
    areas = (right - left + 1) * (bottom - top + 1)
    widths = np.minimum(right[:, None], right) - np.maximum(left[:, None], left) + 1
    heights = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top) + 1
    shares: FloatArray = np.maximum(widths, 0) * np.maximum(heights, 0) / areas
    return shares
