"""Appearance memory: what each track has looked like."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from mmtrack_ext.association.arrays import BoolArray, Float32Array, FloatArray, IntArray
from mmtrack_ext.association.costs import unit_vectors

# Detections multiplied with a track's samples in one go. OpenBLAS is three times faster at 8 x 100
# x 128 numbers than at 16 x 100 x 128, and few tracks have more detections within their gate.
QUERIES_AT_ONCE = 8


def moving_average(old: Float32Array, new: Float32Array, momentum: float) -> Float32Array:
    """``momentum * old + (1 - momentum) * new`` of (N, C) float32 vectors, at length 1."""
    return unit_vectors(momentum * old + (1 - momentum) * new)


def check_embedding_length(length: int, expected: int) -> None:
    """Refuse embeddings of another length than those before.

    Raises:
        ValueError: they are of another length.
    """
    if length != expected:
        raise ValueError(
            f'All embeddings of a sequence must have the same length. Got {length} channels after '
            f'{expected}: use one re-identification network, and reset() the tracker before '
            'another sequence.'
        )


class Gallery:
    """The last ``budget`` appearances of every track, and the distance to the nearest of them.

    Memory: one array (slots, places, channels). A track keeps its slot while it lives, and its
    samples go round the places; places without a sample of their own hold copies of the first one,
    which changes no minimum. The array grows with the largest numbers of tracks and of samples
    there have been at a time, and is used again.

    Samples are stored so that the nearest one has the largest inner product with a query:

    * cosine: 1 - s.q with both at length 1, so that a zero vector is at distance 1 of everything
    * euclidean: |s|^2 + |q|^2 - 2 s.q, which is |q|^2 - 2 (s, -|s|^2 / 2).(q, 1)

    Args:
        metric: 'cosine', or 'euclidean' for the *squared* distance.
        budget: samples kept of each track; None keeps all.
    """

    def __init__(self, *, metric: Literal['cosine', 'euclidean'], budget: int | None) -> None:
        self.metric = metric
        self.budget = budget
        self._ids: IntArray = np.empty(0, np.int64)  # of the tracks with samples, ascending
        self._slots: IntArray = np.empty(0, np.int64)  # of these tracks
        self._counts: IntArray = np.empty(0, np.int64)  # samples ever added, by slot
        self._samples: Float32Array = np.empty((0, 0, 0), np.float32)

    def add(self, ids: IntArray, embeddings: Float32Array) -> None:
        """Remember one more sample of each track.

        Args:
            ids: (N,) of the tracks, each once.
            embeddings: (N, C).

        Raises:
            ValueError: C is not what it was before.
        """
        if not len(ids):
            return
        samples = self._as_samples(embeddings)
        known = self._known(ids)
        if not known.all():
            self._start(ids[~known], samples[~known])
            ids, samples = ids[known], samples[known]
        slots = self._slots_of(ids)
        self._make_places(int(self._counts[slots].max(initial=0)) + 1)
        self._samples[slots, self._counts[slots] % self._samples.shape[1]] = samples
        self._counts[slots] += 1

    def forget(self, ids: IntArray) -> None:
        """Free the memory of tracks."""
        if len(ids):
            kept = ~np.isin(self._ids, ids)
            self._ids, self._slots = self._ids[kept], self._slots[kept]

    def distances(self, ids: IntArray, embeddings: Float32Array, allowed: BoolArray) -> FloatArray:
        """From the nearest sample of each track to each detection, where that is allowed.

        Args:
            ids: (T,) of the tracks.
            embeddings: (D, C) of the detections.
            allowed: (T, D) pairs to look at; no other distances are computed.

        Returns:
            (T, D) float64; ``inf`` where not allowed, and for tracks without samples.

        Raises:
            ValueError: C is not that of the samples.
        """
        distances = np.full(allowed.shape, np.inf)
        rows, columns = (allowed & self._known(ids)[:, None]).nonzero()
        if len(rows):
            queries = self._as_queries(embeddings)
            products = self._largest_products(self._slots_of(ids[rows]), queries[columns])
            if self.metric == 'cosine':
                distances[rows, columns] = 1 - products
            else:
                squares = np.einsum('nc,nc->n', embeddings, embeddings)[columns]
                distances[rows, columns] = np.maximum(squares - 2 * products, 0)
        return distances

    def _largest_products(self, slots: IntArray, queries: Float32Array) -> Float32Array:
        """(P,) largest inner product of each of (P, C) queries with the samples in its slot.

        Args:
            slots: (P,), equal ones in a row.
            queries: (P, C) float32.
        """
        is_first = np.ones(len(slots), np.bool_)
        np.not_equal(slots[1:], slots[:-1], out=is_first[1:])
        starts = is_first.nonzero()[0]
        lengths = np.diff(starts, append=len(slots))
        turn, place = np.divmod(np.arange(len(slots)) - starts.repeat(lengths), QUERIES_AT_ONCE)
        largest = np.empty(len(slots), np.float32)
        for number in range(turn.max() + 1):
            now = (turn == number).nonzero()[0]
            largest[now] = self._products_at(slots[now], place[now], queries[now])
        return largest

    def _products_at(self, slots: IntArray, place: IntArray, queries: Float32Array) -> Float32Array:
        """The same by one matrix product a slot, in one call; ``place`` counts a slot's queries.

        If most slots are asked for, all are used where they lie, because copying some takes as long
        as the products.
        """
        first = place == 0
        asked = slots[first]
        filled = min(int(self._counts[asked].max()), self._samples.shape[1])
        span = int(asked.max()) + 1
        if span <= 2 * len(asked):
            samples, position = self._samples[:span, :filled], slots
        else:
            samples, position = self._samples[asked, :filled], first.cumsum() - 1
        padded = np.zeros((len(samples), int(place.max()) + 1, queries.shape[1]), np.float32)
        padded[position, place] = queries
        largest: Float32Array = (padded @ samples.swapaxes(1, 2)).max(axis=2)
        return largest[position, place]

    def _known(self, ids: IntArray) -> BoolArray:
        """(N,) whether these tracks have samples."""
        if not len(self._ids):
            return np.zeros(len(ids), np.bool_)
        nearest = self._ids.take(np.searchsorted(self._ids, ids), mode='clip')
        return np.asarray(nearest == ids)

    def _slots_of(self, ids: IntArray) -> IntArray:
        """The slots of tracks that have one."""
        slots: IntArray = self._slots[np.searchsorted(self._ids, ids)]
        return slots

    def _start(self, ids: IntArray, samples: Float32Array) -> None:
        """Slots for tracks with their first sample: the lowest that are free."""
        free = np.ones(len(self._ids) + len(ids), np.bool_)
        free[self._slots[self._slots < len(free)]] = False
        slots = free.nonzero()[0][: len(ids)]
        self._make_slots(int(slots.max()) + 1, samples.shape[1])
        self._samples[slots] = samples[:, None]
        self._counts[slots] = 1
        order = np.argsort(ids)
        positions = np.searchsorted(self._ids, ids[order])
        self._ids = np.insert(self._ids, positions, ids[order])
        self._slots = np.insert(self._slots, positions, slots[order])

    def _make_slots(self, count: int, channels: int) -> None:
        """Enlarge the array if need be; to twice its size, so that this is rare."""
        slots, places, _ = self._samples.shape
        if count > slots:
            count = max(count, 2 * slots)
            self._enlarge(count, max(places, 1), channels)
            self._counts = np.append(self._counts, np.zeros(count - slots, np.int64))

    def _make_places(self, count: int) -> None:
        """The same for the samples of a track, up to the budget."""
        slots, places, channels = self._samples.shape
        limit = math.inf if self.budget is None else self.budget
        if min(count, limit) > places:
            self._enlarge(slots, int(min(2 * places, limit)), channels)
            used = self._slots.max(initial=-1) + 1
            self._samples[:used, places:] = self._samples[:used, :1]

    def _enlarge(self, *shape: int) -> None:
        """A larger array; what no track uses is not touched, and so takes no memory yet."""
        old, used = self._samples, self._slots.max(initial=-1) + 1
        self._samples = np.zeros(shape, np.float32)
        if used:
            self._samples[:used, : old.shape[1]] = old[:used]

    def _as_samples(self, embeddings: Float32Array) -> Float32Array:
        """(N, C) embeddings as they are stored."""
        self.check_channels(embeddings)
        if self.metric == 'cosine':
            return unit_vectors(embeddings)
        squares = np.einsum('nc,nc->n', embeddings, embeddings)
        return np.column_stack([embeddings, -squares / 2])

    def _as_queries(self, embeddings: Float32Array) -> Float32Array:
        """(D, C) embeddings as they are multiplied with samples."""
        self.check_channels(embeddings)
        if self.metric == 'cosine':
            return unit_vectors(embeddings)
        return np.column_stack([embeddings, np.ones(len(embeddings), np.float32)])

    def check_channels(self, embeddings: Float32Array) -> None:
        """Refuse embeddings of another length than before.

        Raises:
            ValueError: C is not that of the samples.
        """
        if len(self._samples):
            extra = 0 if self.metric == 'cosine' else 1
            check_embedding_length(embeddings.shape[1], self._samples.shape[2] - extra)
