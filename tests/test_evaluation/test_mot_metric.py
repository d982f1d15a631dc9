"""The metric of a test run: equal to the command line on the files it writes."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from mmtrack_ext.association.detections import Detections, TrackedBoxes
from mmtrack_ext.association.trackers import build_tracker
from mmtrack_ext.evaluation.metrics import MOTMetric, VideoCocoMetric, whole_video_metric
from mmtrack_ext.fileio import read_detections, read_results, write_ground_truth, write_results
from mmtrack_ext.fileio.mot_text import results_as_written
from mmtrack_ext.structures import detections_to_instances, tracked_to_instances
from mmtrack_ext.testing.scenes import make_scene, write_scene


def track(scene, folder, *, start=0, stop=None):
    """Data samples as mmengine's evaluator hands them over; frames ``start`` to ``stop``."""
    stop = scene.info.num_frames if stop is None else stop
    tracker = build_tracker(dict(type='ByteTracker'))
    found = scene.detections
    samples = []
    for frame in range(start, stop):
        rows = found.frames == frame
        detections = Detections(found.boxes[rows], found.scores[rows])
        samples.append(
            dict(
                video_name=scene.info.name,
                video_length=stop - start,
                frame_id=frame - start,
                mot_frame_id=frame + 1,
                frame_rate=30,
                ori_shape=(720, 1280),
                img_path=str(folder / scene.info.name / 'img1' / f'{frame + 1:06d}.jpg'),
                pred_instances=detections_to_instances(detections).to_dict(),
                pred_track_instances=tracked_to_instances(tracker.update(detections)).to_dict(),
            )
        )
    return samples


@pytest.fixture
def scenes(tmp_path):
    folder = tmp_path / 'scenes'
    made = [make_scene(name, num_frames=n, seed=n) for name, n in (('left', 30), ('right', 41))]
    for scene in made:
        write_scene(folder, scene)
    return folder, made


def evaluate(metric, samples):
    for start in range(0, len(samples), 4):
        metric.process(None, samples[start : start + 4])
    return metric.evaluate(len(samples))


def test_scores_and_files_equal_the_command_lines(scenes, tmp_path, root, run_tool):
    folder, made = scenes
    out = tmp_path / 'out'
    scores = evaluate(MOTMetric(out=out), [s for scene in made for s in track(scene, folder)])
    again = tmp_path / 'again.json'
    finished = run_tool('evaluate_mot.py', out, folder, '--json', again)
    assert finished.returncode == 0, finished.stderr
    written = json.loads((out / 'metrics.json').read_text())
    assert written == json.loads(again.read_text())
    assert scores['mot/HOTA'] == written['COMBINED']['HOTA'] > 30
    config = root / 'configs/bytetrack/bytetrack_detections_scenes.py'
    cached = tmp_path / 'cached'
    finished = run_tool('track_detections.py', config, out / 'detections', cached)
    assert finished.returncode == 0, finished.stderr
    for name in ('left.txt', 'right.txt'):
        assert (cached / name).read_bytes() == (out / name).read_bytes()


def test_second_half_is_scored_against_its_own_frames(scenes, tmp_path):
    folder, (_, right) = scenes
    part = evaluate(MOTMetric(), track(right, folder, start=21))
    # The same frames as a sequence of their own, numbered from 1.
    write_ground_truth(tmp_path / 'half' / 'right' / 'gt' / 'gt.txt', right.truth.span(21, 41))
    samples = track(right, tmp_path / 'half', start=21)
    for sample in samples:
        sample['mot_frame_id'] -= 21
    assert evaluate(MOTMetric(), samples) == part
    shifted = track(right, folder, start=21)
    for sample in shifted:
        sample['mot_frame_id'] -= 21
    assert evaluate(MOTMetric(), shifted)['mot/HOTA'] < part['mot/HOTA'] / 2


def test_perfect_tracks_score_100(scenes):
    folder, (left, _) = scenes
    samples = track(left, folder)
    for frame, sample in enumerate(samples):
        rows = (left.truth.frames == frame) & (left.truth.flags == 1)
        corners = left.truth.boxes_tlwh[rows].copy()
        corners[:, 2:] += corners[:, :2]
        count = int(rows.sum())
        tracked = TrackedBoxes(
            left.truth.ids[rows], corners, np.ones(count), np.zeros(count, int), np.arange(count)
        )
        sample['pred_track_instances'] = tracked_to_instances(tracked).to_dict()
    scores = evaluate(MOTMetric(prefix='val'), samples)
    assert scores['val/HOTA'] == pytest.approx(100)
    assert [scores[f'val/{name}'] for name in ('FP', 'FN', 'IDSW')] == [0, 0, 0]


def test_processes_with_different_numbers_of_frames(scenes, monkeypatch):
    folder, made = scenes
    samples = [track(scene, folder) for scene in made]
    expected = evaluate(MOTMetric(), samples[0] + samples[1])
    ranks = [MOTMetric(), MOTMetric()]
    for metric, part in zip(ranks, samples, strict=True):
        metric.process(None, part)
    parts = [list(metric.results) for metric in ranks]
    monkeypatch.setattr(whole_video_metric, 'all_gather_object', lambda results: parts)
    assert ranks[0].evaluate(71) == expected
    monkeypatch.setattr(whole_video_metric, 'all_gather_object', lambda results: parts[:1])
    with pytest.raises(ValueError, match=r'30 frames of 71.*VideoSampler'):
        ranks[0].evaluate(71)


def test_without_ground_truth(scenes, tmp_path):
    _, (left, _) = scenes
    nowhere = tmp_path / 'test'
    with pytest.raises(ValueError, match=r'gt.txt: no ground truth.*--format-only'):
        evaluate(MOTMetric(), track(left, nowhere))
    scores = evaluate(MOTMetric(out=tmp_path / 'out', format_only=True), track(left, nowhere))
    assert scores == {}
    assert len(read_results(tmp_path / 'out' / 'left.txt').frames) > 100
    assert not (tmp_path / 'out' / 'metrics.json').exists()


def test_finished_videos_are_written_at_once(scenes, tmp_path):
    folder, made = scenes
    metric = MOTMetric(out=tmp_path, detections_text=tmp_path / 'text')
    metric.process(None, track(made[0], folder) + track(made[1], folder)[:-1])
    assert sorted(path.name for path in tmp_path.glob('*.txt')) == ['left.txt']
    cached = read_detections(tmp_path / 'detections' / 'left.npz')
    assert (cached.num_frames, cached.width, cached.height, cached.frame_rate) == (
        30,
        1280,
        720,
        30,
    )
    np.testing.assert_array_equal(cached.boxes, made[0].detections.boxes)
    text = read_detections(tmp_path / 'text' / 'left.txt')
    np.testing.assert_allclose(text.boxes, made[0].detections.boxes, atol=0.0101)


@pytest.mark.parametrize('packed', [True, False])
def test_the_zip_is_for_a_server(scenes, tmp_path, packed):
    _, (left, _) = scenes
    metric = MOTMetric(out=tmp_path, format_only=True, submission=packed)
    evaluate(metric, track(left, tmp_path / 'test'))
    assert (tmp_path / 'left.txt').exists()
    assert (tmp_path / 'submission.zip').exists() == packed


def test_interpolation_fills_a_gap():
    boxes = [[0, 0, 10, 20]], [[2, 0, 12, 20]], [[4, 0, 14, 20]]
    metric = MOTMetric(format_only=True, interpolation='linear')
    samples = []
    for frame, box in enumerate(boxes):
        ids = np.array([] if frame == 1 else [1], int)
        count = len(ids)
        tracked = TrackedBoxes(ids, np.array(box)[:count], np.ones(count), ids * 0, ids * 0)
        samples.append(
            dict(
                video_name='gap',
                video_length=3,
                frame_id=frame,
                ori_shape=(20, 30),
                img_path='/data/gap/img1/000001.jpg',
                pred_instances=detections_to_instances(Detections.empty()).to_dict(),
                pred_track_instances=tracked_to_instances(tracked).to_dict(),
            )
        )
    metric.process(None, samples)
    assert metric.results[0].tracked[1].boxes.tolist() == [[2, 0, 12, 20]]


def test_rounding_is_that_of_the_text(tmp_path):
    rng = np.random.default_rng(1)
    corners = np.round(rng.random((2000, 2)) * 100, 3)  # thousandths: many ties of rounding
    boxes = np.hstack([corners, corners + 5])
    ids = np.arange(1, 2001)
    tracked = [TrackedBoxes(ids, boxes, rng.random(2000), ids % 3, ids)]
    for multi_class in (False, True):
        write_results(tmp_path / 'a.txt', tracked, multi_class=multi_class)
        read = read_results(tmp_path / 'a.txt')
        direct = results_as_written(tracked, multi_class=multi_class)
        for name, column in vars(read).items():
            np.testing.assert_array_equal(getattr(direct, name), column, err_msg=name)


def test_average_precision_by_hand(tmp_path):
    # Two frames, three people; found: one exactly, one at IoU 0.6, one false alarm of low score.
    boxes = [[0, 0, 10, 10], [50, 50, 10, 10], [0, 0, 20, 20]]
    truth = dict(
        images=[dict(id=n, width=100, height=100, file_name=f'{n}.jpg') for n in (1, 2)],
        annotations=[
            dict(id=n, image_id=i, category_id=1, bbox=b, area=b[2] * b[3], iscrowd=0)
            for n, (i, b) in enumerate(zip((1, 1, 2), boxes, strict=True), start=1)
        ],
        categories=[dict(id=1, name='pedestrian')],
    )
    path = tmp_path / 'truth.json'
    path.write_text(json.dumps(truth))
    metric = VideoCocoMetric(ann_file=str(path), metric='bbox')
    metric.dataset_meta = dict(classes=('pedestrian',))
    found = {1: [[0, 0, 10, 10, 0.9], [80, 80, 90, 90, 0.3]], 2: [[0, 0, 20, 12, 0.8]]}
    samples = [
        dict(
            img_id=n,
            ori_shape=(100, 100),
            pred_instances=dict(
                bboxes=torch.tensor(rows)[:, :4],
                scores=torch.tensor(rows)[:, 4],
                labels=torch.zeros(len(rows), dtype=torch.long),
            ),
        )
        for n, rows in found.items()
    ]
    metric.process(None, samples)
    scores = metric.evaluate(2)
    # At IoU 0.5 two of three are found before the false alarm: 67 of 101 recall points at 1.
    assert scores['coco/bbox_mAP_50'] == pytest.approx(67 / 101, abs=6e-4)
    # At 0.75 one of three: 34 of 101.
    assert scores['coco/bbox_mAP_75'] == pytest.approx(34 / 101, abs=6e-4)
