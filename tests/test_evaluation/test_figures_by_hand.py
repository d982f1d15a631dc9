"""Scores that can be worked out on paper."""

import dataclasses

import numpy as np
import pytest

from mmtrack_ext.evaluation.trackeval_bridge import evaluate_sequences

BOX = (10, 20, 10, 10)


def combined(truth, results, *, num_frames=4, protocol='MOT17'):
    scores = evaluate_sequences({'s': truth}, {'s': results}, {'s': num_frames}, protocol=protocol)
    assert scores['s'] == scores['COMBINED']
    return scores['COMBINED']


def test_identity_switch_in_the_middle(make_truth, make_results):
    truth = make_truth([(frame, 1, *BOX) for frame in range(4)])
    results = make_results([(frame, 1 + frame // 2, *BOX) for frame in range(4)])
    scores = combined(truth, results)
    assert (scores['TP'], scores['FP'], scores['FN'], scores['IDSW']) == (4, 0, 0, 1)
    assert (scores['MT'], scores['Frag']) == (1, 0)
    assert scores['MOTA'] == 75  # 1 - (FN 0 + FP 0 + IDSW 1) / 4
    # One of the two ids can stand for the object: IDTP 2, IDFP 2, IDFN 2.
    assert scores['IDF1'] == 50  # 2 IDTP / (2 IDTP + IDFP + IDFN) = 4 / 8
    # Every match shares its identity with 2 of the object's 4 frames and with no false ones.
    assert scores['DetA'] == 100
    assert scores['AssA'] == pytest.approx(50)
    assert scores['HOTA'] == pytest.approx(100 * np.sqrt(0.5))


def test_shifted_box_counts_up_to_its_overlap(make_truth, make_results):
    truth = make_truth([(frame, 1, *BOX) for frame in range(4)])
    # 2 of 10 pixels aside: intersection 80, union 120, IoU 2 / 3.
    results = make_results([(frame, 1, 12, 20, 10, 10) for frame in range(4)])
    scores = combined(truth, results)
    # Of the 19 thresholds 0.05, 0.10, ... 0.95, the 13 up to 0.65 accept it.
    assert scores['HOTA'] == scores['DetA'] == pytest.approx(100 * 13 / 19)
    assert scores['MOTP'] == pytest.approx(100 * 2 / 3)
    # Where nothing matches, TrackEval says 1.
    assert scores['LocA'] == pytest.approx(100 * (13 * 2 / 3 + 6) / 19)
    assert scores['MOTA'] == scores['IDF1'] == 100


def test_miss_and_false_alarm(make_truth, make_results):
    truth = make_truth([(frame, 1, *BOX) for frame in range(4)])
    results = make_results([(0, 5, *BOX), (1, 5, *BOX), (2, 5, 500, 500, 10, 10), (3, 5, *BOX)])
    scores = combined(truth, results)
    assert (scores['TP'], scores['FP'], scores['FN'], scores['IDSW']) == (3, 1, 1, 0)
    assert scores['Frag'] == 1
    assert scores['MOTA'] == 50  # 1 - (1 + 1) / 4
    assert scores['IDF1'] == scores['IDP'] == scores['IDR'] == 75
    assert scores['DetA'] == pytest.approx(60)  # 3 / (3 + 1 + 1)
    assert scores['AssA'] == pytest.approx(60)
    assert scores['HOTA'] == pytest.approx(60)


def test_perfect_fractional_boxes_score_exactly_100(make_truth, make_results):
    rng = np.random.default_rng(3)
    boxes = rng.uniform((-5, -5, 0.1, 0.1), (999, 999, 77, 177), (60, 4)).tolist()
    rows = [(row // 6, row % 6, *box) for row, box in enumerate(boxes)]
    scores = combined(make_truth(rows), make_results(rows), num_frames=10)
    perfect = ('HOTA', 'DetA', 'AssA', 'LocA', 'MOTA', 'MOTP', 'IDF1', 'OWTA', 'sMOTA')
    assert {scores[field] for field in perfect} == {100}


def test_no_results_at_all(make_truth, make_results):
    truth = make_truth([(frame, 1, *BOX) for frame in range(4)])
    scores = combined(truth, make_results([]))
    assert (scores['HOTA'], scores['MOTA'], scores['IDF1'], scores['FN']) == (0, 0, 0, 4)


@pytest.mark.parametrize('offset', [-7, 10**12])
def test_any_whole_number_is_an_id(offset, make_truth, make_results):
    rows = [(frame, i, 50 * i, 20, 10, 10) for frame in range(4) for i in range(1, 5)]
    truth, results = make_truth(rows), make_results(rows)
    moved = [dataclasses.replace(table, ids=table.ids + offset) for table in (truth, results)]
    assert combined(*moved) == combined(truth, results)
    assert combined(*moved)['HOTA'] == 100


# A pedestrian, and something else that a tracker reports too.
@pytest.mark.parametrize(
    ('protocol', 'class_id', 'false_positives'),
    [
        ('MOT17', 7, 0),  # static person
        ('MOT16', 12, 0),  # reflection
        ('DanceTrack', 2, 0),  # person on vehicle
        ('MOT20', 8, 0),  # distractor
        ('MOT20', 6, 0),  # non-motorised vehicle: MOT20's extra class
        ('MOT17', 6, 4),
        ('MOT17', 3, 4),  # a car is no distractor
    ],
)
def test_results_on_distractors(protocol, class_id, false_positives, make_truth, make_results):
    truth, results = with_other_class(class_id, make_truth, make_results)
    scores = combined(truth, results, protocol=protocol)
    assert (scores['FP'], scores['GT_Dets']) == (false_positives, 4)
    assert (scores['HOTA'] == 100) == (false_positives == 0)


def test_without_preprocessing_distractors_count(make_truth, make_results):
    truth, results = with_other_class(7, make_truth, make_results)
    results = dataclasses.replace(results, classes=np.ones_like(results.ids))
    scores = evaluate_sequences({'s': truth}, {'s': results}, {'s': 4}, protocol='none')
    assert scores['PER_CLASS']['1']['COMBINED']['FP'] == 4
    assert scores['PER_CLASS']['7']['COMBINED']['FN'] == 4


def with_other_class(class_id, make_truth, make_results):
    other = (100, 20, 10, 10)
    pedestrian = [(frame, 1, *BOX) for frame in range(4)]
    truth = make_truth(pedestrian + [(frame, 2, *other, 1, class_id) for frame in range(4)])
    results = make_results(pedestrian + [(frame, 2, *other) for frame in range(4)])
    return truth, results


@pytest.mark.parametrize('protocol', ['MOT15', 'MOT17', 'none'])
def test_flag_0_is_not_scored(protocol, make_truth, make_results):
    rows = [(frame, 1, *BOX) for frame in range(4)]
    truth = make_truth(rows + [(frame, 2, 100, 20, 10, 10, 0) for frame in range(4)])
    scores = combined(truth, make_results(rows), protocol=protocol)
    assert (scores['GT_IDs'], scores['FN'], scores['HOTA']) == (1, 0, 100)
