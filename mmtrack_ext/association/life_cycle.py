"""The life cycle of tracks, which all trackers share.

::

                 hit, fewer than n_init hits
                    +-----+
                    v     |   hit, n_init hits               miss
    spawn --------> TENTATIVE -----------------> CONFIRMED ---------> LOST
       |               |                          ^     ^              |  |
       |               | miss                     |     +----- hit ----+  | unseen for more
       |               v                          |                       v than max_age frames
       |            REMOVED                       |                    REMOVED
       +------------------------------------------+
                 spawn(confirmed=True)

The state is a column of the table ``tracks``; ``hit``, ``miss``, ``spawn`` and ``prune`` change it.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from mmtrack_ext.association.arrays import FloatArray, IntArray
from mmtrack_ext.association.assignment import Matches
from mmtrack_ext.association.box_spaces import BoxSpace
from mmtrack_ext.association.camera_motion import warp_boxes, warp_gaussians
from mmtrack_ext.association.detections import Detections
from mmtrack_ext.association.kalman_filter import KalmanFilter
from mmtrack_ext.association.tracks import Tracks, TrackState


class LifeCycle:
    """The tracks, their filter, and how matches change them."""

    space: ClassVar[BoxSpace | None] = None
    """The filter's state space; None for trackers without a filter."""

    predicts_tentative: ClassVar[bool] = True
    """Whether tentative tracks are predicted before they are matched."""

    freezes_lost_size: ClassVar[bool] = False
    """Whether the size of a lost track stays as it was when it was last seen."""

    kalman_filter: KalmanFilter | None
    max_unseen: int
    """A track unseen for more than this many frames is removed."""

    @property
    def keeps_first_label(self) -> bool:
        """Whether a track keeps the class of its first detection."""
        return False

    def reset(self) -> None:
        """Forget everything: as new, for the next sequence. Ids start at 1 again."""
        self.frame = -1
        self.tracks = Tracks(0 if self.space is None else self.space.num_states)
        self.detections = Detections.empty()
        self._next_id = 1

    def predict(self) -> None:
        """Move the tracks one frame ahead (nothing without a filter)."""
        tracks = self.tracks
        if self.kalman_filter is None or not len(tracks):
            return
        space = self.kalman_filter.space
        if self.predicts_tentative or not len(tracks.rows(TrackState.TENTATIVE)):
            tracks.gaussians = self.kalman_filter.predict(tracks.gaussians)
            tracks.boxes = space.decode(tracks.means)
            return
        rows = tracks.rows(TrackState.CONFIRMED, TrackState.LOST)
        gaussians = self.kalman_filter.predict(tracks.gaussians.take(rows, axis=0))
        tracks.gaussians[rows] = gaussians
        tracks.boxes[rows] = space.decode(gaussians[:, :, -1])

    def compensate(self, warp: FloatArray) -> None:
        """Move every track with the camera, by a 2x3 warp."""
        tracks = self.tracks
        if self.kalman_filter is None:
            tracks.boxes[:] = warp_boxes(tracks.boxes, warp)
            return
        space = self.kalman_filter.space
        tracks.gaussians = warp_gaussians(tracks.gaussians, warp, space)
        tracks.boxes = space.decode(tracks.means)

    def hit(self, *matches: Matches, n_init: int = 1) -> None:
        """Matched tracks: correct them; tentative ones are confirmed at ``n_init`` hits."""
        found = [match for match in matches if len(match.tracks)]
        if not found:
            return
        rows, columns = found[0].tracks, found[0].detections
        if len(found) > 1:
            rows = np.concatenate([match.tracks for match in found])
            columns = np.concatenate([match.detections for match in found])
        tracks, detections = self.tracks, self.detections
        boxes = detections.boxes.take(columns, axis=0)
        if self.kalman_filter is not None:
            space = self.kalman_filter.space
            before = tracks.gaussians.take(rows, axis=0)
            gaussians = self.kalman_filter.update(before, space.encode(boxes))
            tracks.gaussians[rows] = gaussians
            boxes = space.decode(gaussians[:, :, -1])
        tracks.boxes[rows] = boxes
        tracks.scores[rows] = detections.scores[columns]
        if not self.keeps_first_label:
            tracks.labels[rows] = detections.labels[columns]
        tracks.detection_index[rows] = columns
        tracks.last_frame[rows] = self.frame
        tracks.hits[rows] += 1
        pending = rows[tracks.are(TrackState.TENTATIVE, TrackState.LOST)[rows]]
        if len(pending):
            seen_enough = tracks.are(TrackState.LOST)[pending] | (tracks.hits[pending] >= n_init)
            tracks.states[pending[seen_enough]] = TrackState.CONFIRMED
        self.remember(rows, columns, new=False)

    def miss(self, *rows: IntArray, keep_tentative: bool = False) -> None:
        """Unmatched tracks: confirmed ones are lost, tentative ones removed unless kept."""
        tracks = self.tracks
        for missed in rows:
            if not len(missed):
                continue
            tracks.streak_start[missed] = self.frame
            tentative = tracks.are(TrackState.TENTATIVE)[missed]
            lost = missed[~tentative]
            tracks.states[lost] = TrackState.LOST
            if self.freezes_lost_size and self.space is not None:
                tracks.means[lost, self.space.size_velocities] = 0
            if not keep_tentative:
                tracks.states[missed[tentative]] = TrackState.REMOVED

    def spawn(self, columns: IntArray, *, confirmed: bool = False) -> None:
        """New tracks from detections; ids in the order given."""
        if not len(columns):
            return
        boxes = self.detections.boxes[columns]
        values: dict[str, Any] = {}
        if self.kalman_filter is not None:
            measurements = self.kalman_filter.space.encode(boxes)
            values['gaussians'] = self.kalman_filter.initiate(measurements)
        self.tracks.append(
            len(columns),
            ids=np.arange(self._next_id, self._next_id + len(columns)),
            states=TrackState.CONFIRMED if confirmed else TrackState.TENTATIVE,
            boxes=boxes,
            scores=self.detections.scores[columns],
            labels=self.detections.labels[columns],
            detection_index=columns,
            hits=1,
            streak_start=self.frame,
            first_frame=self.frame,
            last_frame=self.frame,
            **values,
        )
        self._next_id += len(columns)
        count = len(self.tracks)
        self.remember(np.arange(count - len(columns), count), columns, new=True)

    def remember(self, rows: IntArray, columns: IntArray, *, new: bool) -> None:
        """What else a tracker keeps of the detections of tracks just matched, or just started.

        Args:
            rows: (N,) of the tracks, N > 0.
            columns: (N,) their detections.
            new: whether the tracks were just started.
        """

    def prune(self, *, one_frame_late: bool = False) -> None:
        """Remove tracks unseen for more than ``max_age`` frames.

        Args:
            one_frame_late: as the released programs of the ByteTrack family do. There an expired
                track stays for one more frame; if it is found again in that frame it lives on,
                but is removed at its next miss.
        """
        tracks = self.tracks
        if not one_frame_late:
            expired = tracks.last_frame < self.frame - self.max_unseen
            tracks.states[expired.nonzero()[0]] = TrackState.REMOVED
            return
        unseen = self.frame - tracks.last_frame
        lost = tracks.are(TrackState.LOST)
        tracks.states[lost & tracks.expired] = TrackState.REMOVED
        # There a track is looked at from the frame after its first miss on, so unseen >= 2.
        tracks.expired |= lost & (unseen > max(self.max_unseen, 1))
