"""TAOMetric on data samples as mmengine's evaluator hands them over."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from mmtrack_ext.evaluation.metrics import TAOMetric

CLASSES = ('cat', 'dog', 'unknown')  # not in the order of the file
IMAGES = (11, 12, 13, 21)
BOX = [10.0, 10.0, 50.0, 60.0]


@pytest.fixture
def ann_file(tmp_path):
    """A dog in frames 11-13 of video 1, a cat in frame 21 of video 2."""
    lists = dict(neg_category_ids=[], not_exhaustive_category_ids=[])
    videos = [{'id': v, 'name': f'v{v}', **lists} for v in (1, 2)]
    images = [{'id': i, 'video_id': i // 10, 'frame_index': i % 10} for i in IMAGES]
    box = [10, 10, 40, 50]
    annotations = [
        dict(id=i, image_id=i, video_id=i // 10, category_id=c, track_id=i // 10, bbox=box)
        for i, c in ((11, 4), (12, 4), (13, 4), (21, 7))
    ]
    categories = [{'id': 4, 'name': 'dog'}, {'id': 7, 'name': 'cat'}]
    tables = dict(videos=videos, images=images, annotations=annotations, categories=categories)
    path = tmp_path / 'tao.json'
    path.write_text(json.dumps(tables))
    return path


def sample(image, rows):
    """A frame from rows: id, label, score; all at the same place."""
    ids, labels, scores = (list(column) for column in zip(*rows, strict=True)) if rows else [[]] * 3
    found = dict(
        bboxes=torch.tensor([BOX] * len(rows)).reshape(-1, 4),
        scores=torch.tensor(scores, dtype=torch.float64),
        labels=torch.tensor(labels, dtype=torch.int64),
    )
    tracked = dict(
        found,
        instances_id=torch.tensor(ids, dtype=torch.int64),
        detection_index=torch.arange(len(rows)),
    )
    return dict(img_id=image, pred_instances=found, pred_track_instances=tracked)


def evaluate(metric, samples, classes=CLASSES):
    metric.dataset_meta = {'classes': classes}
    metric.process(None, samples)
    return metric.evaluate(len(samples))


@pytest.fixture
def samples():
    """Track 1 is twice a dog, once a cat; the second video has a track of the same id."""
    return [
        sample(11, [(1, 0, 0.9)]),
        sample(12, [(1, 1, 0.6)]),
        sample(13, [(1, 1, 0.6)]),
        sample(21, [(1, 0, 0.5)]),
    ]


def test_the_class_of_a_track_is_that_of_most_boxes(ann_file, samples, tmp_path):
    scores = evaluate(TAOMetric(ann_file, out=tmp_path), samples)
    assert scores['tao/track_AP'] == pytest.approx(100)
    assert scores['tao/track_sweep_AP'] == pytest.approx(100)
    assert scores['tao/track_AP_time_l'] == -1
    # As boxes: 2 of 3 dogs, 67 of 101 levels of recall; the cat of image 11 does not count.
    assert scores['tao/bbox_AP50'] == pytest.approx(100 * (67 / 101 + 1) / 2)
    rows = json.loads((tmp_path / 'tao/data/tracks.json').read_text())
    assert [row['category_id'] for row in rows] == [4, 4, 4, 7]
    assert [row['video_id'] for row in rows] == [1, 1, 1, 2]
    first = dict(image_id=11, category_id=4, bbox=[10, 10, 40, 50], score=0.9, track_id=1)
    assert rows[0] == first | {'video_id': 1}
    boxes = json.loads((tmp_path / 'tao/boxes.json').read_text())
    assert boxes[0] == dict(image_id=11, category_id=7, bbox=[10, 10, 40, 50], score=0.9)
    assert json.loads((tmp_path / 'tao/metrics.json').read_text())['track_AP50'] == pytest.approx(
        100
    )


def test_the_order_of_the_frames_changes_nothing(ann_file, samples, tmp_path):
    scores = [
        evaluate(TAOMetric(ann_file, out=tmp_path / name), ordered)
        for name, ordered in (('a', samples), ('b', samples[3:] + samples[:3]))
    ]
    assert scores[0] == scores[1]
    a, b = ((tmp_path / name / 'tao/data/tracks.json').read_bytes() for name in 'ab')
    assert a == b


def test_frames_without_results_and_unknown_classes(ann_file):
    samples = [sample(11, [(1, 2, 0.9)]), *(sample(image, []) for image in IMAGES[1:])]
    scores = evaluate(TAOMetric(ann_file), samples)
    assert (scores['tao/track_AP'], scores['tao/bbox_AP']) == (0, 0)


def test_what_was_tested_is_scored(ann_file, samples):
    scores = evaluate(TAOMetric(ann_file, metric='track'), samples[3:])
    assert scores['tao/track_AP'] == pytest.approx(100)
    assert not [name for name in scores if 'bbox' in name]
    metric = TAOMetric(ann_file)
    metric.dataset_meta = {'classes': CLASSES}
    metric.process(None, samples[:3])
    with pytest.raises(ValueError, match=r'TAOMetric got 3 frames of 4'):
        metric.evaluate(4)


def test_results_of_a_set_without_annotations(ann_file, samples, tmp_path):
    content = json.loads(ann_file.read_text())
    del content['annotations']
    content['videos'] = [{'id': 1, 'name': 'v1'}, {'id': 2, 'name': 'v2'}]
    ann_file.write_text(json.dumps(content))
    assert evaluate(TAOMetric(ann_file, out=tmp_path, format_only=True), samples) == {}
    assert len(json.loads((tmp_path / 'tao/data/tracks.json').read_text())) == 4
    with pytest.raises(
        ValueError, match=r"'videos' is empty, or an entry has no 'neg_category_ids"
    ):
        evaluate(TAOMetric(ann_file), samples)


def test_a_single_threshold_is_the_mean(ann_file):
    """IoU 2/3: two of the three frames."""
    samples = [sample(11, [(1, 1, 0.9)]), sample(12, [(1, 1, 0.9)])]
    samples += [sample(13, []), sample(21, [(1, 0, 0.9)])]
    assert evaluate(TAOMetric(ann_file), samples)['tao/track_AP'] == pytest.approx(75)
    scores = evaluate(TAOMetric(ann_file, iou_thresholds=(0.5,)), samples)
    assert scores['tao/track_AP'] == pytest.approx(100)
    # 0.5 to 0.65 of the ten for the dog
    assert scores['tao/track_sweep_AP'] == pytest.approx(100 * (0.4 + 1) / 2)


def test_wrong_parameters_and_results(ann_file, samples, tmp_path):
    for options, message in (
        (dict(metric='boxes'), 'must be of track, bbox'),
        (dict(iou_thresholds=()), 'iou_thresholds must be above 0'),
        (dict(max_boxes=0), 'max_boxes must be at least 1'),
    ):
        with pytest.raises(ValueError, match=message):
            TAOMetric(ann_file, **options)
    with pytest.raises(FileNotFoundError, match='no such annotation file'):
        evaluate(TAOMetric(tmp_path / 'none.json'), samples)
    with pytest.raises(ValueError, match='no image has the id 99'):
        evaluate(TAOMetric(ann_file), [sample(99, [])])
    with pytest.raises(ValueError, match=r"called as one of the dataset's classes \('horse'\)"):
        evaluate(TAOMetric(ann_file), samples, classes=('horse',))
    with pytest.raises(ValueError, match='has the label 3, the dataset 3 classes'):
        evaluate(TAOMetric(ann_file), [sample(11, [(1, 3, 0.9)])])
    with pytest.raises(ValueError, match='ids in results start at 1; got 0'):
        evaluate(TAOMetric(ann_file), [sample(11, [(0, 1, 0.9)])])


def test_scores_are_float64_on_any_input(ann_file, samples):
    """Float32 tensors of a network are widened once."""
    for frame in samples:
        for name in ('pred_instances', 'pred_track_instances'):
            frame[name]['scores'] = frame[name]['scores'].float()
    assert np.isclose(evaluate(TAOMetric(ann_file), samples)['tao/track_AP'], 100)
