"""ByteTrack: Multi-Object Tracking by Associating Every Detection Box. Zhang et al., ECCV 2022."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmtrack_ext.association.box_spaces import XYAH
from mmtrack_ext.association.parameters import check_number
from mmtrack_ext.association.tracks import TrackState
from mmtrack_ext.association.two_stage_tracker import TwoStageTracker


class ByteTracker(TwoStageTracker):
    """High-score detections first, then the low-score ones for the tracks that are left.

    Defaults are those of the paper's MOT17 runs. As in the released program, which made the
    published numbers, a detection whose score equals ``high_min_score`` is neither high nor low.
    With ``compat_released`` an expired track stays one frame too long (see ``BaseTracker.prune``).

    Args:
        high_min_score: detections above this score are "high".
        low_min_score: detections between this score and ``high_min_score`` are "low".
        init_min_score: a new track needs a detection with at least this score.
        high_max_cost: limit of 1 - IoU * score, high detections to confirmed and lost tracks.
        low_max_cost: limit of 1 - IoU, low detections to tracks seen in the last frame.
        tentative_max_cost: limit of 1 - IoU * score, remaining high detections to new tracks.
        max_age: a track unseen for more than this many frames, at 30 fps, is removed.
        fuse_score: multiply the IoU by the score; False as for MOT20: 1 - IoU throughout.
        **common: see ``TwoStageTracker`` (appearance) and ``BaseTracker``.
    """

    space = XYAH
    duplicate_min_iou = 0.85  # remove_duplicate_stracks: distance below 0.15

    def __init__(
        self,
        *,
        high_min_score: float = 0.6,
        low_min_score: float = 0.1,
        init_min_score: float = 0.7,
        high_max_cost: float = 0.9,
        low_max_cost: float = 0.5,
        tentative_max_cost: float = 0.7,
        max_age: int = 30,
        fuse_score: bool = True,
        **common: Any,
    ) -> None:
        self.init_min_score = init_min_score
        check_number(self, 'init_min_score')
        super().__init__(
            high_min_score=high_min_score,
            low_min_score=low_min_score,
            high_max_cost=high_max_cost,
            low_max_cost=low_max_cost,
            tentative_max_cost=tentative_max_cost,
            max_age=max_age,
            fuse_score=fuse_score,
            **common,
        )

    def step(self) -> None:
        """Algorithm 1 of the paper, with the tentative tracks of its released program."""
        high, low = self.split_by_score()
        pool = self.tracks.rows(TrackState.CONFIRMED, TrackState.LOST)
        tentative = self.tracks.rows(TrackState.TENTATIVE)

        first = self.match(pool, high, self.high_cost, max_cost=self.high_max_cost)
        second = self.match(
            self.seen_last_frame(first.unmatched_tracks),
            low,
            self.iou_cost,
            max_cost=self.low_max_cost,
        )
        third = self.match(
            tentative, first.unmatched_detections, self.high_cost, max_cost=self.tentative_max_cost
        )
        self.hit(first, second, third, n_init=self.n_init)
        self.miss(second.unmatched_tracks, third.unmatched_tracks)
        new = third.unmatched_detections
        strong = self.detections.scores[new] >= self.init_min_score
        self.spawn(new[strong], confirmed=self.frame == 0)
        self.prune(one_frame_late=self.compat_released)
        self.remove_duplicates()

    def remove_duplicates(self) -> None:
        """Where a live and a lost track overlap almost wholly, the one with the shorter life goes.

        Of two equally long lives the lost track stays, as released.
        """
        tracks = self.tracks
        lost = tracks.rows(TrackState.LOST)
        if not len(lost):
            return
        live = tracks.rows(TrackState.TENTATIVE, TrackState.CONFIRMED)
        rows, columns = self.overlapping_pairs(
            tracks.boxes_of(live), tracks.boxes_of(lost), self.duplicate_min_iou
        )
        if not len(rows):
            return
        live, lost = live[rows], lost[columns]
        lifetimes = tracks.last_frame - tracks.first_frame
        live_is_longer = lifetimes[live] > lifetimes[lost]
        tracks.states[np.where(live_is_longer, lost, live)] = TrackState.REMOVED
