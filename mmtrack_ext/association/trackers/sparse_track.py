"""SparseTrack: Multi-Object Tracking by Performing Scene Decomposition based on Pseudo-Depth.

Liu et al., 2023, arXiv 2306.05238.
"""

from __future__ import annotations

from typing import Any

from mmtrack_ext.association.depth_cascade_tracker import DepthCascadeTracker
from mmtrack_ext.association.parameters import check_number
from mmtrack_ext.association.tracks import TrackState


class SparseTracker(DepthCascadeTracker):
    """ByteTrack in which each stage matches near things before far ones.

    A crowd is cut into layers of pseudo-depth, the height of a box's feet in the image, so that
    people who hide each other are mostly not matched at the same time.

    Defaults are those of the reference outputs; those of the official runs stand in
    ``configs/sparsetrack``. With ``compat_released`` an expired track stays one frame too long
    (see ``BaseTracker.prune``) and a track keeps the class of its first detection.

    Args:
        high_min_score: detections above this score are "high".
        low_min_score: detections between this score and ``high_min_score`` are "low".
        init_min_score: a new track needs a detection with at least this score.
        high_max_cost: limit of 1 - IoU * score, high detections to confirmed and lost tracks.
        low_max_cost: limit of 1 - IoU, low detections to tracks seen in the last frame.
        tentative_max_cost: limit of 1 - IoU * score, remaining high detections to new tracks.
        max_age: a track unseen for more than this many frames, at 30 fps, is removed.
        high_depth_levels: layers of pseudo-depth among high detections; 1: no cascade.
        low_depth_levels: layers of pseudo-depth among low detections; 1: no cascade.
        fuse_score: multiply the IoU by the score; False as for MOT20: 1 - IoU throughout.
        **common: see ``TwoStageTracker`` (appearance) and ``BaseTracker``.
    """

    def __init__(
        self,
        *,
        high_min_score: float = 0.45,
        low_min_score: float = 0.1,
        init_min_score: float = 0.45,
        high_max_cost: float = 0.8,
        low_max_cost: float = 0.4,
        tentative_max_cost: float = 0.7,
        max_age: int = 30,
        high_depth_levels: int = 1,
        low_depth_levels: int = 3,
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
            high_depth_levels=high_depth_levels,
            low_depth_levels=low_depth_levels,
            fuse_score=fuse_score,
            **common,
        )

    def step(self) -> None:
        """Section 3.3 of the paper."""
        high, low = self.split_by_score()
        pool = self.tracks.rows(TrackState.CONFIRMED, TrackState.LOST)
        tentative = self.tracks.rows(TrackState.TENTATIVE)

        first = self.match_by_depth(
            pool, high, self.high_cost, self.high_max_cost, self.high_depth_levels
        )
        second = self.match_by_depth(
            self.seen_last_frame(first.unmatched_tracks),
            low,
            self.iou_cost,
            self.low_max_cost,
            self.low_depth_levels,
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
