"""What SparseTrack and NanoTrack share: the stages of ByteTrack, matched near to far."""

from __future__ import annotations

from typing import Any

from mmtrack_ext.association.arrays import CostFunction, IntArray
from mmtrack_ext.association.assignment import Matches
from mmtrack_ext.association.box_spaces import XYWH
from mmtrack_ext.association.cascades import (
    depth_layers,
    depth_layers_in_groups,
    match_by_layers,
)
from mmtrack_ext.association.parameters import check_number
from mmtrack_ext.association.two_stage_tracker import TwoStageTracker


class DepthCascadeTracker(TwoStageTracker):
    """Depth-cascade matching, with a number of layers for high detections and one for low ones.

    Args:
        high_depth_levels: layers of pseudo-depth among high detections; 1: no cascade.
        low_depth_levels: layers of pseudo-depth among low detections; 1: no cascade.
        **common: see ``TwoStageTracker``.
    """

    space = XYWH
    released_keeps_first_label = True
    depth_in_groups = False  # whether depth is cut inside groups of overlapping boxes

    def __init__(self, *, high_depth_levels: int, low_depth_levels: int, **common: Any) -> None:
        self.high_depth_levels = high_depth_levels
        self.low_depth_levels = low_depth_levels
        for name in ('high_depth_levels', 'low_depth_levels'):
            check_number(self, name, minimum=1, whole=True)
        super().__init__(**common)

    def match_by_depth(
        self, rows: IntArray, columns: IntArray, cost: CostFunction, max_cost: float, levels: int
    ) -> Matches:
        """Depth-cascade matching, inside groups of overlapping boxes or over the whole image.

        Inside groups every layer is tried; over the whole image those that tracks and detections
        both have, as each method's released program does.
        """
        if levels == 1 or not (len(rows) and len(columns)):
            return self.match(rows, columns, cost, max_cost=max_cost)
        layers = depth_layers_in_groups if self.depth_in_groups else depth_layers
        matches = match_by_layers(
            self.cost_matrix(rows, columns, cost),
            max_cost,
            layers(self.tracks.boxes[rows], levels),
            layers(self.detections.boxes[columns], levels),
            num_layers=levels if self.depth_in_groups else None,
        )
        return matches.of(rows, columns)
