"""Federated average precision in cases that can be worked out on paper."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mmtrack_ext.evaluation.tao import Rows, box_precision, read_federated, track_precision
from mmtrack_ext.evaluation.tao.matching import MATCHED, MATCHED_IGNORED, UNMATCHED, match
from mmtrack_ext.evaluation.tao.overlaps import Pairs
from mmtrack_ext.fileio import FileFormatError

DOG, CAT, KITTEN = 1, 2, 5
BOX = [0, 0, 40, 40]  # of medium area
FAR = [500, 0, 40, 40]


@pytest.fixture
def make_truth(tmp_path):
    """Two videos of five frames (ids 11-15 and 21-25) with given tracks and lists."""

    def make(tracks, *, negative=((), ()), incomplete=((), ()), merged=(), **more):
        content = {'videos': [], 'images': [], 'annotations': []}
        content['categories'] = [
            {'id': DOG, 'name': 'dog', 'frequency': 'f'},
            {'id': CAT, 'name': 'cat', 'frequency': 'r', 'merged': list(merged)},
            {'id': KITTEN, 'name': 'kitten', 'frequency': 'r'},
        ]
        for v in (0, 1):
            lists = dict(neg_category_ids=negative[v], not_exhaustive_category_ids=incomplete[v])
            content['videos'].append({'id': v + 1, 'name': f'v{v + 1}', **lists})
            for frame in range(5):
                image = 10 * (v + 1) + frame + 1
                content['images'].append(
                    {'id': image, 'video_id': v + 1, 'frame_index': 30 * frame}
                )
        for number, (category, boxes) in enumerate(tracks):
            content['annotations'] += [
                dict(image_id=i, category_id=category, bbox=box, track_id=number, **more)
                for i, box in boxes.items()
            ]
        path = tmp_path / 'truth.json'
        path.write_text(json.dumps(content))
        return read_federated(path)

    return make


def results(truth, *tracks):
    """Rows from (category, score, boxes by image); ids count from 1."""
    return truth.rows_of(
        dict(image_id=i, category_id=category, bbox=box, score=score, track_id=number)
        for number, (category, score, boxes) in enumerate(tracks, start=1)
        for i, box in boxes.items()
    )


def still(*images, box=BOX):
    return dict.fromkeys(images, box)


@pytest.mark.parametrize(
    ('found', 'ap50', 'ap75'),
    [
        (still(11, 12, 13, 14), 1, 1),
        (still(11, 12, 13), 1, 1),  # IoU 3/4: a threshold is reached by equality
        (still(11, 12), 1, 0),  # 2/4
        (still(11), 0, 0),
        (still(12, 13, 14, 15), 1, 0),  # 3/5: frame 15 adds its box to the union
        (still(11, 12, 13, 14, box=[0, 0, 40, 30]), 1, 1),  # 3/4 in every frame
        ({**still(11, 12, 13), **still(14, box=FAR)}, 1, 0),  # 3 / (4 + 1)
    ],
)
def test_iou_of_tracks(make_truth, found, ap50, ap75):
    truth = make_truth([(DOG, still(11, 12, 13, 14))])
    scores = track_precision(truth, results(truth, (DOG, 0.9, found)))
    found_scores = [scores[name] for name in ('AP50', 'AP75', 'AP')]
    assert found_scores == pytest.approx([ap50, ap75, (ap50 + ap75) / 2])


def test_precision_and_recall(make_truth):
    """Right, wrong, right: precision 1 up to recall 1/2 (51 levels), then 2/3 (50 levels)."""
    truth = make_truth([(DOG, still(11)), (DOG, still(11, box=FAR))])
    found = [(DOG, 0.9, still(11)), (DOG, 0.8, still(12)), (DOG, 0.7, still(11, box=FAR))]
    expected = pytest.approx((51 + 50 * 2 / 3) / 101)
    assert track_precision(truth, results(truth, *found))['AP'] == expected
    # As boxes the same, but image 12 has neither a dog nor the word that there is none.
    assert box_precision(truth, results(truth, *found))['AP'] == pytest.approx(1)
    scores = box_precision(truth, results(truth, found[0], (DOG, 0.8, still(11)), found[2]))
    assert scores['AP'] == expected
    assert (scores['AR'], scores['APf'], scores['APr'], scores['APs']) == (1, expected, -1, -1)


@pytest.mark.parametrize(
    ('negative', 'incomplete', 'expected'),
    [
        (((), ()), ((), ()), 1),  # nobody looked for dogs in video 2
        (((), (DOG,)), ((), ()), 0.5),  # there are none: the best result is wrong
        (((), (DOG,)), ((), (DOG,)), 1),
        (((), (CAT,)), ((), ()), 1),
    ],
)
@pytest.mark.parametrize('precision', [track_precision, box_precision])
def test_federated_rules(make_truth, precision, negative, incomplete, expected):
    truth = make_truth([(DOG, still(11))], negative=negative, incomplete=incomplete)
    found = results(truth, (DOG, 0.5, still(11)), (DOG, 0.9, still(21)), (CAT, 0.9, still(11)))
    assert precision(truth, found)['AP'] == pytest.approx(expected)


def test_unmatched_results_of_an_incomplete_class_do_not_count(make_truth):
    tracks = [(DOG, still(11, 12))]
    for incomplete, expected in ((), 0.5), ((DOG,), 1):
        truth = make_truth(tracks, incomplete=(incomplete, ()))
        found = results(truth, (DOG, 0.9, still(13, 14)), (DOG, 0.5, still(11, 12)))
        assert track_precision(truth, found)['AP'] == pytest.approx(expected)


def test_classes_are_averaged_and_one_without_results_has_0(make_truth):
    truth = make_truth([(DOG, still(11)), (CAT, still(11)), (CAT, still(21))])
    found = results(truth, (DOG, 0.5, still(11)), (CAT, 0.5, still(21)))
    # cat: recall 1/2 is reached by 51 of 101 levels
    assert track_precision(truth, found)['AP'] == pytest.approx((1 + 51 / 101) / 2)
    assert track_precision(truth, found)['AR'] == pytest.approx((1 + 1 / 2) / 2)
    assert track_precision(truth, results(truth))['AP'] == 0
    assert box_precision(truth, results(truth))['AP'] == 0


def test_nothing_to_find(make_truth):
    truth = make_truth([], negative=((DOG,), ()))
    found = results(truth, (DOG, 0.5, still(11)))
    assert set(track_precision(truth, found).values()) == {-1.0}
    assert set(box_precision(truth, found).values()) == {-1.0}


def test_merged_categories_are_one(make_truth):
    tracks = [(CAT, still(11)), (KITTEN, still(21))]
    apart = make_truth(tracks)
    found = [(KITTEN, 0.5, still(11)), (CAT, 0.6, still(21))]
    assert track_precision(apart, results(apart, *found))['AP'] == 0
    truth = make_truth(tracks, merged=[{'id': KITTEN, 'name': 'kitten'}])
    assert track_precision(truth, results(truth, *found))['AP'] == pytest.approx(1)
    assert box_precision(truth, results(truth, *found))['AP'] == pytest.approx(1)


def test_areas_and_durations_at_their_limits(make_truth):
    """3 frames are short and medium, 32 x 32 pixels small and medium; both ends belong."""
    path = still(11, 12, 13, box=[0, 0, 32, 32])
    truth = make_truth([(DOG, path)])
    scores = track_precision(truth, results(truth, (DOG, 0.5, path)))
    expected = {'area_s': 1, 'area_m': 1, 'area_l': -1, 'time_s': 1, 'time_m': 1, 'time_l': -1}
    assert {name: round(scores[f'AP_{name}'], 9) for name in expected} == expected


def test_a_wrong_result_counts_in_its_own_range_only(make_truth):
    """The long wrong track costs precision among medium durations, not among short ones."""
    truth = make_truth([(DOG, still(11, 12)), (DOG, still(11, 12, 13, 14, box=FAR))])
    wrong = still(11, 12, 13, 14, 15, box=[0, 300, 40, 40])
    found = [
        (DOG, 0.9, wrong),
        (DOG, 0.5, still(11, 12)),
        (DOG, 0.4, still(11, 12, 13, 14, box=FAR)),
    ]
    scores = track_precision(truth, results(truth, *found))
    assert scores['AP_time_s'] == pytest.approx(1)
    assert scores['AP_time_m'] == pytest.approx(1 / 2)
    assert scores['AP'] == pytest.approx(2 / 3)


def test_areas_of_annotations_are_those_of_masks_for_boxes_alone(make_truth):
    truth = make_truth([(DOG, still(11))], area=100.0)  # the box has 1600
    found = results(truth, (DOG, 0.5, still(11)))
    boxes, tracks = box_precision(truth, found), track_precision(truth, found)
    assert (boxes['APs'], boxes['APm']) == (pytest.approx(1), -1)
    assert (tracks['AP_area_s'], tracks['AP_area_m']) == (-1, pytest.approx(1))


def test_the_best_boxes_of_an_image_are_scored(make_truth):
    truth = make_truth([(DOG, still(11))])
    found = results(truth, (CAT, 0.9, still(11)), (DOG, 0.5, still(11)), (CAT, 0.4, still(11)))
    for precision in (track_precision, box_precision):
        assert precision(truth, found, max_boxes=2)['AP'] == pytest.approx(1)
        assert precision(truth, found, max_boxes=1)['AP'] == 0


def test_scores_of_tracks_are_means(make_truth):
    """0.9 and 0.3 have the mean 0.6, less than 0.7: the wrong track goes first."""
    truth = make_truth([(DOG, still(11, 12))])
    right = results(truth, (DOG, 0.9, still(11, 12)))
    right.scores[1] = 0.3
    wrong = truth.rows_of([dict(image_id=13, category_id=DOG, bbox=BOX, score=0.7, track_id=2)])
    scores = track_precision(truth, Rows.join([right, wrong]))
    assert scores['AP'] == pytest.approx(1 / 2)


def test_rounding_of_trackevals_thresholds_costs_tracks_nothing(make_truth):
    """IoU 0.7 reaches its 0.7000000000000002: 5 of the 10 thresholds; lvis has 0.7."""
    truth = make_truth([(DOG, still(11))])
    found = results(truth, (DOG, 0.5, still(11, box=[0, 0, 28, 40])))
    assert track_precision(truth, found)['sweep_AP'] == pytest.approx(5 / 10)
    assert box_precision(truth, found)['AP'] == pytest.approx(5 / 10)


def test_of_equal_scores_the_first_video_by_name_goes_first(make_truth):
    truth = make_truth([(DOG, still(11))], negative=((), (DOG,)))
    found = results(truth, (DOG, 0.5, still(21)), (DOG, 0.5, still(11)))
    for precision in (track_precision, box_precision):
        assert precision(truth, found)['AP'] == pytest.approx(1)


def test_a_threshold_is_reached_by_equality_and_of_equal_overlaps_the_last_is_taken():
    pairs = Pairs(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([0.5, 0.5, 0.6]))
    fate = match(pairs, np.array([0.8, 0.3]), np.zeros((1, 2), bool), thresholds=np.array([0.5]))
    assert fate[:, 0, 0].tolist() == [MATCHED, UNMATCHED]


def test_matching_of_one_true_object_by_two():
    """Thresholds 0.5 and 0.7; the better score takes what it can, also where it fits worse."""
    pairs = Pairs(np.array([0, 1]), np.array([0, 0]), np.array([0.6, 0.9]))
    fate = match(
        pairs, np.array([0.8, 0.3]), np.array([[False], [True]]), thresholds=np.array([0.5, 0.7])
    )
    assert fate[:, 0].tolist() == [[MATCHED, UNMATCHED], [UNMATCHED, MATCHED]]
    assert fate[:, 1].tolist() == [
        [MATCHED_IGNORED, UNMATCHED],
        [UNMATCHED, MATCHED_IGNORED],
    ]


def test_a_counted_object_goes_before_an_ignored_one_that_fits_better():
    pairs = Pairs(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([0.9, 0.6, 0.9]))
    fate = match(pairs, np.array([0.8, 0.3]), np.array([[True, False]]), thresholds=np.array([0.5]))
    assert fate[:, 0, 0].tolist() == [MATCHED, MATCHED_IGNORED]


def test_ids_start_at_1(make_truth):
    truth = make_truth([(DOG, still(11))])
    found = results(truth, (DOG, 0.5, still(11)))
    found.tracks[:] = 0
    with pytest.raises(ValueError, match=r'ids in results start at 1; got 0\. Add 1'):
        track_precision(truth, found)


def test_a_track_has_one_category_and_one_box_an_image(make_truth):
    truth = make_truth([(DOG, still(11, 12))])
    found = results(truth, (DOG, 0.5, still(11, 12)))
    found.categories[1] += 1
    with pytest.raises(ValueError, match=r'track 1 has boxes of several categories \(image 12\)'):
        track_precision(truth, found)
    twice = Rows.join([found[:1], found[:1]])
    with pytest.raises(ValueError, match=r'track 1 has two boxes in one image \(image 11\)'):
        track_precision(truth, twice)


def test_files_that_cannot_be_scored_by(tmp_path, make_truth):
    with pytest.raises(FileNotFoundError, match=r'tao2coco\.py makes it'):
        read_federated(tmp_path / 'none.json')
    path = tmp_path / 'bad.json'
    content = {'images': [{'id': 1}], 'categories': [{'id': 3, 'name': 'dog'}]}
    path.write_text(json.dumps(content))
    with pytest.raises(FileFormatError, match=r"'images' is empty, or an entry has no 'neg_cat"):
        box_precision(read_federated(path), results(make_truth([])))
    content['annotations'] = [{'image_id': 1, 'category_id': 4, 'bbox': BOX}]
    path.write_text(json.dumps(content))
    with pytest.raises(
        FileFormatError, match=r'bad.json: an entry lacks, or refers to a missing, 4'
    ):
        read_federated(path)
    path.write_text('[')
    with pytest.raises(FileFormatError, match='this is no TAO or LVIS annotation file') as error:
        read_federated(path)
    assert str(error.value).count('bad.json') == 1
    path.write_text('[]')
    with pytest.raises(FileFormatError, match='this is no TAO or LVIS annotation file'):
        read_federated(path)
