"""VideoSampler: by brute force over numbers of processes."""

from __future__ import annotations

import itertools

import pytest
from mmdet import datasets
from mmengine.dataset import ClassBalancedDataset, ConcatDataset, RepeatDataset
from torch.utils.data import DataLoader

from mmtrack_ext.datasets.samplers import VideoSampler, video_sampler, videos_of
from mmtrack_ext.datasets.samplers.video_sampler import share_videos
from mmtrack_ext.registry import DATA_SAMPLERS


@pytest.fixture
def shares(monkeypatch):
    """The indices that each of several processes gets."""

    def of(dataset, world_size):
        found = []
        for rank in range(world_size):
            monkeypatch.setattr(video_sampler, 'get_dist_info', lambda r=rank: (r, world_size))
            sampler = VideoSampler(dataset, seed=0)
            found.append(list(sampler))
            assert len(sampler) == len(found[-1])
        return found

    return of


LENGTHS = [[4, 1, 7, 2, 2, 5], [3], [1, 1, 1], [9, 1, 1, 1]]


@pytest.mark.parametrize('world_size', [1, 2, 3, 4, 5])
@pytest.mark.parametrize('lengths', LENGTHS, ids=str)
def test_every_frame_once_and_videos_unbroken(make_dataset, shares, lengths, world_size):
    dataset = make_dataset(lengths)
    per_rank = shares(dataset, world_size)
    assert sorted(itertools.chain(*per_rank)) == list(range(sum(lengths)))
    starts = [0, *itertools.accumulate(lengths)]
    for indices in per_rank:
        assert indices == sorted(indices)
        for start, stop in itertools.pairwise(starts):
            inside = [index for index in indices if start <= index < stop]
            assert inside in ([], list(range(start, stop)))


@pytest.mark.parametrize('world_size', [1, 2, 3, 4, 5])
@pytest.mark.parametrize('lengths', LENGTHS, ids=str)
def test_longest_share_is_near_the_best_of_all(lengths, world_size):
    """Against every possible assignment; Graham (1969): at most 4/3 - 1/(3m) of the best."""
    ours = max(sum(lengths[v] for v in share) for share in share_videos(lengths, world_size))
    best = min(
        max(sum(n for n, r in zip(lengths, ranks, strict=True) if r == rank) for rank in ranks)
        for ranks in itertools.product(range(world_size), repeat=len(lengths))
    )
    assert ours <= best * (4 / 3 - 1 / (3 * world_size))


def test_shares_by_hand(make_dataset, shares):
    """Longest first: 5 to A, 4 to B, 2 to B (4 < 5), 1 to A (5 < 6)."""
    dataset = make_dataset([4, 1, 5, 2])
    assert shares(dataset, 2) == [[4, 5, 6, 7, 8, 9], [0, 1, 2, 3, 10, 11]]


def test_a_process_without_videos_yields_nothing(make_dataset, shares, monkeypatch):
    dataset = make_dataset([2])
    assert shares(dataset, 3) == [[0, 1], [], []]
    monkeypatch.setattr(video_sampler, 'get_dist_info', lambda: (2, 3))
    loader = DataLoader(dataset, batch_size=4, sampler=VideoSampler(dataset), num_workers=0)
    assert (len(loader), list(loader)) == (0, [])


@pytest.mark.parametrize('wrapper', [ConcatDataset, datasets.ConcatDataset])
@pytest.mark.parametrize('world_size', [1, 2, 3])
def test_concatenated_datasets_with_the_same_video_ids(make_dataset, shares, world_size, wrapper):
    parts = [make_dataset([2, 3]), make_dataset([1, 4], name='b.json')]
    dataset = wrapper([*parts, parts[0]])
    videos = [[0, 1], [2, 3, 4], [5], [6, 7, 8, 9], [10, 11], [12, 13, 14]]
    assert videos_of(dataset) == videos
    per_rank = shares(dataset, world_size)
    assert sorted(itertools.chain(*per_rank)) == list(range(15))
    for video in videos:
        assert sum(set(video) <= set(indices) for indices in per_rank) == 1


def test_datasets_that_repeat_frames_are_refused(annotation, make_dataset):
    dataset = make_dataset([2], [annotation(1, 1, [1, 1, 5, 5])])
    for wrapped in (RepeatDataset(dataset, 2), ClassBalancedDataset(dataset, 1.0), [1, 2]):
        name = type(wrapped).__name__
        with pytest.raises(ValueError, match=f'every frame stands once. Got {name}') as error:
            VideoSampler(wrapped)
        assert '\n' not in str(error.value)
    with pytest.raises(ValueError, match='not in a row'):
        VideoSampler(make_dataset([2, 2]).get_subset([0, 2, 1]))


def test_filtered_training_frames_are_still_whole_videos(annotation, make_dataset):
    boxes = [annotation(n, n, [1, 1, 5, 5]) for n in (1, 3, 5)]
    dataset = make_dataset([3, 2], boxes, filter_cfg=dict(filter_empty_gt=True))
    assert videos_of(dataset) == [[0, 1], [2]]


def test_is_registered_and_says_no_epoch_matters(make_dataset):
    sampler = DATA_SAMPLERS.build(
        dict(type='VideoSampler'), default_args=dict(dataset=make_dataset([2, 1]), seed=3)
    )
    before = list(sampler)
    sampler.set_epoch(5)
    assert list(sampler) == before == [0, 1, 2]
