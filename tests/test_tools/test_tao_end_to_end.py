"""TAO from published files to figures: converted, trained in two stages, tested, tracked again.

By hand, with what learns enough to be looked at (see tests/data/tao/README.md).
"""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch

from mmtrack_ext.association.detections import Detections
from mmtrack_ext.engine import load_checkpoint
from mmtrack_ext.fileio import read_detections, sequence_of_frames, write_detections
from mmtrack_ext.testing.made_tao import DRAWN, write_made_tao

# mmengine's runner and torch's DataLoader warn of their own parts on today's Python.
pytestmark = pytest.mark.filterwarnings('default')

NUM_FRAMES = 4
CLASSES = {category: label for label, (category, *_) in enumerate(DRAWN)}


@pytest.fixture
def configs(root, monkeypatch):
    """The published ones for LVIS and TAO."""
    # mmengine beautifies a config again and again, a second each time.
    monkeypatch.setattr('mmengine.config.config.FormatCode', lambda text, **_: (text, True))
    folder = root / 'configs' / 'qdtrack'
    names = ('24e_lvis_test-tao', '12e_tao_test-tao')
    return [folder / f'qdtrack_faster-rcnn_r101_{name}.py' for name in names]


@pytest.fixture
def data(tmp_path, run_tool_here):
    """``data`` with three videos to train on, three to validate, 30 images of LVIS and COCO."""
    folder = tmp_path / 'data'
    write_made_tao(folder, num_videos=3, num_frames=NUM_FRAMES, num_images=30)
    arguments = ('-i', folder / 'tao', '-o', folder / 'tao/annotations')
    assert run_tool_here('dataset_converters/tao2coco.py', *arguments)[0] == 0
    files = dict(
        lvis='lvis/annotations/lvis_v0.5_train.json',
        coco='coco/annotations/instances_train2017.json',
        mapping='coco_to_lvis_synset.json',
        out='lvis/annotations/lvisv0.5+coco_train.json',
    )
    options = [word for name, file in files.items() for word in (f'--{name}', folder / file)]
    assert run_tool_here('dataset_converters/lvis_coco_merge.py', *options)[0] == 0
    return folder


def of(tables, image):
    """The categories of an image's annotations."""
    return sorted(a['category_id'] for a in tables['annotations'] if a['image_id'] == image['id'])


def test_coco_gives_the_balls_that_lvis_lacks(data):
    names = ('lvis_v0.5_train', 'lvisv0.5+coco_train')
    before, after = (
        json.loads((data / 'lvis' / 'annotations' / f'{name}.json').read_text()) for name in names
    )
    coco = json.loads((data / 'coco/annotations/instances_train2017.json').read_text())
    ball = DRAWN[1][0]
    assert len(before['annotations']) < len(after['annotations'])
    for image in before['images']:
        balls = len(of(coco, image))
        known = of(before, image).count(ball)
        assert known == (balls if image['id'] % 2 else 0)
        assert of(after, image).count(ball) == balls
    assert sum(len(of(coco, image)) for image in before['images'][1::2]) > 1


def losses_of(folder):
    (log,) = folder.glob('*/vis_data/scalars.json')
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    return [row for row in rows if 'loss' in row]


def test_trained_on_lvis_then_on_tao_and_tracked_again(
    root, configs, data, tmp_path, run_tool_here
):
    lvis, tao = configs
    small = (root / 'tests' / 'data' / 'tao' / 'small.txt').read_text().split()
    common = [*small, 'param_scheduler.0.end=5', 'default_hooks.logger.interval=1']
    changes = [*common, 'train_cfg.max_epochs=3']
    arguments = (lvis, '--work-dir', tmp_path / 'lvis', '--cfg-options', *changes)
    status, out, error = run_tool_here('train.py', *arguments)
    assert status == 0, error + out[-2000:]
    start = tmp_path / 'lvis' / 'epoch_3.pth'
    # Classes are in 1/3 of the frames or more: sqrt(1 / (2 / 3)) and so on, rounded up.
    balanced = 'train_dataloader.dataset.oversample_thr=1.0'
    changes = [*common, 'train_cfg.max_epochs=1', f'load_from={start}', balanced]
    arguments = (tao, '--work-dir', tmp_path / 'tao', '--cfg-options', *changes)
    status, out, error = run_tool_here('train.py', *arguments)
    assert status == 0, error + out[-2000:]
    rows = losses_of(tmp_path / 'tao')
    assert {name for name in rows[0] if 'loss' in name} == {'loss', 'loss_track', 'loss_track_aux'}
    assert all(math.isfinite(row['loss']) for row in [*losses_of(tmp_path / 'lvis'), *rows])
    end = tmp_path / 'tao' / 'epoch_1.pth'
    before, after = (load_checkpoint(path)['state_dict'] for path in (start, end))
    moved = {name.split('.')[0] for name in before if not torch.equal(before[name], after[name])}
    assert moved == {'track_head'}

    options = ('--out', 'out', '--cfg-options', *common)
    status, out, error = run_tool_here('test.py', tao, end, *options)
    assert status == 0, error + out[-2000:]
    scores = json.loads((tmp_path / 'out' / 'evaluation.json').read_text())
    assert all(math.isfinite(value) for value in scores.values())
    means = [(scores['tao/track_AP50'] + scores['tao/track_AP75']) / 2]
    assert scores['tao/track_AP'] == pytest.approx(*means)
    own = json.loads((tmp_path / 'out' / 'tao' / 'metrics.json').read_text())
    assert {f'tao/{name}': value for name, value in own.items()} == scores
    assert check_files(tmp_path / 'out') > 10
    status, _, error = run_tool_here('track_detections.py', tao, 'out/detections', 'again')
    assert status == 0, error
    for number in range(3):
        name = f'val-made-v{number}.txt'
        assert (tmp_path / 'again' / name).read_bytes() == (tmp_path / 'out' / name).read_bytes()


def check_files(folder):
    """Result rows of both kinds agree, and detections have embeddings; the number of rows."""
    tracks = json.loads((folder / 'tao/data/tracks.json').read_text())
    boxes = json.loads((folder / 'tao/boxes.json').read_text())
    total = {'txt': 0, 'npz': 0}
    for number in range(3):
        name = f'val-made-v{number}'
        cached = read_detections(folder / 'detections' / f'{name}.npz')
        assert len(cached) == NUM_FRAMES
        assert cached.embeddings.shape == (len(cached.boxes), 64)
        total['npz'] += len(cached.boxes)
        rows = np.loadtxt(folder / f'{name}.txt', delimiter=',', ndmin=2)
        total['txt'] += len(rows)
        of_video = [row for row in tracks if row['video_id'] == 10 + number]
        found = sorted(
            (row['image_id'] % 1000 + 1, row['track_id'], *np.round(row['bbox'], 2))
            for row in of_video
        )
        np.testing.assert_allclose(found, sorted(map(tuple, rows[:, :6])), atol=0.011)
    assert (len(tracks), len(boxes)) == (total['txt'], total['npz'])
    return total['txt']


# The ground truth as predictions.


def annotated(data):
    """Rows of the validation set: video, frame, category, track, box as (x1, y1, x2, y2)."""
    content = json.loads((data / 'tao' / 'annotations' / 'validation.json').read_text())
    frames = {image['id']: image['frame_index'] // 30 for image in content['images']}
    for row in content['annotations']:
        left, top, width, height = row['bbox']
        box = [left, top, left + width, top + height]
        yield (
            row['video_id'] - 10,
            frames[row['image_id']],
            row['category_id'],
            row['track_id'],
            box,
        )


def write_perfect(folder, data, *, left_out=(), added=()):
    """``SEQ.npz`` of annotations; of a track left out nothing, of added categories false boxes."""
    names = (data / 'tao' / 'annotations' / 'tao_classes.txt').read_text().split()
    by_category = {category: names.index(name) for category, name, *_ in DRAWN}
    rows = [(*row, 0.9) for row in annotated(data) if row[3] not in left_out]
    for number, (video, category) in enumerate(added):
        box = [140, 80, 150, 90 + number]
        rows += [(video, frame, category, 50 + number, box, 0.95) for frame in range(NUM_FRAMES)]
    looks = 20 * np.eye(64)
    for video in range(3):
        frames = []
        for frame in range(NUM_FRAMES):
            found = [row for row in rows if row[:2] == (video, frame)]
            if not found:
                frames.append(Detections.empty())
                continue
            _, _, categories, tracks, boxes, scores = zip(*found, strict=True)
            labels = [by_category[category] for category in categories]
            frames.append(Detections(boxes, scores, labels, looks[list(tracks)]))
        sequence = sequence_of_frames(frames, width=160, height=96)
        write_detections(folder / f'val-made-v{video}.npz', sequence)


def tents(data):
    """The tracks of the last class: one in video 1, one in video 2."""
    return sorted({row[3] for row in annotated(data) if row[2] == DRAWN[3][0]})


@pytest.fixture
def over_files(configs, tmp_path):
    """A config of TAO's with the trackers alone, over the detections in a folder."""

    def write(name, more=''):
        steps = [dict(type='LoadDetections', path=str(tmp_path / name))]
        steps.append(dict(type='PackFrameInputs'))
        loader = dict(num_workers=0, persistent_workers=False, dataset=dict(pipeline=steps))
        tracker = dict(type='QuasiDenseTAOTracker')
        model = dict(_delete_=True, type='TrackingByDetection', detector=None, tracker=tracker)
        # A name of its own: mmengine calls what it keeps in memory after it.
        path = tmp_path / f'{tmp_path.name}-{name}.py'
        path.write_text(
            f'_base_ = {str(configs[1])!r}\nmodel = {model}\ntest_dataloader = {loader}\n'
            f'custom_hooks = []\n{more}\n'
        )
        return path

    return write


@pytest.mark.parametrize('case', ['perfect', 'missed', 'false', 'unknown'])
def test_the_ground_truth_scores_100_and_faults_cost_what_they_should(
    case, over_files, data, tmp_path, run_tool_here
):
    """Track AP and box AP: of each of four classes, at every threshold, the same."""
    _, ball, _, tent = CLASSES
    tents = sorted({row[3] for row in annotated(data) if row[2] == tent})
    assert len(tents) == 2  # tracks: one in video 1, one in video 2
    # In video 0 it is known that there are no tents, and that balls are missing.
    faults, expected = dict(
        perfect=({}, 100),
        # One of two tents: 51 of 101 levels of recall.
        missed=(dict(left_out=tents[1:]), 100 * (3 + 51 / 101) / 4),
        # A third tent, before the others: a precision of 2/3 at full recall, the best there is.
        false=(dict(added=[(0, tent)]), 100 * (3 + 2 / 3) / 4),
        unknown=(dict(added=[(0, ball)]), 100),
    )[case]
    write_perfect(tmp_path / case, data, **faults)
    status, out, error = run_tool_here('test.py', over_files(case), '--out', 'out')
    assert status == 0, error + out[-2000:]
    scores = json.loads((tmp_path / 'out' / 'evaluation.json').read_text())
    for kind in ('track_AP', 'track_AP50', 'track_AP75', 'track_sweep_AP', 'bbox_AP'):
        assert scores[f'tao/{kind}'] == pytest.approx(expected), kind


def test_a_video_without_any_detections_is_tracked_again_as_well(
    over_files, data, tmp_path, run_tool_here
):
    of_last = {track for video, _, _, track, _ in annotated(data) if video == 2}
    write_perfect(tmp_path / 'detections', data, left_out=of_last)
    path = over_files('detections')
    assert run_tool_here('test.py', path, '--out', 'out', '--format-only')[0] == 0
    status, _, error = run_tool_here('track_detections.py', path, 'out/detections', 'again')
    assert status == 0, error
    texts = [(tmp_path / name / 'val-made-v2.txt').read_bytes() for name in ('out', 'again')]
    assert texts == [b'', b'']
    texts = [(tmp_path / name / 'val-made-v1.txt').read_bytes() for name in ('out', 'again')]
    assert texts[0] == texts[1] != b''


def test_results_alone(over_files, data, tmp_path, run_tool_here):
    """As for the test set, whose annotations nobody has; also without MOTMetric."""
    write_perfect(tmp_path / 'perfect', data)
    ann_file = 'data/tao/annotations/validation_482_classes.json'
    content = json.loads((tmp_path / ann_file).read_text())
    truth = content.pop('annotations')
    (tmp_path / ann_file).write_text(json.dumps(content))
    status, out, error = run_tool_here(
        'test.py', over_files('perfect'), '--out', 'out', '--format-only'
    )
    assert status == 0, error + out[-2000:]
    names = sorted(path.name for path in (tmp_path / 'out').rglob('*.json'))
    assert names == ['boxes.json', 'speed.json', 'tracks.json']
    rows = json.loads((tmp_path / 'out' / 'tao' / 'data' / 'tracks.json').read_text())
    assert len(rows) == len(truth)
    assert (tmp_path / 'out' / 'val-made-v2.txt').is_file()
    alone = f"test_evaluator = [dict(type='TAOMetric', ann_file={ann_file!r})]"
    path = over_files('perfect', alone)
    for option in (['--interpolate', 'linear'], ['--save-detections-txt', 'text']):
        status, _, error = run_tool_here('test.py', path, *option)
        assert (status, error.count('\n')) == (2, 1), error
        assert f'{option[0]} needs a MOTMetric in test_evaluator' in error
