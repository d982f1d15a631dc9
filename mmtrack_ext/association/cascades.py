"""Matching in rounds: near things before far ones, or fresh tracks before old ones.

What a round leaves unmatched takes part in the next one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmtrack_ext.association.arrays import CostFunction, FloatArray, IntArray
from mmtrack_ext.association.assignment import Matches, linear_assignment

BOTTOM = 3  # column of an xyxy box


def pseudo_depth(boxes: FloatArray) -> FloatArray:
    """(N,) how far away (N, 4) xyxy boxes stand: the higher their feet, the farther.

    In pixels from an arbitrary plane; SparseTrack, section 3.2, measures from the image's bottom,
    which cancels in every use.
    """
    depth: FloatArray = -boxes[:, BOTTOM]
    return depth


def depth_layers(boxes: FloatArray, num_layers: int) -> IntArray:
    """(N,) layer of each box, from 0 = nearest: the range of depths cut into equal parts.

    Depths that differ by r pixels make at most ``ceil(num_layers * r / (r + 1))`` layers, so a
    range of a pixel is not cut into three.

    Args:
        boxes: (N, 4) xyxy.
        num_layers: how many layers at most.

    Source: SparseTrack's released program.
    """
    return _layers(boxes, num_layers, np.zeros(len(boxes), np.int64))


def depth_layers_in_groups(boxes: FloatArray, num_layers: int) -> IntArray:
    """The same, where each group of overlapping boxes is cut by itself.

    A box that overlaps no other is in layer 0, however far away it is.

    Source: NanoTrack's improved depth-cascade matching.
    """
    return _layers(boxes, num_layers, overlap_groups(boxes))


def overlap_groups(boxes: FloatArray) -> IntArray:
    """(N,) group of each box: boxes that touch or overlap, and all that touch those.

    Groups are numbered by their first box.
    """
    left, top, right, bottom = boxes.T.copy()
    touching = left[:, None] <= right
    touching &= top[:, None] <= bottom
    touching &= touching.T.copy()
    numbers = np.arange(len(boxes))
    touching[numbers, numbers] = True  # even one whose width or height a filter predicts below 0
    rows, neighbours = touching.nonzero()  # each box touches itself, so no row is without
    starts = rows.searchsorted(numbers)
    # The lowest number among its neighbours; until that is final, each takes the lowest group
    # among its neighbours, and of that one.
    groups: IntArray = neighbours[starts]
    while len(boxes):
        lowest = np.minimum.reduceat(groups[neighbours], starts)
        lowest = lowest[lowest]
        if not np.count_nonzero(lowest != groups):
            break
        groups = lowest
    return groups


def match_in_rounds(
    cost: FloatArray, max_cost: float, rounds: Sequence[tuple[IntArray, IntArray]]
) -> Matches:
    """Match the tracks and detections of each round, with what the rounds before left.

    Args:
        cost: (T, D) of all tracks and detections; ``inf`` = forbidden.
        max_cost: limit of the cost of a pair.
        rounds: rows of tracks and columns of detections that join in each round.
    """
    found = [Matches.none(np.empty(0, np.int64), np.empty(0, np.int64))]
    for tracks, detections in rounds:
        tracks = np.concatenate([tracks, found[-1].unmatched_tracks])
        detections = np.concatenate([detections, found[-1].unmatched_detections])
        if len(tracks) and len(detections):
            matches = linear_assignment(cost[tracks[:, None], detections], max_cost)
            found.append(matches.of(tracks, detections))
        else:
            found.append(Matches.none(tracks, detections))
    return Matches(
        np.concatenate([matches.tracks for matches in found]),
        np.concatenate([matches.detections for matches in found]),
        found[-1].unmatched_tracks,
        found[-1].unmatched_detections,
    )


def match_by_layers(
    cost: FloatArray,
    max_cost: float,
    track_layers: IntArray,
    detection_layers: IntArray,
    *,
    num_layers: int | None = None,
) -> Matches:
    """Depth-cascade matching: layer by layer, the nearest first.

    Args:
        cost: (T, D); ``inf`` = forbidden.
        max_cost: limit of the cost of a pair.
        track_layers: (T,) layer of each.
        detection_layers: (D,) layer of each.
        num_layers: how many layers are matched. None: those that both sides have; the surplus of
            one side is left unmatched without a try, as in the released SparseTrack.
    """
    if num_layers is None:
        num_layers = int(min(track_layers.max(), detection_layers.max())) + 1
    layers = [
        ((track_layers == layer).nonzero()[0], (detection_layers == layer).nonzero()[0])
        for layer in range(num_layers)
    ]
    done = match_in_rounds(cost, max_cost, layers)
    return Matches(
        done.tracks,
        done.detections,
        np.concatenate([done.unmatched_tracks, (track_layers >= num_layers).nonzero()[0]]),
        np.concatenate([done.unmatched_detections, (detection_layers >= num_layers).nonzero()[0]]),
    )


def _layers(boxes: FloatArray, num_layers: int, groups: IntArray) -> IntArray:
    """(N,) layer of each box, the depths of each group cut by themselves."""
    depths = pseudo_depth(boxes)
    nearest = np.full(len(boxes), np.inf)  # by group
    farthest = -nearest
    np.minimum.at(nearest, groups, depths)
    np.maximum.at(farthest, groups, depths)
    ranges = (farthest - nearest)[groups]
    shares = (depths - nearest[groups]) * num_layers / (ranges + 1)
    last = np.maximum(np.ceil(num_layers * ranges / (ranges + 1)) - 1, 0)
    layers: IntArray = np.minimum(np.floor(shares), last).astype(np.int64)
    return layers


def match_by_age(
    cost: CostFunction,
    tracks: IntArray,
    detections: IntArray,
    ages: IntArray,
    *,
    max_cost: float,
    max_age: int,
) -> Matches:
    """DeepSORT's matching cascade: age by age, so that the track seen last chooses first.

    Source: Wojke et al. 2017, section 2.3, listing 1. The tracks of each age are assigned to the
    detections that younger ones left. The cost is asked for twice in all: for the tracks of age 1,
    and for all older ones with what these left.

    Args:
        cost: takes rows of tracks and of detections.
        tracks: (T,) rows of tracks.
        detections: (D,) rows of detections.
        ages: (T,) frames since each track was seen, from 1.
        max_cost: limit of the cost of a pair.
        max_age: older tracks are left unmatched without a try.

    Returns:
        Unmatched tracks as they came, unmatched detections in the order in which the assignment of
        the last age left them.
    """
    found, left = [], detections
    young_enough = ages <= max_age
    for batch in ((ages == 1) & young_enough, (ages > 1) & young_enough):
        rows = tracks[batch]
        if len(rows) and len(left):
            matches = _match_each_age(cost(rows, left), ages[batch], max_cost).of(rows, left)
            found.append(matches)
            left = matches.unmatched_detections
    return _joined(found, tracks, left)


def _match_each_age(cost: FloatArray, ages: IntArray, max_cost: float) -> Matches:
    """The youngest tracks, then the next older ones with the columns that are left, and so on."""
    if (ages == ages[0]).all():
        return linear_assignment(cost, max_cost, solver='scipy')
    found, left = [], np.arange(cost.shape[1])
    hopeful = np.asarray((cost <= max_cost).any(axis=1))
    for age in np.unique(ages):
        rows = (ages == age).nonzero()[0]
        if hopeful[rows].any():
            matches = linear_assignment(cost[rows[:, None], left], max_cost, solver='scipy')
            found.append(matches.of(rows, left))
            left = found[-1].unmatched_detections
        else:
            # SciPy pairs the rows of a constant matrix with its first columns; they are rejected
            # and so come after the others.
            left = np.concatenate([left[len(rows) :], left[: len(rows)]])
    return _joined(found, np.arange(len(cost)), left)


def _joined(found: list[Matches], tracks: IntArray, left: IntArray) -> Matches:
    """All that was found; of ``tracks`` the others and of the detections ``left`` are unmatched."""
    matched = np.concatenate([tracks[:0], *(matches.tracks for matches in found)])
    detections = np.concatenate([left[:0], *(matches.detections for matches in found)])
    taken = np.zeros(tracks.max(initial=-1) + 1, np.bool_)
    taken[matched] = True
    return Matches(matched, detections, tracks[~taken[tracks]], left)
