"""Pairs of frames of one video."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
from mmengine.dataset import BaseDataset, ClassBalancedDataset, ConcatDataset, pseudo_collate

from mmtrack_ext.datasets.reference_frame import ReferenceFrame
from mmtrack_ext.models.data_preprocessors import FramePairPreprocessor

PAIR_PIPELINE = [
    dict(
        type='TransformBroadcaster',
        transforms=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadTrackAnnotations'),
            dict(type='PackFrameInputs'),
        ],
    )
]


@pytest.fixture(autouse=True)
def seeded():
    state = random.getstate()
    random.seed(0)
    yield
    random.setstate(state)


def drawn(frame_ids, key, times=2000, **arguments):
    reference = ReferenceFrame(**arguments)
    counts = Counter(reference.draw(np.array(frame_ids), key=key) for _ in range(times))
    return {frame: count / times for frame, count in counts.items()}


def test_every_other_frame_in_range_is_as_likely():
    shares = drawn([0, 1, 2, 3, 4, 5], key=2, frame_range=2)
    assert shares.keys() == {0, 1, 3, 4}
    assert all(abs(share - 1 / 4) < 0.05 for share in shares.values())


def test_the_key_frame_may_be_among_them():
    shares = drawn([0, 1, 2, 3, 4, 5], key=1, frame_range=(-2, 2), include_key=True)
    assert shares.keys() == {0, 1, 2, 3}
    assert all(abs(share - 1 / 4) < 0.05 for share in shares.values())


def test_the_range_counts_frames_of_the_video_not_items():
    assert drawn([0, 7, 9, 30], key=1, frame_range=(-3, 3)).keys() == {2}


def test_one_direction():
    assert drawn([0, 1, 2], key=1, frame_range=(-1, 0)).keys() == {0}


def test_who_has_no_neighbour_pairs_with_itself():
    assert drawn([5], key=0, frame_range=10).keys() == {0}
    assert drawn([0, 50], key=1, frame_range=10).keys() == {1}


@pytest.mark.parametrize('wrong', [-1, (1, 2), (0, 1, 2), (-1.5, 2), 'near'])
def test_wrong_range(wrong):
    with pytest.raises(ValueError, match=r"'frame_range' parameter of ReferenceFrame .* Got"):
        ReferenceFrame(wrong)


@pytest.fixture
def videos(make_dataset, make_sequence, tmp_path):
    """Videos of 3 frames, 1 frame and 2 frames, as pairs."""
    lengths = [3, 1, 2]
    for number, length in enumerate(lengths, start=1):
        make_sequence(f'V{number}', length, images=True)

    def make(**options):
        prefix = dict(img_path=f'{tmp_path}/')
        return make_dataset(lengths, reference=dict(frame_range=1), data_prefix=prefix, **options)

    return make


@pytest.fixture
def pairs(videos):
    return videos(pipeline=PAIR_PIPELINE)


def partners(dataset, idx, times=40):
    items = [dataset[idx]['data_samples'] for _ in range(times)]
    assert {key.img_id for key, _ in items} == {idx + 1}
    return {reference.img_id for _, reference in items}


def test_pairs_stay_in_their_video(pairs):
    assert [partners(pairs, idx) for idx in range(6)] == [{2}, {1, 3}, {2}, {4}, {6}, {5}]


def test_pairs_of_a_part_of_a_dataset(pairs):
    part = pairs.get_subset([1, 2, 4])
    assert {part[0]['data_samples'][1].img_id for _ in range(20)} == {3}
    pairs.get_subset_(2)
    assert partners(pairs, 1) == {1}


def test_a_part_has_its_own_pipeline(pairs):
    # What mmengine copied in an earlier call may have had the address of this pipeline.
    remembered = BaseDataset._copy_without_annotation.__defaults__[0]
    remembered[id(pairs.pipeline)] = 'of another dataset'
    try:
        assert partners(pairs.get_subset([0, 1, 2]), 0) == {2}
    finally:
        del remembered[id(pairs.pipeline)]


def test_wrappers_know_pairs(pairs):
    assert partners_of_last(ConcatDataset([pairs, pairs])) == {5}
    assert partners_of_last(ClassBalancedDataset(pairs, oversample_thr=1e-3)) == {5}


def partners_of_last(dataset):
    return {dataset[len(dataset) - 1]['data_samples'][1].img_id for _ in range(20)}


def test_no_pairs_in_testing(videos):
    single = videos(pipeline=PAIR_PIPELINE[0]['transforms'], test_mode=True)
    assert single[1]['data_samples'].img_id == 2


def test_frames_with_different_numbers_of_boxes_make_a_batch(videos, annotation):
    boxes = [annotation(n, 1, [n, 1, 5, 5]) for n in (1, 2)] + [annotation(3, 5, [1, 1, 5, 5])]
    dataset = videos(annotations=boxes, pipeline=PAIR_PIPELINE)
    batch = pseudo_collate([dataset[0], dataset[1], dataset[4]])
    assert batch.keys() == {'inputs', 'data_samples'}
    assert [len(key.gt_instances) for key in batch['data_samples'][0]] == [2, 0, 1]


def test_a_batch_holds_the_key_frames_then_their_references(pairs):
    batch = pseudo_collate([pairs[0], pairs[5]])
    pixels = [batch['inputs'][frame][item] for frame in (0, 1) for item in (0, 1)]
    out = FramePairPreprocessor(mean=[0, 0, 0], std=[2, 2, 2])(batch, training=True)
    assert [sample.img_id for sample in out['data_samples']] == [1, 6, 2, 5]
    for row, image in enumerate(pixels):
        assert (out['inputs'][row] == image.float() / 2).all()


def test_a_batch_of_single_frames_passes(pairs):
    frames = [
        dict(inputs=one['inputs'][0], data_samples=one['data_samples'][0])
        for one in map(pairs.__getitem__, range(6))
    ]
    out = FramePairPreprocessor()(pseudo_collate(frames))
    assert [sample.img_id for sample in out['data_samples']] == [1, 2, 3, 4, 5, 6]
