"""The life cycle that all trackers share.

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
A tracker is its thresholds (``__init__``) and its paper's pseudocode (``step``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np

from mmtrack_ext.association import costs
from mmtrack_ext.association.arrays import BoolArray, FloatArray, IntArray
from mmtrack_ext.association.assignment import Matches, linear_assignment
from mmtrack_ext.association.box_spaces import BoxSpace
from mmtrack_ext.association.boxes import area, is_wider_than
from mmtrack_ext.association.camera_motion import check_camera_motion, warp_boxes, warp_states
from mmtrack_ext.association.detections import Detections, TrackedBoxes
from mmtrack_ext.association.kalman_filter import KalmanFilter
from mmtrack_ext.association.parameters import check_number, check_size, check_type
from mmtrack_ext.association.tracks import Tracks, TrackState

# Pixels. The noise of a filter is a share of the box's size; below, its square rounds to nothing.
SMALLEST_SIDE = 1e-6
CostFunction = Callable[[IntArray, IntArray], FloatArray]


class BaseTracker(ABC):
    """From the detections of one frame after the other to tracks.

    Args:
        max_age: a track unseen for more than this many frames is removed. In frames at 30 fps.
        min_score: detections below are not looked at.
        min_area: nor those whose area, in square pixels, is not above this.
        max_aspect_ratio: nor those whose width / height is above this.
        clip_to: ``(width, height)`` of the image to clip the detections to, in pixels.
        truncate_boxes: cut the corners of detections to whole pixels, toward zero. Boxes thinner
            than a pixel may lose their area, and are then not looked at.
        output_min_area: report only boxes with an area above this.
        output_max_aspect_ratio: report only boxes with width / height up to this.
        class_aware: never match a track to a detection of another class.
        frame_rate: of the video, per second; ``max_age`` scales with it, rounded down.
        compat_released: reproduce the quirks of the released program, never its thresholds.
        plus_one_iou: IoU that counts a box from 0 to 10 as 11 wide.

    Raises:
        ValueError: an argument is outside its range; names argument, tracker, range and value.
    """

    space: ClassVar[BoxSpace | None] = None
    """The filter's state space; None for trackers without a filter."""

    predicts_tentative: ClassVar[bool] = True
    """Whether tentative tracks are predicted before they are matched."""

    freezes_lost_size: ClassVar[bool] = False
    """Whether the size of a lost track stays as it was when it was last seen."""

    def __init__(
        self,
        *,
        max_age: int,
        min_score: float = 0,
        min_area: float = 0,
        max_aspect_ratio: float | None = None,
        clip_to: tuple[float, float] | None = None,
        truncate_boxes: bool = False,
        output_min_area: float = 0,
        output_max_aspect_ratio: float | None = None,
        class_aware: bool = False,
        frame_rate: float = 30,
        compat_released: bool = False,
        plus_one_iou: bool = False,
    ) -> None:
        self.max_age = max_age
        self.min_score = min_score
        self.min_area = min_area
        self.max_aspect_ratio = max_aspect_ratio
        self.clip_to = clip_to
        self.truncate_boxes = truncate_boxes
        self.output_min_area = output_min_area
        self.output_max_aspect_ratio = output_max_aspect_ratio
        self.class_aware = class_aware
        self.frame_rate = frame_rate
        self.compat_released = compat_released
        self.plus_one_iou = plus_one_iou
        self._check_arguments()
        self.max_unseen = int(frame_rate * max_age / 30)
        self.kalman_filter = None if self.space is None else KalmanFilter(self.space)
        self.reset()

    def reset(self) -> None:
        """Forget everything: as new, for the next sequence. Ids start at 1 again."""
        self.frame = -1
        self.tracks = Tracks(0 if self.space is None else self.space.num_states)
        self.detections = Detections.empty()
        self._next_id = 1

    def update(self, detections: Detections, *, camera_motion: Any = None) -> TrackedBoxes:
        """One frame, also one without detections.

        Args:
            detections: of this frame; stays as it is.
            camera_motion: (2, 3) warp from the previous to this frame in pixels, applied to every
                track after its prediction.

        Returns:
            The tracks that this frame reports, ascending by id.

        Raises:
            TypeError: the detections are no ``Detections``.
            ValueError: the camera motion is no finite 2x3 warp.
        """
        if not isinstance(detections, Detections):
            raise TypeError(
                f'{type(self).__name__}.update takes Detections(boxes, scores). '
                f'Got {type(detections).__name__}.'
            )
        if camera_motion is not None:
            camera_motion = check_camera_motion(camera_motion)
        prepared, source_rows = self.prepare(detections)  # may refuse them: nothing has changed yet
        self.frame += 1
        self.detections = prepared
        self.tracks.detection_index[:] = -1
        self.predict()
        if camera_motion is not None:
            self.compensate(camera_motion)
        self.step()
        self.tracks.drop_removed()
        return self._report(source_rows)

    def predict(self) -> None:
        """Move the tracks one frame ahead (nothing without a filter)."""
        tracks = self.tracks
        if self.kalman_filter is None or not len(tracks):
            return
        if self.freezes_lost_size:
            lost = tracks.states == TrackState.LOST
            tracks.means[lost, self.kalman_filter.space.size_velocities] = 0
        tentative = tracks.states == TrackState.TENTATIVE
        rows: Any = slice(None)
        if not self.predicts_tentative and tentative.any():
            rows = ~tentative
        tracks.means[rows], tracks.covariances[rows] = self.kalman_filter.predict(
            tracks.means[rows], tracks.covariances[rows]
        )
        tracks.boxes[rows] = self.kalman_filter.space.decode(tracks.means[rows])

    @abstractmethod
    def step(self) -> None:
        """The paper: match ``self.detections`` to ``self.tracks``, then hit, miss, spawn, prune."""

    def reported(self) -> BoolArray:
        """(T,) which tracks this frame reports: here the confirmed ones."""
        confirmed: BoolArray = self.tracks.states == TrackState.CONFIRMED
        return confirmed

    # Matching: rows of self.tracks and rows of self.detections in, the same in Matches out.

    def iou_cost(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """1 - IoU of tracks and detections."""
        return costs.iou_cost(
            self.tracks.boxes[rows], self.detections.boxes[columns], plus_one=self.plus_one_iou
        )

    def fused_iou_cost(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """1 - IoU * score of the detection."""
        return costs.fused_iou_cost(
            self.tracks.boxes[rows],
            self.detections.boxes[columns],
            self.detections.scores[columns],
            plus_one=self.plus_one_iou,
        )

    def match(
        self,
        rows: IntArray,
        columns: IntArray,
        cost: CostFunction,
        *,
        max_cost: float,
        reject: Literal['before', 'after'] = 'before',
        solver: Literal['lap', 'scipy'] = 'lap',
    ) -> Matches:
        """Assign detections ``columns`` to tracks ``rows`` at a cost of at most ``max_cost``."""
        if not (len(rows) and len(columns)):
            return Matches.none(rows, columns)
        matrix = self.cost_matrix(rows, columns, cost)
        matches = linear_assignment(matrix, max_cost, reject=reject, solver=solver)
        return matches.of(rows, columns)

    def cost_matrix(self, rows: IntArray, columns: IntArray, cost: CostFunction) -> FloatArray:
        """The cost, with other classes forbidden if the tracker is ``class_aware``."""
        matrix = cost(rows, columns)
        if not self.class_aware:
            return matrix
        gate = costs.class_gate(self.tracks.labels[rows], self.detections.labels[columns])
        return costs.forbid(matrix, gate)

    # The life cycle.

    def hit(self, *matches: Matches, n_init: int = 1) -> None:
        """Matched tracks: correct them; tentative ones are confirmed at ``n_init`` hits."""
        rows = np.concatenate([match.tracks for match in matches])
        columns = np.concatenate([match.detections for match in matches])
        if not len(rows):
            return
        tracks, detections = self.tracks, self.detections
        boxes = detections.boxes[columns]
        if self.kalman_filter is not None:
            tracks.means[rows], tracks.covariances[rows] = self.kalman_filter.update(
                tracks.means[rows], tracks.covariances[rows], self.kalman_filter.space.encode(boxes)
            )
            boxes = self.kalman_filter.space.decode(tracks.means[rows])
        tracks.boxes[rows] = boxes
        tracks.scores[rows] = detections.scores[columns]
        tracks.labels[rows] = detections.labels[columns]
        tracks.detection_index[rows] = columns
        tracks.last_frame[rows] = self.frame
        tracks.hits[rows] += 1
        states = tracks.states[rows]
        if (states != TrackState.CONFIRMED).any():
            seen_enough = (states == TrackState.LOST) | (tracks.hits[rows] >= n_init)
            tracks.states[rows[seen_enough]] = TrackState.CONFIRMED

    def miss(self, *rows: IntArray, keep_tentative: bool = False) -> None:
        """Unmatched tracks: confirmed ones are lost, tentative ones removed unless kept."""
        for missed in rows:
            if not len(missed):
                continue
            self.tracks.streak_start[missed] = self.frame
            states = self.tracks.states[missed]
            tentative = states == TrackState.TENTATIVE
            self.tracks.states[missed[~tentative]] = TrackState.LOST
            if not keep_tentative:
                self.tracks.states[missed[tentative]] = TrackState.REMOVED

    def spawn(self, columns: IntArray, *, confirmed: bool = False) -> None:
        """New tracks from detections; ids in the order given."""
        if not len(columns):
            return
        boxes = self.detections.boxes[columns]
        values: dict[str, Any] = {}
        if self.kalman_filter is not None:
            measurements = self.kalman_filter.space.encode(boxes)
            values['means'], values['covariances'] = self.kalman_filter.initiate(measurements)
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

    def prune(self, *, one_frame_late: bool = False) -> None:
        """Remove tracks unseen for more than ``max_age`` frames.

        Args:
            one_frame_late: as the released programs of the ByteTrack family do. There an expired
                track stays for one more frame; if it is found again in that frame it lives on,
                but is removed at its next miss.
        """
        tracks = self.tracks
        unseen = self.frame - tracks.last_frame
        if not one_frame_late:
            tracks.states[unseen > self.max_unseen] = TrackState.REMOVED
            return
        lost = tracks.states == TrackState.LOST
        tracks.states[lost & tracks.expired] = TrackState.REMOVED
        # There a track is looked at from the frame after its first miss on, so unseen >= 2.
        tracks.expired |= lost & (unseen > max(self.max_unseen, 1))

    # What happens to every frame before and after the paper's part.

    def prepare(self, detections: Detections) -> tuple[Detections, IntArray]:
        """The detections to track, and the row each had in the input."""
        boxes = detections.boxes
        if self.truncate_boxes:
            boxes = np.trunc(boxes)
        if self.clip_to is not None:
            boxes = np.clip(boxes, 0, np.tile(self.clip_to, 2))
        keep = (area(boxes) > self.min_area) & (detections.scores >= self.min_score)
        keep &= (boxes[:, 2:] - boxes[:, :2] > SMALLEST_SIDE).all(axis=1)
        if self.max_aspect_ratio is not None:
            keep &= ~is_wider_than(boxes, self.max_aspect_ratio)
        rows = keep.nonzero()[0]
        if boxes is not detections.boxes:
            detections = replace(detections, boxes=boxes)
        return detections if len(rows) == len(detections) else detections[rows], rows

    def compensate(self, warp: FloatArray) -> None:
        """Move every track with the camera, by a 2x3 warp."""
        tracks = self.tracks
        if self.kalman_filter is None:
            tracks.boxes[:] = warp_boxes(tracks.boxes, warp)
            return
        space = self.kalman_filter.space
        tracks.means, tracks.covariances = warp_states(
            tracks.means, tracks.covariances, warp, space
        )
        tracks.boxes = space.decode(tracks.means)

    def _report(self, source_rows: IntArray) -> TrackedBoxes:
        tracks = self.tracks
        keep = self.reported() & (area(tracks.boxes) > self.output_min_area)
        keep &= tracks.boxes[:, 0] < tracks.boxes[:, 2]  # both sides may be predicted below 0
        if self.output_max_aspect_ratio is not None:
            keep &= ~is_wider_than(tracks.boxes, self.output_max_aspect_ratio)
        rows = keep.nonzero()[0]
        index = tracks.detection_index[rows]
        matched = index >= 0
        index[matched] = source_rows[index[matched]]
        return TrackedBoxes(
            tracks.ids[rows], tracks.boxes[rows], tracks.scores[rows], tracks.labels[rows], index
        )

    def _check_arguments(self) -> None:
        check_number(self, 'max_age', minimum=0, whole=True)
        check_number(self, 'frame_rate', above=0)
        check_number(self, 'min_score')
        check_number(self, 'min_area', minimum=0)
        check_number(self, 'output_min_area', minimum=0)
        for name in ('max_aspect_ratio', 'output_max_aspect_ratio'):
            check_number(self, name, above=0, optional=True)
        for name in ('truncate_boxes', 'class_aware', 'compat_released', 'plus_one_iou'):
            check_type(self, name, bool)
        check_size(self, 'clip_to')
