from __future__ import annotations

import math

import numpy as np
import pytest

from mmtrack_ext.association import gallery as gallery_module
from mmtrack_ext.association.gallery import Gallery, moving_average, unit_vectors

BY_METRIC = pytest.mark.parametrize('metric', ['cosine', 'euclidean'])
EVERYTHING = np.ones((1, 1), bool)


def vectors(*rows):
    return np.array(rows, np.float32)


def textbook_distance(metric, sample, query):
    if metric == 'euclidean':
        return float(((sample - query) ** 2).sum())
    return 1 - float(sample @ query) / (np.linalg.norm(sample) * np.linalg.norm(query))


def distance_to(gallery, track, query):
    return gallery.distances(np.array([track]), vectors(query), EVERYTHING)[0, 0]


def remember(gallery, track, *samples):
    for sample in samples:
        gallery.add(np.array([track]), vectors(sample))


@BY_METRIC
@pytest.mark.parametrize('budget', [1, 3, 7, None])
@pytest.mark.parametrize('seed', range(3))
def test_equals_a_list_of_samples_for_each_track(metric, budget, seed):
    rng = np.random.default_rng(seed)
    gallery, lists, next_id = Gallery(metric=metric, budget=budget), {}, 1
    for _ in range(30):
        seen = rng.permutation([track for track in lists if rng.random() < 0.7])
        new = np.arange(next_id, next_id + rng.integers(0, 4))
        next_id += len(new)
        for ids in (seen.astype(np.int64), new):
            samples = rng.normal(size=(len(ids), 6)).astype(np.float32)
            gallery.add(ids, samples)
            for track, sample in zip(ids.tolist(), samples, strict=True):
                kept = [*lists.get(track, []), sample]
                lists[track] = kept if budget is None else kept[-budget:]
        gone = np.array([track for track in lists if rng.random() < 0.1], np.int64)
        gallery.forget(gone)
        for track in gone.tolist():
            del lists[track]

        ids = rng.permutation(np.array(list(lists), np.int64))
        queries = rng.normal(size=(25, 6)).astype(np.float32)
        allowed = rng.random((len(ids), 25)) < rng.choice([0.02, 0.3, 1.0])
        distances = gallery.distances(ids, queries, allowed)
        assert np.isinf(distances[~allowed]).all()
        for row, column in np.argwhere(allowed):
            nearest = min(
                textbook_distance(metric, sample.astype(float), queries[column].astype(float))
                for sample in lists[ids[row]]
            )
            assert distances[row, column] == pytest.approx(nearest, abs=1e-5)


@BY_METRIC
def test_by_hand(metric):
    gallery = Gallery(metric=metric, budget=2)
    remember(gallery, 1, (3, 4), (0, 2))
    # (6, 8) points along (3, 4), and is nearer to it: 3^2 + 4^2. (0, 10) points along (0, 2), but
    # is nearer to (3, 4) too: 3^2 + 6^2 < 8^2.
    expected = {'cosine': [0, 0], 'euclidean': [25, 45]}[metric]
    distances = gallery.distances(np.array([1]), vectors((6, 8), (0, 10)), np.ones((1, 2), bool))
    np.testing.assert_allclose(distances, [expected], atol=1e-6)


@pytest.mark.parametrize(('budget', 'distance'), [(2, 1), (3, 0), (None, 0)])
def test_the_oldest_sample_is_forgotten(budget, distance):
    gallery = Gallery(metric='cosine', budget=budget)
    remember(gallery, 1, (1, 0, 0), (0, 1, 0), (0, 0, 1))
    assert distance_to(gallery, 1, (1, 0, 0)) == pytest.approx(distance)
    assert distance_to(gallery, 1, (0, 1, 0)) == pytest.approx(0)


def test_a_cosine_distance_goes_up_to_two():
    gallery = Gallery(metric='cosine', budget=100)
    remember(gallery, 1, (1, 0))
    assert distance_to(gallery, 1, (-3, 0)) == 2
    remember(gallery, 2, (0, 1), (1, 0), (1, 1))  # so that track 1 has fewer samples than places
    assert distance_to(gallery, 1, (-3, 0)) == 2


@pytest.mark.parametrize(
    ('sample', 'query'), [((0, 0), (3, 4)), ((3, 4), (0, 0)), ((0, 0), (0, 0))]
)
def test_a_zero_vector_is_at_distance_one_of_everything(sample, query):
    gallery = Gallery(metric='cosine', budget=3)
    remember(gallery, 1, sample)
    assert distance_to(gallery, 1, query) == 1


@BY_METRIC
def test_tracks_without_samples_are_infinitely_far(metric):
    gallery = Gallery(metric=metric, budget=3)
    assert distance_to(gallery, 2, (1, 0)) == math.inf
    remember(gallery, 2, (1, 0))
    assert distance_to(gallery, 1, (1, 0)) == math.inf
    assert distance_to(gallery, 3, (1, 0)) == math.inf
    gallery.forget(np.array([2]))
    assert distance_to(gallery, 2, (1, 0)) == math.inf


def test_a_track_may_get_its_first_sample_after_younger_ones():
    gallery = Gallery(metric='cosine', budget=3)
    gallery.add(np.array([5, 7]), vectors((1, 0), (0, 1)))
    gallery.add(np.array([6, 3, 2]), vectors((1, 1), (-1, 0), (-1, 1)))
    distances = gallery.distances(np.array([2, 3, 5, 6, 7]), vectors((1, 0)), np.ones((5, 1), bool))
    half = math.sqrt(0.5)
    np.testing.assert_allclose(distances[:, 0], [1 + half, 2, 0, 1 - half, 1], atol=1e-6)


def test_only_allowed_pairs_are_multiplied(monkeypatch):
    gallery = Gallery(metric='cosine', budget=3)
    gallery.add(np.arange(1, 6), np.eye(5, dtype=np.float32))
    pairs = []
    multiply = Gallery._products_at
    monkeypatch.setattr(
        Gallery,
        '_products_at',
        lambda self, *args: pairs.append(len(args[0])) or multiply(self, *args),
    )
    gallery.distances(np.arange(1, 6), np.eye(5, dtype=np.float32), np.eye(5, dtype=bool))
    assert pairs == [5]


def test_memory_is_used_again():
    gallery = Gallery(metric='cosine', budget=4)
    for first in range(1, 2000, 10):
        ids = np.arange(first, first + 10)
        for _ in range(9):
            gallery.add(ids, np.ones((10, 2), np.float32))
        gallery.forget(ids[:-1])
        gallery.forget(np.array([first - 1]))
    assert gallery._samples.shape == (20, 4, 2)
    assert gallery._ids.tolist() == [2000]


def test_without_a_budget_memory_grows_with_the_samples():
    gallery = Gallery(metric='cosine', budget=None)
    for angle in np.linspace(0, 3, 300):
        remember(gallery, 1, (math.cos(angle), math.sin(angle)))
    assert gallery._samples.shape == (1, 512, 2)
    assert distance_to(gallery, 1, (1, 0)) == pytest.approx(0, abs=1e-6)


@BY_METRIC
def test_embeddings_of_another_length_are_refused(metric):
    gallery = Gallery(metric=metric, budget=3)
    remember(gallery, 1, (1, 0))
    for call in (lambda: remember(gallery, 1, (1, 0, 0)), lambda: distance_to(gallery, 1, [1])):
        with pytest.raises(ValueError, match=r'Got [13] channels after 2: use one re-ident'):
            call()


def test_unit_vectors():
    unit = unit_vectors(vectors((3, 4), (0, 0), (-2e-20, 0), (0, 5e18)))
    assert unit.dtype == np.float32
    np.testing.assert_allclose(unit, [[0.6, 0.8], [0, 0], [-1, 0], [0, 1]], rtol=1e-6)


def test_moving_average_by_hand():
    # 0.9 (1, 0) + 0.1 (0, 1) has length sqrt(0.82); opposite halves cancel.
    average = moving_average(vectors((1, 0)), vectors((0, 1)), 0.9)
    np.testing.assert_allclose(average, np.array([[0.9, 0.1]]) / math.sqrt(0.82), rtol=1e-6)
    assert average.dtype == np.float32
    assert moving_average(vectors((1, 0)), vectors((-1, 0)), 0.5).tolist() == [[0, 0]]


@pytest.mark.parametrize('at_once', [1, 3, 8])
def test_many_detections_of_a_track_are_taken_in_turns(monkeypatch, at_once):
    monkeypatch.setattr(gallery_module, 'QUERIES_AT_ONCE', at_once)
    gallery = Gallery(metric='euclidean', budget=2)
    gallery.add(np.array([1, 2]), vectors([0], [100]))
    queries = np.arange(10, dtype=np.float32)[:, None]
    allowed = np.array([[True] * 10, [False] * 9 + [True]])
    distances = gallery.distances(np.array([1, 2]), queries, allowed)
    np.testing.assert_allclose(distances[0], np.arange(10) ** 2)
    assert distances[1, 9] == 91**2
