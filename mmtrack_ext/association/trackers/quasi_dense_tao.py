"""QDTrack for many classes and long-tailed scores (TAO). Pang et al., CVPR 2021, section 4."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmtrack_ext.association.arrays import BoolArray, FloatArray
from mmtrack_ext.association.assignment import Matches
from mmtrack_ext.association.costs import class_gate
from mmtrack_ext.association.detections import Detections, required_embeddings
from mmtrack_ext.association.parameters import check_number, check_type
from mmtrack_ext.association.similarity import METRICS, cosine
from mmtrack_ext.association.similarity_tracker import SimilarityTracker


class QuasiDenseTAOTracker(SimilarityTracker):
    """Every detection is tracked, however low its score; scores are averaged along a track.

    The rules are those of the released program (mmtracking 0.x), where the limits on similarities
    and overlaps mean *above*. What differs:

    * Ids start at 1, and only the last box of a track is kept, which is all that the rule needs.
    * The softmax subtracts the largest logit: there it overflows at logits above 88. There the
      denominators also have 1e-6 added; that acts where all logits are far below 0, where the
      cosine keeps the similarity below 0.5 in any case.

    Frames without detections are frames like any other: tracks age. There are no backdrops.
    Boxes take no part in matching, so a camera motion changes nothing; ``compat_released`` neither.

    Args:
        init_min_score: unmatched detections above this score open a track.
        match_min_score: detections with at least this score are matched to tracks.
        min_similarity: a match needs a similarity above this.
        max_score_difference: and a score that differs by less than this from the score that the
            track reported last (1, as published, forbids hardly anything).
        max_age: a track unseen for more than this many frames, at 30 fps, is removed. The
            released program counts one more: its 10 (TAO) is 9 here.
        momentum: share of the new vector in a track's embedding after a match.
        score_momentum: share of the new score in what a track reports; the rest is the score
            that it reported last.
        distractor_max_score: a detection below this score is dropped
        distractor_min_iou: if it overlaps one of higher score and its class by more than this.
        metric: 'bisoftmax', 'softmax' (over memory only) or 'cosine'.
        add_cosine: average the metric with the cosine.
        class_aware: keep classes apart in matching (there inside the softmax: other classes take
            no share) and among distractors. True unlike elsewhere, because the published method
            does so.
        **common: see ``BaseTracker``.
    """

    def __init__(
        self,
        *,
        init_min_score: float = 1e-4,
        match_min_score: float = 1e-4,
        min_similarity: float = 0.5,
        max_score_difference: float = 1.0,
        max_age: int = 29,
        momentum: float = 0.8,
        score_momentum: float = 0.5,
        distractor_max_score: float = 0.5,
        distractor_min_iou: float = 0.3,
        metric: str = 'bisoftmax',
        add_cosine: bool = True,
        class_aware: bool = True,
        **common: Any,
    ) -> None:
        self.init_min_score = init_min_score
        self.match_min_score = match_min_score
        self.max_score_difference = max_score_difference
        self.score_momentum = score_momentum
        self.distractor_max_score = distractor_max_score
        self.distractor_min_iou = distractor_min_iou
        self.add_cosine = add_cosine
        for name in ('init_min_score', 'match_min_score', 'distractor_max_score'):
            check_number(self, name)
        check_number(self, 'max_score_difference', above=0)
        for name in ('score_momentum', 'distractor_min_iou'):
            check_number(self, name, minimum=0, maximum=1)
        check_type(self, 'add_cosine', bool)
        super().__init__(
            min_similarity=min_similarity,
            momentum=momentum,
            metric=metric,
            max_age=max_age,
            class_aware=class_aware,
            **common,
        )

    def step(self) -> None:
        """Greedy by score; whatever is left opens a track."""
        scores = self.detections.scores
        near = np.abs(self.tracks.scores[:, None] - scores) < self.max_score_difference
        matches = self.match_greedily(
            self.similarity_to_tracks(), near & (scores >= self.match_min_score)
        )
        left = matches.unmatched_detections
        self.hit(matches)
        self.miss(matches.unmatched_tracks)
        self.spawn(left[scores[left] > self.init_min_score], confirmed=True)
        self.prune()

    def duplicates(self, detections: Detections) -> BoolArray:
        """Distractors: low scores on one of higher score and the same class."""
        low = (detections.scores < self.distractor_max_score).nonzero()[0]
        distractors = np.zeros(len(detections), np.bool_)
        distractors[low] = self.overlaps_better(
            detections, low, min_iou=self.distractor_min_iou, same_class=self.class_aware
        )
        return distractors

    def similarity_to_tracks(self) -> FloatArray:
        """(T, D): the metric, averaged with the cosine, 0 across classes."""
        tracks, detections = self.tracks, self.detections
        if not (len(tracks) and len(detections)):
            return np.zeros((len(tracks), len(detections)))
        same_class = None
        if self.class_aware:
            same_class = ~class_gate(tracks.labels, detections.labels)
        embeddings = required_embeddings(self, detections)
        similarity = METRICS[self.metric](tracks.embeddings, embeddings, same_class)
        if self.add_cosine:
            similarity += cosine(tracks.embeddings, embeddings, same_class)
            similarity /= 2
        return similarity

    def hit(self, *matches: Matches, n_init: int = 1) -> None:
        """Also average the scores."""
        before = self.tracks.scores.copy()
        super().hit(*matches, n_init=n_init)
        for match in matches:
            kept = (1 - self.score_momentum) * before[match.tracks]
            new = self.score_momentum * self.detections.scores[match.detections]
            self.tracks.scores[match.tracks] = kept + new
