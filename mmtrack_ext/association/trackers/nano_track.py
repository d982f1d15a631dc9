"""NanoTrack: tracking the many low-score boxes of light detectors (github.com/VjiaLi/NanoTrack)."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from mmtrack_ext.association.arrays import BoolArray, FloatArray, IntArray
from mmtrack_ext.association.boxes import LabelledBoxes
from mmtrack_ext.association.camera_motion import warp_boxes
from mmtrack_ext.association.depth_cascade_tracker import DepthCascadeTracker
from mmtrack_ext.association.parameters import check_number, check_type
from mmtrack_ext.association.tracks import TrackState


class BoxMemory(NamedTuple):
    """Boxes of the last frame: (N, 4) xyxy and their (N,) classes."""

    boxes: FloatArray
    labels: IntArray

    def warped(self, camera_motion: FloatArray) -> BoxMemory:
        """Where they are after the camera has moved."""
        return BoxMemory(warp_boxes(self.boxes, camera_motion), self.labels)


class NanoTracker(DepthCascadeTracker):
    """SparseTrack for weak detectors: four additions, each of which can be switched off.

    * Refind High Detection (``refind_high_detections``): a low box where a high one was in the
      last frame counts as high;
    * low-score initialisation (``low_score_starts``): a low box that did not move since the last
      frame may start a track;
    * Duplicate Track Checking (``without_duplicates``): what overlaps a track starts none;
    * the improved depth cascade (``match_by_depth``): depth is cut inside each group of boxes that
      overlap, so that only people who hide each other wait for each other.

    With ``compat_released``: a score equal to ``high_min_score`` is dropped, an overlap equal to
    ``refind_min_iou`` counts, a track keeps the class of its first detection, an expired track
    stays one frame too long (see ``BaseTracker.prune``), and in a frame without confirmed or lost
    tracks the low boxes that may start a track are remembered as high ones.

    Args:
        high_min_score: detections from this score on are "high"; each may start a track.
        low_min_score: detections above this score and below ``high_min_score`` are "low".
        high_max_cost: limit of 1 - IoU * score, high detections to confirmed and lost tracks.
        low_max_cost: limit of 1 - IoU, low detections to tracks seen in the last frame.
        tentative_max_cost: limit of 1 - IoU * score, remaining detections to new tracks.
        max_age: a track unseen for more than this many frames, at 30 fps, is removed.
        high_depth_levels: layers of pseudo-depth among high detections; 1: no cascade.
        low_depth_levels: layers of pseudo-depth among low detections; 1: no cascade.
        depth_in_groups: cut depth inside groups of overlapping boxes; False: over the whole
            image, as SparseTrack does.
        refind_min_iou: a low box counts as high above this IoU with a high box of the last frame;
            None: never.
        low_init_min_iou: a low box may start a track above this IoU with a low box of the last
            frame; None: never.
        duplicate_min_iou: no track is started above this IoU with a track; None: no check.
        fuse_score: multiply the IoU by the score; False: 1 - IoU throughout.
        **common: see ``TwoStageTracker`` (appearance) and ``BaseTracker``.
    """

    def __init__(
        self,
        *,
        high_min_score: float = 0.45,
        low_min_score: float = 0.1,
        high_max_cost: float = 0.8,
        low_max_cost: float = 0.4,
        tentative_max_cost: float = 0.7,
        max_age: int = 30,
        high_depth_levels: int = 1,
        low_depth_levels: int = 3,
        depth_in_groups: bool = True,
        refind_min_iou: float | None = 0.8,
        low_init_min_iou: float | None = 0.99,
        duplicate_min_iou: float | None = 0.3,
        fuse_score: bool = True,
        **common: Any,
    ) -> None:
        self.depth_in_groups = depth_in_groups
        self.refind_min_iou = refind_min_iou
        self.low_init_min_iou = low_init_min_iou
        self.duplicate_min_iou = duplicate_min_iou
        check_type(self, 'depth_in_groups', bool)
        for name in ('refind_min_iou', 'low_init_min_iou', 'duplicate_min_iou'):
            check_number(self, name, minimum=0, maximum=1, optional=True)
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

    def reset(self) -> None:
        """Also forget the boxes of the last frame."""
        super().reset()
        self.last_high = self.last_low = self._memory(np.empty(0, np.int64))

    def step(self) -> None:
        """One frame."""
        high, low = self.split_by_score()
        high, low = self.refind_high_detections(high, low)
        startable = self.low_score_starts(low)
        self.last_high, self.last_low = self._memory(high), self._memory(low)
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
        left_low = second.unmatched_detections
        candidates = np.concatenate([first.unmatched_detections, left_low[startable[left_low]]])
        third = self.match(tentative, candidates, self.high_cost, max_cost=self.tentative_max_cost)
        self.hit(first, second, third, n_init=self.n_init)
        self.miss(second.unmatched_tracks, third.unmatched_tracks)
        self.spawn(self.without_duplicates(third.unmatched_detections), confirmed=self.frame == 0)
        self.prune(one_frame_late=self.compat_released)
        if self.compat_released and not len(pool):
            self.last_high = self._memory(candidates)

    def split_by_score(self) -> tuple[IntArray, IntArray]:
        """Rows of the high and of the low detections; the released program drops an equal score."""
        high, low = super().split_by_score()
        if not self.compat_released:
            high = (self.detections.scores >= self.high_min_score).nonzero()[0]
        return high, low

    def refind_high_detections(self, high: IntArray, low: IntArray) -> tuple[IntArray, IntArray]:
        """RHD: low boxes where the last frame had a high one join the high ones."""
        if self.refind_min_iou is None:
            return high, low
        # The released program asks for 1 - IoU < 0.2, which an IoU of exactly 0.8 meets.
        limit = self.refind_min_iou
        if self.compat_released:
            limit = math.nextafter(limit, 0)
        refound = self._overlaps(low, self.last_high, limit)
        return np.concatenate([high, low[refound]]), low[~refound]

    def low_score_starts(self, low: IntArray) -> BoolArray:
        """(D,) low boxes that lie where the last frame had a low one: they may start a track."""
        startable = np.zeros(len(self.detections), np.bool_)
        if self.low_init_min_iou is not None:
            startable[low] = self._overlaps(low, self.last_low, self.low_init_min_iou)
        return startable

    def without_duplicates(self, columns: IntArray) -> IntArray:
        """DTC: boxes that overlap no track, those that this frame removed included."""
        if self.duplicate_min_iou is None:
            return columns
        existing = self.tracks.boxes, self.tracks.labels
        return columns[~self._overlaps(columns, existing, self.duplicate_min_iou)]

    def compensate(self, camera_motion: FloatArray) -> None:
        """The boxes of the last frame move with the tracks."""
        super().compensate(camera_motion)
        self.last_high = self.last_high.warped(camera_motion)
        self.last_low = self.last_low.warped(camera_motion)

    def _memory(self, columns: IntArray) -> BoxMemory:
        detections = self.detections
        return BoxMemory(detections.boxes.take(columns, axis=0), detections.labels[columns])

    def _overlaps(self, columns: IntArray, others: LabelledBoxes, min_iou: float) -> BoolArray:
        """(N,) which detections have an IoU above ``min_iou`` with one of the other boxes."""
        overlaps = np.zeros(len(columns), np.bool_)
        if len(columns) and len(others[0]):
            overlaps[self.overlapping_pairs(self._memory(columns), others, min_iou)[0]] = True
        return overlaps
