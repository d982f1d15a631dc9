"""FrameSampler: every frame, in any order."""

from __future__ import annotations

import itertools
import math

import pytest
from mmengine.dataset import ClassBalancedDataset, ConcatDataset, DefaultSampler, RepeatDataset

from mmtrack_ext.datasets.samplers import FrameSampler, frame_sampler


@pytest.fixture
def make(monkeypatch):
    def sampler(dataset, rank=0, world_size=1, epoch=0, **options):
        monkeypatch.setattr(frame_sampler, 'get_dist_info', lambda: (rank, world_size))
        made = FrameSampler(dataset, **dict(seed=7) | options)
        made.set_epoch(epoch)
        return made

    return sampler


@pytest.mark.parametrize('round_up', [False, True])
@pytest.mark.parametrize('world_size', [1, 2, 3, 4, 5])
@pytest.mark.parametrize('count', [1, 7, 12])
def test_processes_share_every_frame(make, count, world_size, round_up):
    samplers = [
        make(range(count), rank, world_size, round_up=round_up) for rank in range(world_size)
    ]
    shares = [list(sampler) for sampler in samplers]
    assert [len(sampler) for sampler in samplers] == [len(share) for share in shares]
    everything = list(itertools.chain(*shares))
    assert set(everything) == set(range(count))
    if round_up:
        assert {len(share) for share in shares} == {math.ceil(count / world_size)}
    else:
        assert sorted(everything) == list(range(count))


def test_order_is_that_of_mmengine(make):
    ours, theirs = make(range(20)), DefaultSampler(range(20), seed=7)
    for epoch in (0, 3):
        ours.set_epoch(epoch)
        theirs.set_epoch(epoch)
        assert list(ours) == list(theirs)
    assert list(make(range(20), epoch=0)) != list(make(range(20), epoch=1))
    assert list(make(range(5), shuffle=False)) == [0, 1, 2, 3, 4]


def test_interval_takes_every_kth_frame_of_each_video(make, make_dataset):
    dataset = ConcatDataset([make_dataset([5, 2]), make_dataset([4], name='b.json')])
    sampler = make(dataset, shuffle=False, interval=2)
    assert list(sampler) == [0, 2, 4, 5, 7, 9]
    assert sorted(make(dataset, interval=2, epoch=4)) == [0, 2, 4, 5, 7, 9]


def test_wrappers_that_repeat(annotation, make, make_dataset):
    boxes = [annotation(1, 1, [1, 1, 5, 5]), annotation(2, 2, [1, 1, 5, 5]) | dict(category_id=2)]
    dataset = make_dataset([4], boxes, ('person', 'car'))
    # Both classes are in 1 of 4 frames: sqrt(1 / 0.25) = 2.
    assert sorted(make(ClassBalancedDataset(dataset, 1.0))) == [0, 1, 2, 3, 4, 5]
    assert sorted(make(RepeatDataset(dataset, 3))) == list(range(12))
    with pytest.raises(ValueError, match='Got RepeatDataset'):
        make(RepeatDataset(dataset, 3), interval=2)


def test_errors(make):
    with pytest.raises(ValueError, match=r"'interval' .*Got 0"):
        make(range(3), interval=0)
    with pytest.raises(ValueError, match='has no frames'):
        make(range(0))
