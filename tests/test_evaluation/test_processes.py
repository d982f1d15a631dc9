"""Scoring in several processes gives the same, and ends when told to."""

import dataclasses
import multiprocessing

import pytest

from mmtrack_ext.evaluation.trackeval_bridge import evaluate_sequences


@pytest.fixture
def three_sequences(make_truth, make_results):
    truths, results, num_frames = {}, {}, {}
    for name, length in (('b', 5), ('c', 9), ('a', 7)):
        rows = [(frame, i, 33 * i + frame, 20, 10, 10) for frame in range(length) for i in (1, 2)]
        truths[name], results[name] = make_truth(rows), make_results(rows[2:-3])
        num_frames[name] = length
    return truths, results, num_frames


def test_processes_change_nothing(three_sequences):
    alone = evaluate_sequences(*three_sequences, protocol='MOT17')
    together = evaluate_sequences(*three_sequences, protocol='MOT17', num_workers=2)
    assert together == alone
    assert list(together) == list(alone) == ['protocol', 'b', 'c', 'a', 'COMBINED']


def test_interruption_ends_the_processes(three_sequences):
    def interrupted(finished):
        yield next(iter(finished))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate_sequences(*three_sequences, protocol='MOT17', num_workers=2, progress=interrupted)
    assert multiprocessing.active_children() == []


def test_an_error_in_a_process_arrives(three_sequences):
    truths, results, num_frames = three_sequences
    narrow = results['c'].boxes_tlwh[:, :3]
    results['c'] = dataclasses.replace(results['c'], boxes_tlwh=narrow)
    with pytest.raises(IndexError, match='index 3 is out of bounds'):
        evaluate_sequences(truths, results, num_frames, protocol='MOT17', num_workers=2)
    assert multiprocessing.active_children() == []


def test_the_number_of_processes_is_checked(three_sequences):
    with pytest.raises(ValueError, match=r"'num_workers' parameter must be at least 1. Got 0"):
        evaluate_sequences(*three_sequences, protocol='MOT17', num_workers=0)
