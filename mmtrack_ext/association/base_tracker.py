"""What all trackers share: their arguments, one frame from end to end, and matching.

A tracker is its thresholds (``__init__``) and its paper's pseudocode (``step``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from mmtrack_ext.association import costs
from mmtrack_ext.association.arrays import BoolArray, CostFunction, FloatArray, IntArray
from mmtrack_ext.association.assignment import Matches, linear_assignment
from mmtrack_ext.association.boxes import (
    LabelledBoxes,
    iou,
    is_wider_than,
    overlapping_pairs,
    widths_and_heights,
)
from mmtrack_ext.association.camera_motion import check_camera_motion
from mmtrack_ext.association.detections import Detections, TrackedBoxes
from mmtrack_ext.association.kalman_filter import KalmanFilter
from mmtrack_ext.association.life_cycle import LifeCycle
from mmtrack_ext.association.parameters import check_number, check_size, check_type
from mmtrack_ext.association.tracks import TrackState

# Pixels. The noise of a filter is a share of the box's size; below, its square rounds to nothing.
SMALLEST_SIDE = 1e-6


class BaseTracker(LifeCycle, ABC):
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
        return self._report(None if prepared is detections else source_rows)

    @abstractmethod
    def step(self) -> None:
        """The paper: match ``self.detections`` to ``self.tracks``, then hit, miss, spawn, prune."""

    def reported(self) -> BoolArray:
        """(T,) which tracks this frame reports: here the confirmed ones."""
        return self.tracks.are(TrackState.CONFIRMED)

    # Matching: rows of self.tracks and rows of self.detections in, the same in Matches out.

    def iou(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """IoU of tracks and detections."""
        return iou(
            self.tracks.boxes.take(rows, axis=0),
            self.detections.boxes.take(columns, axis=0),
            plus_one=self.plus_one_iou,
        )

    def iou_cost(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """1 - IoU of tracks and detections."""
        return costs.overlap_cost(self.iou(rows, columns))

    def fused_iou_cost(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """1 - IoU * score of the detection."""
        return costs.overlap_cost(self.iou(rows, columns), self.detections.scores[columns])

    def overlapping_pairs(
        self, some: LabelledBoxes, others: LabelledBoxes, min_iou: float
    ) -> tuple[IntArray, IntArray]:
        """Which overlap by more than ``min_iou``; if ``class_aware``, only those of one class."""
        (boxes, labels), (other_boxes, other_labels) = some, others
        plus_one = self.plus_one_iou
        rows, columns = overlapping_pairs(boxes, other_boxes, min_iou=min_iou, plus_one=plus_one)
        if self.class_aware:
            same = labels[rows] == other_labels[columns]
            rows, columns = rows[same], columns[same]
        return rows, columns

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

    # What happens to every frame before and after the paper's part.

    def prepare(self, detections: Detections) -> tuple[Detections, IntArray]:
        """The detections to track, and the row each had in the input."""
        boxes = detections.boxes
        if self.truncate_boxes:
            boxes = np.trunc(boxes)
        if self.clip_to is not None:
            boxes = np.clip(boxes, 0, np.tile(self.clip_to, 2))
        widths, heights = widths_and_heights(boxes)
        keep = np.minimum(widths, heights) > SMALLEST_SIDE
        keep &= detections.scores >= self.min_score
        if self.min_area:
            keep &= widths * heights > self.min_area
        if self.max_aspect_ratio is not None:
            keep &= ~is_wider_than(boxes, self.max_aspect_ratio)
        rows = keep.nonzero()[0]
        if boxes is not detections.boxes:
            detections = replace(detections, boxes=boxes)
        return detections if len(rows) == len(detections) else detections[rows], rows

    def _report(self, source_rows: IntArray | None) -> TrackedBoxes:
        """The tracks; ``source_rows`` is None where the detections were taken as they came."""
        tracks = self.tracks
        rows = self.reported().nonzero()[0]
        boxes = tracks.boxes.take(rows, axis=0)
        widths, heights = widths_and_heights(boxes)
        keep = np.minimum(widths, heights) > 0  # sides may be predicted below
        if self.output_min_area:
            keep &= widths * heights > self.output_min_area
        if self.output_max_aspect_ratio is not None:
            keep &= ~is_wider_than(boxes, self.output_max_aspect_ratio)
        if np.count_nonzero(keep) < len(rows):
            rows, boxes = rows[keep], boxes[keep]
        index = tracks.detection_index[rows]
        if source_rows is not None:
            matched = (index >= 0).nonzero()[0]
            index[matched] = source_rows[index[matched]]
        return TrackedBoxes(
            tracks.ids[rows],
            boxes,
            tracks.scores[rows],
            tracks.labels[rows],
            index,
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
