"""Protocol 'none': every class of the ground truth on its own, then their average."""

import pytest

from mmtrack_ext.evaluation.protocols import RowError
from mmtrack_ext.evaluation.trackeval_bridge import evaluate_sequences

CAR, BUS = 1, 3
NAMES = {CAR: 'car', 2: 'truck', BUS: 'bus'}


def truth_row(frame, class_id):
    return (frame, class_id, 100 * class_id, 0, 50, 50, 1, class_id)


def result_row(frame, class_id):
    return (frame, class_id, 100 * class_id, 0, 50, 50, class_id)


@pytest.fixture
def two_sequences(make_truth, make_results):
    """Cars perfect, buses missed; the second sequence has cars alone."""
    both = [truth_row(frame, class_id) for frame in range(4) for class_id in (CAR, BUS)]
    truths = {'both': make_truth(both), 'cars': make_truth([truth_row(f, CAR) for f in range(6)])}
    results = {
        'both': make_results([result_row(frame, CAR) for frame in range(4)]),
        'cars': make_results([result_row(frame, CAR) for frame in range(6)]),
    }
    return truths, results, {'both': 4, 'cars': 6}


def test_class_averages(two_sequences):
    scores = evaluate_sequences(*two_sequences, protocol='none', class_names=NAMES)
    assert list(scores) == ['protocol', 'both', 'cars', 'COMBINED', 'PER_CLASS']
    assert list(scores['PER_CLASS']) == ['car', 'bus']
    car, bus = scores['PER_CLASS'].values()
    assert (car['COMBINED']['HOTA'], bus['COMBINED']['HOTA']) == (100, 0)
    assert (car['COMBINED']['TP'], bus['COMBINED']['FN']) == (10, 4)
    assert scores['COMBINED']['HOTA'] == scores['COMBINED']['MOTA'] == 50
    assert (scores['COMBINED']['TP'], scores['COMBINED']['FN']) == (10, 4)
    assert scores['both']['HOTA'] == 50
    assert scores['cars']['HOTA'] == 100  # no bus there, neither true nor reported


def test_classes_without_names_go_by_number(two_sequences):
    scores = evaluate_sequences(*two_sequences, protocol='none')
    assert list(scores['PER_CLASS']) == ['1', '3']


def test_one_class_has_no_class_table(make_truth, make_results):
    truth = make_truth([truth_row(frame, BUS) for frame in range(4)])
    for class_id in (BUS, -1):
        results = make_results([(*result_row(frame, BUS)[:6], class_id) for frame in range(4)])
        scores = evaluate_sequences({'s': truth}, {'s': results}, {'s': 4}, protocol='none')
        assert list(scores) == ['protocol', 's', 'COMBINED']
        assert scores['COMBINED']['HOTA'] == 100


def test_ids_are_unique_within_a_class(make_truth, make_results):
    rows = [(frame, 1, *truth_row(frame, c)[2:]) for frame in range(4) for c in (CAR, BUS)]
    truth = make_truth(rows)
    results = make_results([(*row[:6], row[7]) for row in rows])
    scores = evaluate_sequences({'s': truth}, {'s': results}, {'s': 4}, protocol='none')
    assert scores['COMBINED']['HOTA'] == 100


def test_results_of_a_named_class_without_ground_truth_are_not_scored(two_sequences, make_results):
    truths, results, lengths = two_sequences
    rows = [result_row(frame, class_id) for frame in range(6) for class_id in (CAR, 2)]
    results['cars'] = make_results(rows)
    scores = evaluate_sequences(truths, results, lengths, protocol='none', class_names=NAMES)
    assert scores['cars']['HOTA'] == 100
    with pytest.raises(RowError, match=r'cars, frame 1 of the results: class 2 .*\(1, 3\)'):
        evaluate_sequences(truths, results, lengths, protocol='none')


def test_with_several_classes_every_result_needs_one(two_sequences, make_results):
    truths, results, lengths = two_sequences
    results['both'] = make_results([result_row(0, CAR), result_row(2, CAR)[:6]])
    with pytest.raises(RowError, match=r'both, frame 3 of the results: class -1 .* several'):
        evaluate_sequences(truths, results, lengths, protocol='none')


@pytest.mark.parametrize('class_id', [0, 2, 7])
@pytest.mark.parametrize('protocol', ['MOT15', 'MOT17', 'MOT20', 'DanceTrack'])
def test_benchmarks_score_pedestrians_only(protocol, class_id, make_truth, make_results):
    truth = make_truth([truth_row(frame, 1) for frame in range(4)])
    results = make_results([result_row(0, 1), result_row(1, class_id)])
    with pytest.raises(RowError, match=f's, frame 2 .* class {class_id} where {protocol}'):
        evaluate_sequences({'s': truth}, {'s': results}, {'s': 4}, protocol=protocol)
