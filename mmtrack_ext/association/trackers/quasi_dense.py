"""Quasi-Dense Similarity Learning for Multiple Object Tracking. Pang et al., CVPR 2021."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmtrack_ext.association.arrays import BoolArray, FloatArray, IntArray
from mmtrack_ext.association.assignment import Matches
from mmtrack_ext.association.costs import class_gate
from mmtrack_ext.association.detections import Detections, required_embeddings
from mmtrack_ext.association.parameters import check_number
from mmtrack_ext.association.similarity import METRICS
from mmtrack_ext.association.similarity_tracker import SimilarityTracker


class QuasiDenseTracker(SimilarityTracker):
    """Appearance alone: every detection is compared with tracks and with backdrops.

    A backdrop is a detection of the frame before that became no track. It cannot be matched; it
    absorbs false alarms that come back, which would otherwise take the id of some track.

    The rules are those of the released programs (mmtracking 0.x, mmdet 3.3), where every limit on
    scores, similarities and overlaps means *above*. Two things are told apart here:

    * Ids start at 1 (there at 0), and a frame without detections reports nothing.
    * In a frame without detections tracks age and backdrops go, as in any other frame. The
      released programs return early: nothing is deleted before the next detections were matched,
      to tracks unseen for any time and to the backdrops of the last frame that had detections.
      ``compat_released`` brings that back.

    Where no track lives, backdrops are not looked at: all they can do is to keep detections from
    tracks. Boxes take no part in matching, so a camera motion changes nothing.

    Args:
        init_min_score: detections above this score open a track (MOT17, DanceTrack: 0.9, BDD: 0.7).
        match_min_score: detections above this score are matched to tracks (BDD: 0.3). Those up to
            it never are: if they resemble a track they are discarded.
        min_similarity: a match needs a similarity above this.
        discard_min_similarity: a detection of low score is discarded, instead of becoming a
            backdrop, if its similarity to a track is above this and above ``min_similarity``.
        max_age: a track unseen for more than this many frames, at 30 fps, is removed. The
            released programs count one more: 30 of MOT17 and DanceTrack is 29 here, 10 of BDD is 9.
        backdrop_max_age: for how many frames (of any frame rate) backdrops are kept.
        momentum: share of the new vector in a track's embedding after a match.
        duplicate_min_iou: a detection that overlaps one of higher score by more is dropped,
            whatever the classes.
        backdrop_min_iou: the same for detections with a score below ``match_min_score``, and for
            those that would become backdrops.
        metric: 'bisoftmax', 'softmax' (over memory only) or 'cosine'.
        class_aware: never match across classes. True unlike elsewhere, because the published
            method does so. Other classes still take their share of the softmax.
        **common: see ``BaseTracker``.
    """

    def __init__(
        self,
        *,
        init_min_score: float = 0.8,
        match_min_score: float = 0.5,
        min_similarity: float = 0.5,
        discard_min_similarity: float = 0.5,
        max_age: int = 29,
        backdrop_max_age: int = 1,
        momentum: float = 0.8,
        duplicate_min_iou: float = 0.7,
        backdrop_min_iou: float = 0.3,
        metric: str = 'bisoftmax',
        class_aware: bool = True,
        **common: Any,
    ) -> None:
        self.init_min_score = init_min_score
        self.match_min_score = match_min_score
        self.discard_min_similarity = discard_min_similarity
        self.backdrop_max_age = backdrop_max_age
        self.duplicate_min_iou = duplicate_min_iou
        self.backdrop_min_iou = backdrop_min_iou
        for name in ('init_min_score', 'match_min_score'):
            check_number(self, name)
        for name in ('discard_min_similarity', 'duplicate_min_iou', 'backdrop_min_iou'):
            check_number(self, name, minimum=0, maximum=1)
        check_number(self, 'backdrop_max_age', minimum=0, whole=True)
        super().__init__(
            min_similarity=min_similarity,
            momentum=momentum,
            metric=metric,
            max_age=max_age,
            class_aware=class_aware,
            **common,
        )

    def reset(self) -> None:
        """As new; the backdrops go too."""
        super().reset()
        self.backdrops: list[Detections] = []  # of one frame each, the last frame first

    def step(self) -> None:
        """Section 3.3 of the paper, with the limits of its released program."""
        scores = self.detections.scores
        if self.compat_released and not len(scores):
            self.miss(np.arange(len(self.tracks)))
            return
        similarity = self.similarity_to_memory()
        is_track = np.arange(len(similarity)) < len(self.tracks)
        matches = self.match_greedily(
            similarity, is_track[:, None] & (scores > self.match_min_score)
        )
        left = matches.unmatched_detections
        left = left[~self.resembles_track(similarity, matches)[left]]
        opens_track = scores[left] > self.init_min_score
        self.hit(matches)
        self.miss(matches.unmatched_tracks)
        self.spawn(left[opens_track], confirmed=True)
        self.prune()
        self.keep_backdrops(left[~opens_track])

    def duplicates(self, detections: Detections) -> BoolArray:
        """Boxes on one of higher score, be that itself a duplicate or not (no classical NMS)."""
        low = detections.scores < self.match_min_score
        limits = np.where(low, self.backdrop_min_iou, self.duplicate_min_iou)
        return self.overlaps_better(detections, np.arange(len(detections)), min_iou=limits)

    def similarity_to_memory(self) -> FloatArray:
        """(M, D): tracks first, then backdrops; 0 across classes if the tracker is class_aware."""
        tracks, detections = self.tracks, self.detections
        if not (len(tracks) and len(detections)):
            return np.zeros((len(tracks), len(detections)))
        backdrops = [backdrop for backdrop in self.backdrops if len(backdrop)]
        memory = np.concatenate(
            [tracks.embeddings, *(required_embeddings(self, kept) for kept in backdrops)]
        )
        similarity = METRICS[self.metric](memory, required_embeddings(self, detections), None)
        if self.class_aware:  # after the softmax
            labels = np.concatenate([tracks.labels, *(kept.labels for kept in backdrops)])
            similarity[class_gate(labels, detections.labels)] = 0
        return similarity

    def resembles_track(self, similarity: FloatArray, matches: Matches) -> BoolArray:
        """(D,) detections of low score that look like a track which nobody took."""
        resembles = np.zeros(len(self.detections), np.bool_)
        low = (self.detections.scores <= self.match_min_score).nonzero()[0]
        if not (len(similarity) and len(low)):
            return resembles
        free = similarity[:, low]
        free[matches.tracks] = 0
        limit = max(self.min_similarity, self.discard_min_similarity)
        resembles[low] = (free.max(axis=0) > limit) & (free.argmax(axis=0) < len(self.tracks))
        return resembles

    def keep_backdrops(self, columns: IntArray) -> None:
        """Detections to compare with in the next frames: those on no detection of higher score."""
        on_better = self.overlaps_better(self.detections, columns, min_iou=self.backdrop_min_iou)
        kept = columns[~on_better]
        self.backdrops = [self.detections[kept], *self.backdrops][: self.backdrop_max_age]
