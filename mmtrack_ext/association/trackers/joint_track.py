"""JointTrackNet's tracker: appearance, gated by where things were in the frame before.

With ``use_embedding=False`` it is CenterTrack's (Zhou et al., ECCV 2020, section 4.2).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mmtrack_ext.association.appearance_tracker import AppearanceTracker
from mmtrack_ext.association.arrays import Float32Array, FloatArray, IntArray
from mmtrack_ext.association.assignment import greedy_assignment
from mmtrack_ext.association.boxes import area
from mmtrack_ext.association.camera_motion import check_camera_motion
from mmtrack_ext.association.costs import (
    cosine_cost,
    forbid,
    smaller_areas,
    squared_distances,
    unit_vectors,
)
from mmtrack_ext.association.detections import Detections, TrackedBoxes, motion_starts
from mmtrack_ext.association.gallery import moving_average
from mmtrack_ext.association.parameters import check_choice, check_number, check_type
from mmtrack_ext.association.public_detections import check_public_centers, near_public
from mmtrack_ext.association.tracks import Tracks, TrackState
from mmtrack_ext.association.window_mean import window_mean


class JointTracks(Tracks):
    """Columns of ``JointTracker``.

    Attributes:
        centers: (T, 2) float64 where a track was last seen, in pixels.
        displacements: (T, 2) float64 from there to where it was a frame before.
        misses: (T,) int64 frames since, as the released program counts them.
        windows: (T, L, C) float32 the last embeddings, only where these are averaged.
    """

    centers: FloatArray
    displacements: FloatArray
    misses: IntArray
    windows: Float32Array


class JointTracker(AppearanceTracker):
    """One assignment: the cosine distance of embeddings, between things that are near.

    The network says how far each thing has come since the frame before. Where it was then (its
    displaced centre) must be near the place where the track was last seen: the square of the
    distance at most the area of the track's box and at most that of the detection.

    A new track is tentative, and stays so through misses, until it is matched again. Lost tracks
    keep their place. The released program differs by ``compat_released``:

    * tracks that are new in the first frame are tentative too
    * it deletes from its list of tracks while it goes through that list by number, so that after a
      deletion other tracks than those missed age

    Where detections carry ``centers`` they are the points that displacements start from and that
    tracks are found at; else both are the centres of boxes.

    Args:
        init_min_score: unmatched detections above this score open a track.
        max_cost: a match costs at most this (JointTrackNet: 0.65); of no use without embeddings.
        max_age: a track unseen for more than this many frames is removed (MOT17: 150).
        n_init: hits until a track is confirmed, the first one counted; tracks that are new in the
            first frame are confirmed at once.
        use_displacement: displace the centres of detections; False compares where things are now.
        use_embedding: False is CenterTrack: each detection, by falling score, takes the nearest
            track.
        gate: False lets things match however far they are from each other.
        motion_weight: share of the distance in the cost: the square of the distance over the
            smaller area, 1 at the gate (JointTrackNet: 0).
        embedding_update: of a matched track. 'ema': moving average at length 1; 'mean' of the
            last ``embedding_window``; 'recursive': the released program's, see ``window_mean``.
        embedding_momentum: share of the old in the moving average.
        embedding_window: embeddings to average.
        propagate_lost: lost tracks move on as they moved when they were last seen. Needs
            displacements, so it changes nothing without ``use_displacement``.
        class_aware: never match across classes. True unlike elsewhere, because the published
            method does so.
        **common: see ``BaseTracker``.
    """

    tracks: JointTracks

    def __init__(
        self,
        *,
        init_min_score: float = 0.4,
        max_cost: float = 0.65,
        max_age: int = 150,
        n_init: int = 2,
        use_displacement: bool = True,
        use_embedding: bool = True,
        gate: bool = True,
        motion_weight: float = 0.0,
        embedding_update: str = 'ema',
        embedding_momentum: float = 0.9,
        embedding_window: int = 20,
        propagate_lost: bool = False,
        class_aware: bool = True,
        **common: Any,
    ) -> None:
        self.init_min_score = init_min_score
        self.max_cost = max_cost
        self.n_init = n_init
        self.use_displacement = use_displacement
        self.use_embedding = use_embedding
        self.gate = gate
        self.motion_weight = motion_weight
        self.embedding_update = embedding_update
        self.embedding_momentum = embedding_momentum
        self.embedding_window = embedding_window
        self.propagate_lost = propagate_lost
        check_number(self, 'init_min_score')
        check_number(self, 'max_cost', minimum=0)
        for name in ('n_init', 'embedding_window'):
            check_number(self, name, minimum=1, whole=True)
        for name in ('motion_weight', 'embedding_momentum'):
            check_number(self, name, minimum=0, maximum=1)
        for name in ('use_displacement', 'use_embedding', 'gate', 'propagate_lost'):
            check_type(self, name, bool)
        check_choice(self, 'embedding_update', 'ema', 'mean', 'recursive')
        super().__init__(max_age=max_age, class_aware=class_aware, **common)

    def reset(self) -> None:
        """As new."""
        super().reset()
        self.tracks = JointTracks()
        self.tracks.add_column('centers', np.float64, (2,))
        self.tracks.add_column('displacements', np.float64, (2,))
        self.tracks.add_column('misses', np.int64)
        self.public_centers: FloatArray | None = None
        self._camera_motion: FloatArray | None = None

    def update(
        self, detections: Detections, *, camera_motion: Any = None, public_centers: Any = None
    ) -> TrackedBoxes:
        """One frame, see ``BaseTracker.update``.

        Args:
            detections: of this frame.
            camera_motion: (2, 3) warp from the previous to this frame in pixels.
            public_centers: (P, 2) centres of the public detections in pixels, the only places
                where tracks may start; None: tracks may start anywhere.

        Raises:
            ValueError: the public centres are no finite points.
        """
        self.public_centers = check_public_centers(public_centers)
        self._camera_motion = None if camera_motion is None else check_camera_motion(camera_motion)
        return super().update(detections, camera_motion=camera_motion)

    def step(self) -> None:
        """Section 3.3 and 3.4 of the method: one assignment; what is left over opens tracks."""
        tracks, detections = np.arange(len(self.tracks)), np.arange(len(self.detections))
        if self.use_embedding:
            matches = self.match(tracks, detections, self.gated_cost, max_cost=self.max_cost)
        else:
            cost = self.cost_matrix(tracks, detections, self.gated_cost)
            matches = greedy_assignment(cost, np.inf)
        self.hit(matches, n_init=self.n_init)
        self.miss(matches.unmatched_tracks, keep_tentative=True)
        self.spawn(
            self.births(matches.unmatched_detections),
            confirmed=self.frame == 0 and not self.compat_released,
        )
        if self.compat_released:
            self.age_as_released(matches.unmatched_tracks)
        else:
            self.prune()

    # What a pair costs.

    def gated_cost(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """(T, D): of appearance, or of distance where there is none; ``inf`` behind the gate."""
        tracks, detections = self.tracks, self.detections
        points = self.displaced_centers()[columns]
        distances = squared_distances(tracks.centers[rows], points)
        limits = smaller_areas(tracks.boxes[rows], detections.boxes[columns])
        cost = distances
        if self.use_embedding and len(rows) and len(columns):
            weight = self.motion_weight
            cost = (1 - weight) * cosine_cost(tracks.embeddings[rows], self.embeddings(columns))
            cost = np.maximum(cost, 0)  # rounding
            if weight:
                cost += weight * distances / limits
        return forbid(cost, distances > limits) if self.gate else cost

    def displaced_centers(self) -> FloatArray:
        """(D, 2) where the things detected were in the frame before, in pixels of this frame."""
        points = motion_starts(self.detections)
        if not self.use_displacement or self.detections.displacements is None:
            return points
        points = points + self.detections.displacements
        return points if self._camera_motion is None else _warp(points, self._camera_motion)

    def births(self, columns: IntArray) -> IntArray:
        """Which of these unmatched detections open tracks, in the order of the ids."""
        if self.public_centers is not None:
            points, areas = self.displaced_centers(), area(self.detections.boxes)
            columns = columns[near_public(points[columns], areas[columns], self.public_centers)]
        return columns[self.detections.scores[columns] > self.init_min_score]

    # The life cycle.

    def prepare(self, detections: Detections) -> tuple[Detections, IntArray]:
        """Also order them by falling score, and make room for embeddings to average."""
        if self.use_displacement and len(detections) and detections.displacements is None:
            raise ValueError(
                f'{type(self).__name__} needs detections with displacements, and these have none: '
                'take them from JointTrackNet, or set use_displacement=False.'
            )
        detections, rows = super().prepare(detections)
        averages = self.use_embedding and self.embedding_update != 'ema'
        if averages and hasattr(self.tracks, 'embeddings') and not hasattr(self.tracks, 'windows'):
            shape = self.embedding_window, self.tracks.embeddings.shape[1]
            self.tracks.add_column('windows', np.float32, shape)
        order = np.argsort(-detections.scores, kind='stable')
        return detections[order], rows[order]

    def predict(self) -> None:
        """Nothing moves but lost tracks, if ``propagate_lost``."""
        tracks = self.tracks
        if self.compat_released:  # removed in the frame before, but reported then
            tracks.states[tracks.expired] = TrackState.REMOVED
            tracks.drop_removed()
        if self.propagate_lost and self.use_displacement:
            # Displaced centres are of the frame before, so a track that was seen there stays.
            lost = tracks.last_frame < self.frame - 1
            tracks.centers[lost] -= tracks.displacements[lost]
            tracks.boxes[lost] -= np.tile(tracks.displacements[lost], 2)

    def compensate(self, warp: FloatArray) -> None:
        """Also move the centres."""
        super().compensate(warp)
        self.tracks.centers[:] = _warp(self.tracks.centers, warp)
        self.tracks.displacements[:] = self.tracks.displacements @ warp[:, :2].T

    def remember(self, rows: IntArray, columns: IntArray, *, new: bool) -> None:
        """Also where things were seen."""
        super().remember(rows, columns, new=new)
        tracks = self.tracks
        tracks.misses[rows] = 0
        tracks.centers[rows] = motion_starts(self.detections)[columns]
        if self.detections.displacements is not None:
            tracks.displacements[rows] = self.detections.displacements[columns]
        if self.use_embedding and self.embedding_update != 'ema':
            windows = tracks.windows[rows]
            tracks.embeddings[rows] = window_mean(
                windows,
                tracks.hits[rows],
                self.embeddings(columns),
                recursive=self.embedding_update == 'recursive',
            )
            tracks.windows[rows] = windows

    def age_as_released(self, missed: IntArray) -> None:
        """Count misses; who has ``max_age`` of them goes, and the numbers after it are off by one.

        A number behind the end of the list is passed over. Tracks that were matched now may go;
        they are reported before.
        """
        tracks, in_list = self.tracks, list(range(len(self.tracks)))
        for number in missed:
            if number >= len(in_list):
                continue
            if tracks.misses[in_list[number]] < self.max_unseen:
                tracks.misses[in_list[number]] += 1
            else:
                tracks.expired[in_list.pop(number)] = True

    # Appearance.

    @property
    def remembers_appearance(self) -> bool:
        """Whether detections need embeddings."""
        return self.use_embedding

    def embeddings(self, columns: IntArray) -> Float32Array:
        """(N, C) of these detections, at length 1."""
        return unit_vectors(super().embeddings(columns))

    def blend(self, old: Float32Array, new: Float32Array) -> Float32Array:
        """Moving average; the means of windows come after it."""
        return moving_average(old, new, self.embedding_momentum)


def _warp(points: FloatArray, warp: FloatArray) -> FloatArray:
    moved: FloatArray = points @ warp[:, :2].T + warp[:, 2]
    return moved
