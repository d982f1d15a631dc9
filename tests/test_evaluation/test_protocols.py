"""Inference from names, and the arguments and rows that are refused."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from mmtrack_ext.evaluation.protocols import RowError, infer_protocol
from mmtrack_ext.evaluation.trackeval_bridge import evaluate_sequences

TRUTH = [(frame, 1, 10, 20, 10, 10) for frame in range(4)]


@pytest.mark.parametrize(
    ('names', 'protocol'),
    [
        (['MOT16-02', 'MOT16-14'], 'MOT16'),
        (['MOT17-02-DPM', 'MOT17-04-FRCNN', 'MOT17-05-SDP', 'MOT17-09'], 'MOT17'),
        (['MOT20-01'], 'MOT20'),
        (['dancetrack0004', 'dancetrack0100'], 'DanceTrack'),
        (['TUD-Campus', 'PETS09-S2L2', 'KITTI-16', 'ADL-Rundle-3', 'Venice-1'], 'MOT15'),
        (['ETH-Pedcross2', 'AVG-TownCentre', 'ETH-Crossing', 'KITTI-13'], 'MOT15'),
        (['my-street', 'synth-0001'], 'none'),
        (['KITTI-18'], 'none'),
        (['TUD-Campus-copy'], 'none'),
        (['MOT17-021'], 'none'),
    ],
)
def test_names_tell_the_protocol(names, protocol):
    assert infer_protocol(names) == protocol


def test_mixed_names_are_refused():
    with pytest.raises(ValueError, match=r'MOT17-02 \(MOT17\), my-street \(none\).*--benchmark'):
        infer_protocol(['MOT17-02', 'my-street', 'MOT17-04'])


def test_no_names_are_refused():
    with pytest.raises(ValueError, match='no sequences'):
        infer_protocol([])


def score(truth, results, *, protocol='MOT17', num_frames=4):
    return evaluate_sequences({'s': truth}, {'s': results}, {'s': num_frames}, protocol=protocol)


def test_frames_beyond_the_end(make_truth, make_results):
    with pytest.raises(RowError, match=r's, frame 4 of the ground truth: .* frames 1 to 3'):
        score(make_truth(TRUTH), make_results([]), num_frames=3)
    beyond = make_results([(0, 1, 0, 0, 5, 5), (6, 1, 0, 0, 5, 5)])
    with pytest.raises(RowError, match='s, frame 7 of the results') as caught:
        score(make_truth(TRUTH), beyond)
    assert (caught.value.row, caught.value.frame, caught.value.source) == (1, 6, 'results')


def test_ids_twice_in_a_frame(make_truth, make_results):
    twice = [*TRUTH, (2, 1, 0, 0, 5, 5)]
    with pytest.raises(RowError, match='frame 3 of the ground truth: id 1 stands twice'):
        score(make_truth(twice), make_results([]))
    with pytest.raises(RowError, match='frame 3 of the results: id 1 stands twice'):
        score(make_truth(TRUTH), make_results(twice))


def test_boxes_that_are_not_finite(make_truth, make_results):
    with pytest.raises(RowError, match=r'frame 2 of the results: box .*nan.* is not finite'):
        score(make_truth(TRUTH), make_results([(1, 1, 0, float('nan'), 5, 5)]))


def test_classes_that_the_benchmark_does_not_know(make_truth, make_results):
    unknown = make_truth([*TRUTH, (1, 2, 0, 0, 5, 5, 1, 14)])
    with pytest.raises(RowError, match='frame 2 of the ground truth: MOT17 knows classes 1 to 13'):
        score(unknown, make_results([]))
    assert score(unknown, make_results([]), protocol='MOT15')['COMBINED']['FN'] == 5


@pytest.mark.parametrize('protocol', ['MOT15', 'MOT17', 'none'])
def test_ground_truth_without_a_row_to_score(protocol, make_truth, make_results):
    truth = make_truth([(*row, 0) for row in TRUTH])
    with pytest.raises(ValueError, match=r'no row .*flag other than 0'):
        score(truth, make_results([]), protocol=protocol)


def test_arguments_that_do_not_fit(make_truth, make_results):
    truth, results = make_truth(TRUTH), make_results(TRUTH)
    with pytest.raises(ValueError, match=r"one of MOT15, .*Got 'MOT99'"):
        score(truth, results, protocol='MOT99')
    with pytest.raises(ValueError, match='no sequences'):
        evaluate_sequences({}, {}, {}, protocol='none')
    with pytest.raises(ValueError, match='results differ in sequences: a, b'):
        evaluate_sequences({'a': truth}, {'b': results}, {'a': 4}, protocol='none')
    with pytest.raises(ValueError, match='num_frames differ in sequences: a'):
        evaluate_sequences({'a': truth}, {'a': results}, {}, protocol='none')
    with pytest.raises(ValueError, match="cannot be named 'COMBINED'"):
        evaluate_sequences(
            {'COMBINED': truth}, {'COMBINED': results}, {'COMBINED': 4}, protocol='none'
        )


def test_inputs_stay_as_they_are_and_need_no_order(make_truth, make_results):
    truth, results = make_truth(TRUTH), make_results(TRUTH)
    before = [column.copy() for table in (truth, results) for column in vars(table).values()]
    expected = score(truth, results)
    after = [column for table in (truth, results) for column in vars(table).values()]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    backwards = [
        dataclasses.replace(table, **{name: column[::-1] for name, column in vars(table).items()})
        for table in (truth, results)
    ]
    assert score(*backwards) == expected


def test_prints_nothing_and_imports_no_network_code():
    code = (
        'import sys, mmtrack_ext.evaluation.trackeval_bridge\n'
        "loaded = {'torch', 'mmengine', 'mmcv', 'mmdet', 'cv2', 'matplotlib'} & set(sys.modules)\n"
        'assert not loaded, loaded'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')


def test_scoring_prints_nothing(capsys, make_truth, make_results):
    score(make_truth(TRUTH), make_results(TRUTH))
    assert capsys.readouterr() == ('', '')
