"""Three things called "the assignment".

======================================  =============================  ==========================
policy                                  call                           used by
======================================  =============================  ==========================
forbid, then solve                      ``linear_assignment(...)``     DeepSORT, ByteTrack family
solve, then reject                      ``..., reject='after'``        SORT
each detection in turn takes the best   ``greedy_assignment(...)``     CenterTrack
======================================  =============================  ==========================

The smallest problem on which the first two differ has costs ``[[.10, .55], [.15, .95]]`` and limit
.5: forbidding first matches track 0 to detection 0, rejecting afterwards track 1.
"""

from __future__ import annotations

import math
import sys
from typing import Literal, NamedTuple

import lap
import numpy as np
from scipy.optimize import linear_sum_assignment

from mmtrack_ext.association.arrays import BoolArray, FloatArray, IntArray


class Matches(NamedTuple):
    """Pairs ``(tracks[i], detections[i])`` and the leftovers, as (N,) int64 indices.

    The order of the leftovers is part of the contract, because it hands out the ids: first what
    the solver left out, ascending, then the ends of rejected pairs, ascending by track.
    """

    tracks: IntArray
    detections: IntArray
    unmatched_tracks: IntArray
    unmatched_detections: IntArray

    @classmethod
    def none(cls, tracks: IntArray, detections: IntArray) -> Matches:
        """Nothing matched."""
        nothing = np.empty(0, np.int64)
        return cls(nothing, nothing, tracks, detections)

    def swapped(self) -> Matches:
        """The same, for a cost whose rows were the detections and columns the tracks."""
        return Matches(
            self.detections, self.tracks, self.unmatched_detections, self.unmatched_tracks
        )

    def of(self, tracks: IntArray, detections: IntArray) -> Matches:
        """The same, with row and column numbers of the cost replaced by what they stand for."""
        return Matches(
            tracks[self.tracks],
            detections[self.detections],
            tracks[self.unmatched_tracks],
            detections[self.unmatched_detections],
        )


def linear_assignment(
    cost: FloatArray,
    max_cost: float,
    *,
    reject: Literal['before', 'after'] = 'before',
    solver: Literal['lap', 'scipy'] = 'lap',
) -> Matches:
    """The cheapest one-to-one matching in which no pair costs more than ``max_cost``.

    Args:
        cost: (T, D) float64; ``inf`` = forbidden.
        max_cost: the limit; a pair at exactly this cost is accepted.
        reject: 'before': pairs above the limit do not take part, and leaving a track and a
            detection unmatched costs ``max_cost``. 'after': match as many as possible at the
            least total cost, then reject pairs above the limit.
        solver: 'lap' (lapx's ``lapjvr``, fast) or 'scipy'. They may differ among equally cheap
            matchings, and in the order of the leftovers.

    Raises:
        ValueError: the cost holds NaN, or an option is unknown.
    """
    if reject not in ('before', 'after') or solver not in ('lap', 'scipy'):
        raise ValueError(
            "linear_assignment takes reject='before' or 'after' and solver='lap' or 'scipy'. "
            f'Got reject={reject!r}, solver={solver!r}.'
        )
    num_tracks, num_detections = cost.shape
    lowest = cost.item(cost.argmin()) if cost.size else math.inf
    if math.isnan(lowest):
        raise ValueError('The cost of linear_assignment holds NaN.')
    if not cost.size or (lowest > max_cost and solver == 'lap' and reject == 'before'):
        return Matches.none(np.arange(num_tracks), np.arange(num_detections))
    if reject == 'after' or math.isinf(max_cost):
        rows, columns = _solve(_finite(cost), solver)
    elif solver == 'lap':
        # lapjvr rejects a pair at exactly the limit, so it gets the next larger number (above 0
        # one that can be halved).
        limit = math.nextafter(max_cost, math.inf) if max_cost else 1e-300
        rows, columns = lap.lapjvr(cost, cost_limit=limit, return_cost=False)
    else:
        # DeepSORT's constant: all forbidden pairs cost the same, a little more than the limit.
        rows, columns = linear_sum_assignment(np.where(cost > max_cost, max_cost + 1e-5, cost))
    highest_accepted = min(max_cost, sys.float_info.max)
    return _matches(cost.shape, rows, columns, cost[rows, columns] > highest_accepted)


def unambiguous_assignment(cost: FloatArray, max_cost: float) -> Matches | None:
    """All pairs cheaper than ``max_cost``, if no track and no detection is in two of them.

    Returns:
        None if there is no such pair, or a choice between pairs.
    """
    candidates = cost < max_cost
    per_detection = candidates.sum(axis=0)
    per_track = candidates.sum(axis=1)
    if per_detection.max(initial=0) != 1 or per_track.max(initial=0) != 1:
        return None
    rows, columns = np.nonzero(candidates)
    return Matches(
        rows, columns, np.flatnonzero(per_track == 0), np.flatnonzero(per_detection == 0)
    )


def greedy_assignment(cost: FloatArray, max_cost: float) -> Matches:
    """Each detection in turn takes the cheapest track that is left.

    Args:
        cost: (T, D) float64, the detections in the order in which they choose.
        max_cost: the limit; a pair at exactly this cost is accepted.
    """
    num_tracks, num_detections = cost.shape
    taken_by = np.full(num_detections, -1)
    free = cost.copy()
    for detection in range(num_detections if num_tracks else 0):
        track = int(np.argmin(free[:, detection]))
        if free[track, detection] <= max_cost and free[track, detection] < np.inf:
            taken_by[detection] = track
            free[track] = np.inf
    columns = np.flatnonzero(taken_by >= 0)
    return _matches(cost.shape, taken_by[columns], columns, np.zeros(len(columns), np.bool_))


def _solve(cost: FloatArray, solver: str) -> tuple[IntArray, IntArray]:
    if solver == 'lap':
        rows, columns = lap.lapjvr(cost, extend_cost=True, return_cost=False)
        return rows, columns
    rows, columns = linear_sum_assignment(cost)
    return rows, columns


def _finite(cost: FloatArray) -> FloatArray:
    """The cost with ``inf`` replaced by a number that no sum of the others reaches."""
    forbidden = np.isinf(cost)
    if not forbidden.any():
        return cost
    highest = np.abs(cost[~forbidden]).max(initial=0)
    return np.where(forbidden, (highest + 1) * (2 * min(cost.shape) + 1), cost)


def _matches(
    shape: tuple[int, ...], rows: IntArray, columns: IntArray, rejected: BoolArray
) -> Matches:
    left_rows, left_columns = _left_out(shape[0], rows), _left_out(shape[1], columns)
    bad = rejected.nonzero()[0]
    if not len(bad):
        return Matches(rows, columns, left_rows, left_columns)
    return Matches(
        rows[~rejected],
        columns[~rejected],
        np.concatenate([left_rows, rows[bad]]),
        np.concatenate([left_columns, columns[bad]]),
    )


def _left_out(count: int, solved: IntArray) -> IntArray:
    if len(solved) == count:
        return np.empty(0, np.int64)
    taken = np.zeros(count, np.bool_)
    taken[solved] = True
    return (~taken).nonzero()[0]
