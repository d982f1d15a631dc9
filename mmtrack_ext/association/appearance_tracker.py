"""Trackers whose tracks remember what they look like: one embedding each."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from mmtrack_ext.association.arrays import Float32Array, IntArray
from mmtrack_ext.association.base_tracker import BaseTracker
from mmtrack_ext.association.detections import Detections, required_embeddings
from mmtrack_ext.association.gallery import check_embedding_length


class AppearanceTracker(BaseTracker):
    """Adds the column ``embeddings`` (T, C) to the tracks and keeps it up to date."""

    @property
    def remembers_appearance(self) -> bool:
        """Whether detections need embeddings."""
        return True

    @abstractmethod
    def blend(self, old: Float32Array, new: Float32Array) -> Float32Array:
        """The (N, C) embeddings of tracks after a match: of those so far and those just seen."""

    def embeddings(self, columns: IntArray) -> Float32Array:
        """(N, C) of these detections, as they are remembered and compared."""
        return required_embeddings(self, self.detections)[columns]

    def prepare(self, detections: Detections) -> tuple[Detections, IntArray]:
        """Also make room: the first frame with detections says how long embeddings are."""
        detections, source_rows = super().prepare(detections)
        if self.remembers_appearance and len(detections):
            size = required_embeddings(self, detections).shape[1]
            if not hasattr(self.tracks, 'embeddings'):
                self.tracks.add_column('embeddings', np.float32, (size,))
            check_embedding_length(size, self.tracks.embeddings.shape[1])
        return detections, source_rows

    def remember(self, rows: IntArray, columns: IntArray, *, new: bool) -> None:
        """The embeddings of new tracks, and what those of matched ones become."""
        if self.remembers_appearance:
            embeddings, seen = self.tracks.embeddings, self.embeddings(columns)
            embeddings[rows] = seen if new else self.blend(embeddings[rows], seen)
