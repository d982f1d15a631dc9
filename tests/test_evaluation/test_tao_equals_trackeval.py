"""Track AP equals TrackEval's TrackMAP on the same files."""

from __future__ import annotations

import contextlib
import io
import json
import runpy

import numpy as np
import pytest
import trackeval
from mmengine.structures import InstanceData

from mmtrack_ext.evaluation.metrics import TAOMetric
from mmtrack_ext.evaluation.tao import read_federated, track_precision, track_scores
from mmtrack_ext.evaluation.tao.track_precision import RANGES, SWEEP

THRESHOLDS = np.array([0.5, 0.75, *SWEEP])


@pytest.fixture(scope='module')
def make_case(root):
    return runpy.run_path(str(root / 'tests/data/tao/make_case.py'))['make_case']


def run_trackeval(annotations, trackers, tracker, *, max_boxes):
    """Class average of TrackMAP: field -> (T,) of THRESHOLDS."""
    quiet = {'PRINT_CONFIG': False}
    options = ('OUTPUT_SUMMARY', 'OUTPUT_DETAILED', 'PLOT_CURVES', 'TIME_PROGRESS', 'PRINT_RESULTS')
    with contextlib.redirect_stdout(io.StringIO()):
        dataset = trackeval.datasets.TAO(
            {
                **quiet,
                'GT_FOLDER': str(annotations),
                'TRACKERS_FOLDER': str(trackers),
                'TRACKERS_TO_EVAL': [tracker],
                'MAX_DETECTIONS': max_boxes,
            }
        )
        evaluator = trackeval.Evaluator(
            {**quiet, **dict.fromkeys(options, False), 'LOG_ON_ERROR': None}
        )
        metric = trackeval.metrics.TrackMAP({**quiet, 'IOU_THRESHOLDS': THRESHOLDS})
        scores, _ = evaluator.evaluate([dataset], [metric])
    return scores['TAO'][tracker]['COMBINED_SEQ']['cls_comb_cls_av']['TrackMAP']


@pytest.fixture
def write_case(make_case, tmp_path):
    """Folders as TrackEval reads them, and the results."""

    def write(seed):
        truth, results = make_case(seed)
        for path, content in (('gt/truth.json', truth), ('trackers/ours/data/r.json', results)):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(json.dumps(content))
        return results

    return write


@pytest.mark.parametrize('max_boxes', [300, 3])
@pytest.mark.parametrize('seed', range(12))
def test_every_figure(write_case, tmp_path, seed, max_boxes):
    results = write_case(seed)
    expected = run_trackeval(tmp_path / 'gt', tmp_path / 'trackers', 'ours', max_boxes=max_boxes)
    truth = read_federated(tmp_path / 'gt' / 'truth.json')
    rows = truth.rows_of(results)
    scores = track_scores(truth, rows, thresholds=THRESHOLDS, max_boxes=max_boxes)
    for kind, values in (('AP', scores.precisions), ('AR', scores.recalls)):
        for place, part in enumerate(RANGES):
            ours = [scores.mean(values[:, place, t]) for t in range(len(THRESHOLDS))]
            theirs = expected[f'{kind}_{part.name}']
            assert ours == pytest.approx(theirs, abs=1e-9), f'{kind}_{part.name}'
    summary = track_precision(truth, rows, max_boxes=max_boxes)
    means = {'AP': expected['AP_all'][:2], 'sweep_AP': expected['AP_all'][2:]}
    means |= {'AP50': expected['AP_all'][0], 'AP75': expected['AP_all'][1]}
    means |= {'AP_time_s': expected['AP_time_s'][:2], 'sweep_AR': expected['AR_all'][2:]}
    for name, values in means.items():
        assert summary[name] == pytest.approx(np.mean(values), abs=1e-9), name


def samples_of(truth, results, names):
    """Data samples of all frames, the frames of a video one after the other."""
    order = sorted(truth['images'], key=lambda image: (image['video_id'], image['frame_index']))
    samples = []
    for image in order:
        rows = [entry for entry in results if entry['image_id'] == image['id']]
        boxes = np.array([entry['bbox'] for entry in rows], float).reshape(-1, 4)
        found = InstanceData(
            bboxes=np.c_[boxes[:, :2], boxes[:, :2] + boxes[:, 2:]],
            scores=np.array([entry['score'] for entry in rows], float),
            labels=np.array([names[entry['category_id']] for entry in rows], int),
            instances_id=np.array([entry['track_id'] for entry in rows], int),
            detection_index=np.arange(len(rows)),
        )
        order_of_ids = np.argsort(found.instances_id)
        tracked = {key: value[order_of_ids] for key, value in found.items()}
        samples.append(
            dict(img_id=image['id'], pred_track_instances=tracked, pred_instances=found.to_dict())
        )
    return samples


@pytest.mark.parametrize('seed', [0, 8, 12])
def test_the_files_of_the_metric(write_case, make_case, tmp_path, seed):
    """What it writes gives the same figures there, whatever the order of classes and frames."""
    truth, results = make_case(seed)
    write_case(seed)
    classes = [category['name'] for category in reversed(truth['categories'])]
    labels = {category['id']: classes.index(category['name']) for category in truth['categories']}
    metric = TAOMetric(tmp_path / 'gt' / 'truth.json', out=tmp_path / 'out')
    metric.dataset_meta = {'classes': classes}
    samples = samples_of(truth, results, labels)
    metric.process(None, samples)
    scores = metric.evaluate(len(samples))
    expected = run_trackeval(tmp_path / 'gt', tmp_path / 'out', 'tao', max_boxes=300)
    assert scores['tao/track_AP'] == pytest.approx(100 * np.mean(expected['AP_all'][:2]), abs=1e-7)
    assert scores['tao/track_AP'] > 10
    assert scores['tao/track_sweep_AP'] == pytest.approx(
        100 * np.mean(expected['AP_all'][2:]), abs=1e-7
    )
    written = json.loads((tmp_path / 'out/tao/metrics.json').read_text())
    assert scores == {f'tao/{name}': value for name, value in written.items()}
