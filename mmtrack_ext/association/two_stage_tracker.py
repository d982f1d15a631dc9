"""What ByteTrack and its descendants share: high scores first, then low ones; appearance."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmtrack_ext.association import costs
from mmtrack_ext.association.appearance_tracker import AppearanceTracker
from mmtrack_ext.association.arrays import Float32Array, FloatArray, IntArray
from mmtrack_ext.association.costs import unit_vectors
from mmtrack_ext.association.gallery import moving_average
from mmtrack_ext.association.parameters import check_number, check_type
from mmtrack_ext.association.tracks import TrackState


class TwoStageTracker(AppearanceTracker):
    """Thresholds and costs of the ByteTrack family.

    Appearance is no part of these methods: it is off unless ``max_appearance_cost`` is given.
    Then the cost of detections with a high score is the lower one of motion and appearance, by
    BoT-SORT's rule, and a track remembers the moving average of its embeddings.

    Args:
        high_min_score: detections above this score are "high".
        low_min_score: detections between this score and ``high_min_score`` are "low".
        high_max_cost: limit of 1 - IoU * score, high detections to confirmed and lost tracks.
        low_max_cost: limit of 1 - IoU, low detections to tracks seen in the last frame.
        tentative_max_cost: limit of 1 - IoU * score, remaining detections to new tracks.
        max_age: a track unseen for more than this many frames, at 30 fps, is removed.
        fuse_score: multiply the IoU by the score; False as for MOT20: 1 - IoU throughout.
        max_appearance_cost: limit of half the cosine distance for matching by appearance (BoT-SORT:
            0.25); None: detections need no embeddings.
        appearance_max_overlap_cost: limit of 1 - IoU for matching by appearance.
        embedding_momentum: share of the old in a track's new embedding.
        **common: see ``BaseTracker``.
    """

    predicts_tentative = False  # as released: a new track is matched where it was seen
    freezes_lost_size = True
    n_init = 2  # confirmed when found again in the frame after its first
    released_keeps_first_label = False  # whether the released program never updates the class

    def __init__(
        self,
        *,
        high_min_score: float,
        low_min_score: float,
        high_max_cost: float,
        low_max_cost: float,
        tentative_max_cost: float,
        max_age: int,
        fuse_score: bool,
        max_appearance_cost: float | None = None,
        appearance_max_overlap_cost: float = 0.5,
        embedding_momentum: float = 0.9,
        **common: Any,
    ) -> None:
        self.high_min_score = high_min_score
        self.low_min_score = low_min_score
        self.high_max_cost = high_max_cost
        self.low_max_cost = low_max_cost
        self.tentative_max_cost = tentative_max_cost
        self.fuse_score = fuse_score
        self.max_appearance_cost = max_appearance_cost
        self.appearance_max_overlap_cost = appearance_max_overlap_cost
        self.embedding_momentum = embedding_momentum
        check_number(self, 'high_min_score')
        check_number(self, 'low_min_score', maximum=high_min_score)
        names = ('high_max_cost', 'low_max_cost', 'tentative_max_cost', 'embedding_momentum')
        for name in (*names, 'appearance_max_overlap_cost'):
            check_number(self, name, minimum=0, maximum=1)
        check_number(self, 'max_appearance_cost', minimum=0, maximum=1, optional=True)
        check_type(self, 'fuse_score', bool)
        super().__init__(max_age=max_age, **common)

    def split_by_score(self) -> tuple[IntArray, IntArray]:
        """Rows of the high and of the low detections; a score equal to a limit is neither."""
        scores = self.detections.scores
        high = (scores > self.high_min_score).nonzero()[0]
        low = ((scores > self.low_min_score) & (scores < self.high_min_score)).nonzero()[0]
        return high, low

    def seen_last_frame(self, rows: IntArray) -> IntArray:
        """Those of the tracks that are not lost."""
        seen: IntArray = rows[self.tracks.are(TrackState.CONFIRMED)[rows]]
        return seen

    def high_cost(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """The cost of all stages but the one of low scores: motion, and appearance if it is on."""
        overlap, scores = self.iou(rows, columns), self.detections.scores[columns]
        motion_cost = costs.overlap_cost(overlap, scores if self.fuse_score else None)
        if self.max_appearance_cost is None:
            return motion_cost
        appearance = costs.gated_appearance_cost(
            costs.cosine_cost(self.tracks.embeddings[rows], self.embeddings(columns)),
            costs.overlap_cost(overlap),
            max_appearance_cost=self.max_appearance_cost,
            max_overlap_cost=self.appearance_max_overlap_cost,
        )
        # Without this, NanoTrack's promoted low boxes would be matched whatever their score.
        appearance[:, scores < self.high_min_score] = 1
        return np.minimum(motion_cost, appearance)

    @property
    def remembers_appearance(self) -> bool:
        """Only if matching uses it."""
        return self.max_appearance_cost is not None

    def embeddings(self, columns: IntArray) -> Float32Array:
        """At length 1."""
        return unit_vectors(super().embeddings(columns))

    def blend(self, old: Float32Array, new: Float32Array) -> Float32Array:
        """Moving average, at length 1."""
        return moving_average(old, new, self.embedding_momentum)

    @property
    def keeps_first_label(self) -> bool:
        """As released, some trackers never update the class."""
        return self.compat_released and self.released_keeps_first_label
