"""The bridge gives TrackEval's figures, every field of them, bit for bit."""

from pathlib import Path

import numpy as np
import pytest

from mmtrack_ext.evaluation.protocols import infer_protocol
from mmtrack_ext.evaluation.trackeval_bridge import evaluate_sequences
from mmtrack_ext.fileio import (
    GroundTruth,
    read_ground_truth,
    read_results,
    read_sequence_info,
    write_ground_truth,
)

DATA = Path(__file__).resolve().parents[3] / 'shared' / 'data'
FOLDERS = {
    'MOT15/train': 'MOT15',
    'MOT17/train': 'MOT17',
    'MOT17/val_half': 'MOT17',
    'MOT20/train': 'MOT20',
    'DanceTrack/val': 'DanceTrack',
    '.': 'MOT15',  # PETS09-S2L1 alone, with 9 columns
}


def read(gt, results, lengths):
    truths = {name: read_ground_truth(gt / name / 'gt' / 'gt.txt') for name in lengths}
    return truths, {name: read_results(results / f'{name}.txt') for name in lengths}, lengths


@pytest.mark.skipif(
    not DATA.is_dir(), reason='needs ../shared/data, which is not in the repository'
)
@pytest.mark.parametrize('folder', FOLDERS)
def test_every_sequence_of_the_shared_data(folder, tmp_path, run_trackeval, imitate):
    gt, results = DATA / folder, tmp_path / 'results'
    results.mkdir()
    files = sorted(gt.glob('*/gt/gt.txt'))
    lengths = {}
    for seed, file in enumerate(files):
        name = file.parents[1].name
        lengths[name] = read_sequence_info(file.parents[1] / 'seqinfo.ini').num_frames
        imitate(results / f'{name}.txt', read_ground_truth(file), seed=seed)
    protocol = infer_protocol(lengths)
    assert protocol == FOLDERS[folder]
    benchmark = protocol.replace('DanceTrack', 'MOT17')  # as its authors call TrackEval
    expected = run_trackeval(gt, results, lengths, benchmark=benchmark)
    scores = evaluate_sequences(*read(gt, results, lengths), protocol=protocol)
    assert scores == {'protocol': protocol, **expected}
    assert 20 < scores['COMBINED']['HOTA'] < 60  # a comparison of zeros would prove nothing


@pytest.fixture
def small_set(tmp_path, imitate):
    """Sequences with every class, flags 0 and frames without rows; one has no results."""
    (tmp_path / 'results').mkdir()
    # Not in the order of the names, in which TrackEval adds up.
    lengths = {'d': 40, 'c': 25, 'b': 30, 'a': 20}
    for seed, (name, length) in enumerate(lengths.items()):
        truth = walkers(length, seed=seed)
        write_ground_truth(tmp_path / 'gt' / name / 'gt' / 'gt.txt', truth)
        imitate(tmp_path / 'results' / f'{name}.txt', truth, seed=seed)
    (tmp_path / 'results' / 'b.txt').write_text('')
    return tmp_path / 'gt', tmp_path / 'results', lengths


def walkers(length, *, seed):
    """26 boxes, two of each class, that walk to the right; frame 3 and the last have none."""
    rng = np.random.default_rng(seed)
    frames, ids = (grid.ravel() for grid in np.mgrid[0 : length - 1, 0:26])
    start = rng.uniform(0, 400, (26, 2))
    boxes = np.column_stack([start[ids], np.full((len(ids), 2), (40.25, 90.5))])
    boxes[:, 0] += 3.3 * frames
    flags = (rng.random(len(ids)) > 0.1).astype(np.int64)
    truth = GroundTruth(frames, ids + 1, boxes, flags, ids // 2 + 1, np.ones(len(ids)))
    return truth[frames != 3]


@pytest.mark.parametrize('protocol', ['MOT15', 'MOT16', 'MOT17', 'MOT20', 'DanceTrack'])
def test_small_set(protocol, small_set, run_trackeval):
    expected = run_trackeval(*small_set, benchmark=protocol)
    scores = evaluate_sequences(*read(*small_set), protocol=protocol)
    assert scores == {'protocol': protocol, **expected}
    assert list(scores) == ['protocol', *small_set[2], 'COMBINED']
    assert scores['b']['FN'] == scores['b']['GT_Dets'] > 0


def test_small_set_has_what_the_protocols_differ_in(small_set):
    def false_positives(protocol):
        return evaluate_sequences(*read(*small_set), protocol=protocol)['COMBINED']['FP']

    assert false_positives('MOT16') == false_positives('MOT17') > false_positives('MOT20')


def test_without_preprocessing_one_class_is_scored_as_it_is(small_set, run_trackeval):
    gt, _, lengths = small_set
    for name in lengths:
        path = gt / name / 'gt' / 'gt.txt'
        truth = read_ground_truth(path)
        write_ground_truth(path, truth[truth.classes == 1])
    expected = run_trackeval(*small_set, benchmark='MOT17', preproc=False)
    scores = evaluate_sequences(*read(*small_set), protocol='none')
    assert scores == {'protocol': 'none', **expected}


def test_values_are_plain_numbers(small_set):
    scores = evaluate_sequences(*read(*small_set), protocol='MOT17')
    assert {type(value) for value in scores['COMBINED'].values()} == {int, float}
    assert isinstance(scores['COMBINED']['IDFN'], int)
