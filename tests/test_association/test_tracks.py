"""The table of live tracks."""

import numpy as np
import pytest

from mmtrack_ext.association.tracks import Tracks, TrackState

TENTATIVE, CONFIRMED = TrackState.TENTATIVE, TrackState.CONFIRMED
LOST, REMOVED = TrackState.LOST, TrackState.REMOVED


def table():
    tracks = Tracks(num_states=7)
    tracks.append(
        4,
        ids=np.array([2, 3, 5, 8]),
        states=[CONFIRMED, REMOVED, TENTATIVE, LOST],
        boxes=np.arange(16).reshape(4, 4),
        scores=[0.9, 0.8, 0.7, 0.6],
        hits=1,
    )
    tracks.means[:] = np.arange(28).reshape(4, 7)
    return tracks


def test_a_new_table_is_empty():
    tracks = Tracks(num_states=7)
    assert len(tracks) == 0
    assert tracks.means.shape == (0, 7)
    assert tracks.covariances.shape == (0, 7, 7)


def test_append():
    tracks = table()
    tracks.append(2, ids=[9, 10], states=CONFIRMED, last_frame=4, boxes=[[1, 2, 3, 4]] * 2)
    assert len(tracks) == 6
    assert tracks.ids.tolist() == [2, 3, 5, 8, 9, 10]
    assert tracks.states.tolist() == [CONFIRMED, REMOVED, TENTATIVE, LOST, CONFIRMED, CONFIRMED]
    assert tracks.hits.tolist() == [1, 1, 1, 1, 0, 0]
    assert tracks.last_frame.tolist() == [0, 0, 0, 0, 4, 4]
    assert tracks.scores.tolist() == [0.9, 0.8, 0.7, 0.6, 0, 0]
    assert tracks.boxes[[3, 5]].tolist() == [[12, 13, 14, 15], [1, 2, 3, 4]]
    assert tracks.means[4:].tolist() == [[0] * 7] * 2
    assert tracks.expired.tolist() == [False] * 6


@pytest.mark.parametrize(
    ('states', 'rows'),
    [
        ((CONFIRMED,), [0]),
        ((LOST,), [3]),
        ((LOST, CONFIRMED), [0, 3]),
        ((TENTATIVE, CONFIRMED, LOST), [0, 2, 3]),
    ],
)
def test_rows_of_states(states, rows):
    tracks = table()
    assert tracks.rows(*states).tolist() == rows
    assert tracks.are(*states).tolist() == [row in rows for row in range(4)]
    assert tracks.states.tolist() == [CONFIRMED, REMOVED, TENTATIVE, LOST]


def test_drop_removed_shrinks_every_column():
    tracks = table()
    tracks.add_column('depth', np.float64, (2,))
    tracks.depth[:] = np.arange(8).reshape(4, 2)
    tracks.drop_removed()
    assert tracks.ids.tolist() == [2, 5, 8]
    assert tracks.states.tolist() == [CONFIRMED, TENTATIVE, LOST]
    assert tracks.boxes[:, 0].tolist() == [0, 8, 12]
    assert tracks.scores.tolist() == [0.9, 0.7, 0.6]
    assert tracks.means[:, 0].tolist() == [0, 14, 21]
    assert tracks.depth.tolist() == [[0, 1], [4, 5], [6, 7]]
    assert len(tracks.covariances) == len(tracks.hits) == 3


def test_a_further_column_starts_at_zero_and_grows():
    tracks = table()
    tracks.add_column('depth', np.float64, (2,))
    assert tracks.depth.tolist() == [[0, 0]] * 4
    tracks.append(2, ids=[9, 10], depth=[[1, 2], [3, 4]])
    tracks.append(1, ids=[11])
    assert tracks.depth[4:].tolist() == [[1, 2], [3, 4], [0, 0]]


def test_tables_share_nothing():
    first, second = Tracks(), Tracks()
    first.add_column('depth', np.float64)
    first.append(1, ids=[1])
    second.append(2, ids=[1, 2])
    assert len(first) == 1
    assert len(second) == 2
    assert not hasattr(second, 'depth')


def test_means_and_covariances_are_parts_of_one_column():
    tracks = table()
    tracks.covariances[2, 3, 4] = 7
    assert tracks.gaussians[2, 3].tolist() == [0, 0, 0, 0, 7, 0, 0, 17]
    tracks.gaussians[1, :, -1] = 5
    assert tracks.means[1].tolist() == [5] * 7
    tracks.means[1, 2] = 6
    assert tracks.gaussians[1, 2].tolist() == [0] * 7 + [6]
