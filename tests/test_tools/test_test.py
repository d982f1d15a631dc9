"""``tools/test.py``: over cached detections and with a network."""

from __future__ import annotations

import json
import os
import pickle
import socket
import subprocess
import zipfile

import numpy as np
import pytest
import torch

# mmengine's runner and torch's DataLoader warn of their own parts on today's Python.
pytestmark = pytest.mark.filterwarnings('default')

SCENES = 'configs/bytetrack/bytetrack_detections_scenes.py'
MISSING = 'test_dataloader.dataset.ann_file=annotations/none.json'
FIRST = 'detector.backbone.conv1.0.weight'
SYNTHMOT = 'configs/bytetrack/bytetrack_nanodet-plus-m_synthmot.py'


@pytest.fixture
def scenes(root, tmp_path):
    """A config of its own for each test: mmengine names what it keeps in memory after it."""
    return leaf(root, tmp_path, SCENES, data(root))


def data(root):
    folder = str(root / 'tests' / 'data' / 'scenes')
    steps = [dict(type='LoadDetections', path=folder), dict(type='PackFrameInputs')]
    return f'test_dataloader = dict(dataset=dict(data_root={folder!r}, pipeline={steps}))\n'


def leaf(root, folder, base, text=''):
    path = folder / f'{folder.name}.py'
    path.write_text(f'_base_ = {str(root / base)!r}\n{text}')
    return path


def combined(folder):
    return json.loads((folder / 'metrics.json').read_text())['COMBINED']


def test_scores_equal_those_of_the_other_two_tools(scenes, root, tmp_path, run_tool_here, run_tool):
    status, out, _ = run_tool_here('test.py', scenes, '--out', tmp_path / 'out')
    assert status == 0
    assert (
        'Wrote crossing.txt, detections, evaluation.json, metrics.json, speed.json, square.txt'
        in out
    )
    folder = root / 'tests' / 'data' / 'scenes'
    run_tool('track_detections.py', root / SCENES, folder, tmp_path / 'other')
    for name in ('crossing.txt', 'square.txt'):
        assert (tmp_path / 'out' / name).read_bytes() == (tmp_path / 'other' / name).read_bytes()
    run_tool('evaluate_mot.py', tmp_path / 'other', folder, '--json', tmp_path / 'other.json')
    assert json.loads((tmp_path / 'other.json').read_text()) == json.loads(
        (tmp_path / 'out' / 'metrics.json').read_text()
    )
    speed = json.loads((tmp_path / 'out' / 'speed.json').read_text())
    assert speed['frames'] == 120
    assert set(speed['seconds']) == {'load', 'detect', 'track', 'total'}
    assert sum(speed['seconds'].values()) < 2.001 * speed['seconds']['total']


@pytest.mark.parametrize(
    ('options', 'other'),
    [
        (['--min-score', 0.5], ['--min-score', 0.5]),
        (['--classes', 1], ['--classes', 1]),
        (['--interpolate', 'linear'], ['--interpolate', 'linear']),
        (
            ['--cfg-options', 'model.tracker.max_age=3'],
            ['--cfg-options', 'model.tracker.max_age=3'],
        ),
    ],
    ids=lambda values: str(values[0]).strip('-'),
)
def test_options_mean_what_they_mean_in_track_detections(
    scenes, root, tmp_path, run_tool_here, run_tool, options, other
):
    status, _, error = run_tool_here('test.py', scenes, '--out', tmp_path / 'out', *options)
    assert status == 0, error
    folder = root / 'tests' / 'data' / 'scenes'
    run_tool('track_detections.py', root / SCENES, folder, tmp_path / 'other', *other)
    text = (tmp_path / 'out' / 'square.txt').read_bytes()
    assert text == (tmp_path / 'other' / 'square.txt').read_bytes()


def test_another_tracker_by_one_option(scenes, root, tmp_path, run_tool_here):
    sort = root / 'configs/sort/sort_detections_scenes.py'
    status, _, _ = run_tool_here('test.py', scenes, '--tracker', sort, '--out', tmp_path / 'out')
    assert status == 0
    assert combined(tmp_path / 'out')['IDSW'] == 21  # of SORT; ByteTrack has 8 (configs/*/README)


def test_options_change_the_tracker_that_is_used(scenes, root, tmp_path, run_tool_here):
    sort = root / 'configs/sort/sort_detections_scenes.py'
    options = ('--tracker', sort, '--cfg-options', 'model.tracker.min_hits=0')
    assert run_tool_here('test.py', scenes, *options, '--out', tmp_path / 'out')[0] == 0
    options = ('--cfg-options', 'model.tracker.type=SORTTracker', 'model.tracker.min_hits=0')
    assert run_tool_here('test.py', scenes, *options, '--out', tmp_path / 'same')[0] == 0
    assert combined(tmp_path / 'out') == combined(tmp_path / 'same')
    assert combined(tmp_path / 'out')['IDSW'] != 21


def test_results_alone(scenes, tmp_path, run_tool_here):
    text = tmp_path / 'text'
    options = ('--format-only', '--save-detections-txt', text)
    status, printed, _ = run_tool_here('test.py', scenes, '--out', tmp_path / 'out', *options)
    assert status == 0
    assert not (tmp_path / 'out' / 'metrics.json').exists()
    assert f'Wrote {tmp_path / "out" / "submission.zip"}: 2 sequences' in printed
    with zipfile.ZipFile(tmp_path / 'out' / 'submission.zip') as archive:
        assert archive.namelist() == ['crossing.txt', 'square.txt']
        for name in archive.namelist():
            assert archive.read(name) == (tmp_path / 'out' / name).read_bytes()
    assert sorted(path.name for path in text.iterdir()) == ['crossing.txt', 'square.txt']


def test_a_config_may_ask_for_results_alone(root, tmp_path, run_tool_here):
    text = "test_evaluator = [dict(type='MOTMetric', format_only=True)]\n"
    config = leaf(root, tmp_path, SCENES, data(root) + text)
    assert run_tool_here('test.py', config, '--out', tmp_path / 'out')[0] == 0
    names = sorted(path.name for path in (tmp_path / 'out').iterdir())
    wanted = ['crossing.txt', 'detections', 'speed.json', 'square.txt', 'submission.zip']
    assert names == wanted


def test_two_processes_write_the_same(root, tmp_path, run_tool_here):
    (tmp_path / 'one').mkdir()
    config = leaf(root, tmp_path / 'one', SCENES, data(root))
    assert run_tool_here('test.py', config, '--out', tmp_path / 'one' / 'out')[0] == 0
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = str(free.getsockname()[1])
    finished = subprocess.run(
        ['bash', root / 'tools' / 'dist_test.sh', config, 'none', '2', '--out', tmp_path / 'two'],
        cwd=tmp_path,
        env={**os.environ, 'PORT': port, 'PYTHON': os.sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    for name in ('metrics.json', 'crossing.txt', 'square.txt'):
        assert (tmp_path / 'one/out' / name).read_bytes() == (tmp_path / 'two' / name).read_bytes()


@pytest.fixture(scope='module')
def synthmot(tmp_path_factory, root):
    """Two rendered sequences of different length, their annotations, random weights."""
    from mmtrack_ext.datasets.synthetic.dataset import write_synth_mot
    from mmtrack_ext.registry import MODELS
    from mmtrack_ext.utils.config import load_config
    from mmtrack_ext.utils.register_all_modules import register_all_modules

    folder = tmp_path_factory.mktemp('synthmot')
    write_synth_mot(folder, ['val'], num_sequences=2, num_frames=7, size=(160, 96))
    command = [os.sys.executable, str(root / 'tools/dataset_converters/mot2coco.py')]
    subprocess.run([*command, '-i', folder, '-o', folder / 'annotations'], check=True)
    register_all_modules()
    torch.manual_seed(3)
    model = MODELS.build(load_config(root / SYNTHMOT).model)
    model.init_weights()
    for layer in model.detector.bbox_head.gfl_cls:  # a network that sees something everywhere
        torch.nn.init.normal_(layer.weight, std=0.5)
        layer.bias.data[0] = -1
    torch.save({'state_dict': model.state_dict()}, folder / 'whole.pth')
    torch.save({'state_dict': model.detector.state_dict()}, folder / 'detector.pth')
    return folder


def live(root, folder, synthmot, batch_size):
    annotations = str(synthmot / 'annotations/val_cocoformat.json')
    dataset = dict(data_root=f'{synthmot}/', ann_file='annotations/val_cocoformat.json')
    loader = dict(num_workers=0, batch_size=batch_size, persistent_workers=False, dataset=dataset)
    return leaf(
        root,
        folder,
        SYNTHMOT,
        f'test_dataloader = {loader}\n'
        f"test_evaluator = [dict(type='VideoCocoMetric', ann_file={annotations!r}, "
        "metric='bbox'), dict(type='MOTMetric')]\n"
        'model = dict(tracker=dict(high_min_score=0.06, low_min_score=0.0, init_min_score=0.06))\n',
    )


def test_live_equals_cached_and_any_batch_size(synthmot, root, tmp_path, run_tool_here, run_tool):
    for batch_size, weights in (
        (1, [synthmot / 'whole.pth']),
        (4, ['--detector', synthmot / 'detector.pth']),
    ):
        folder = tmp_path / f'batch{batch_size}'
        folder.mkdir()
        config = live(root, folder, synthmot, batch_size)
        arguments = (config, *weights, '--out', folder / 'out', '--show-dir', folder / 'videos')
        status, _, error = run_tool_here('test.py', *arguments)
        assert status == 0, error
    names = sorted(path.name for path in (tmp_path / 'batch1/out').glob('*.txt'))
    assert names == ['SynthMOT-51.txt', 'SynthMOT-52.txt']
    cached = tmp_path / 'batch4/out/detections'
    finished = run_tool('track_detections.py', config, cached, tmp_path / 'cached')
    assert finished.returncode == 0, finished.stderr
    for name in names:
        text = (tmp_path / 'batch4/out' / name).read_text()
        assert text == (tmp_path / 'cached' / name).read_text()
        single = np.loadtxt(tmp_path / 'batch1/out' / name, delimiter=',', ndmin=2)
        several = np.loadtxt(tmp_path / 'batch4/out' / name, delimiter=',', ndmin=2)
        assert len(single) > 10
        # Ids are equal; the last digit of a box may hang on the order of additions.
        np.testing.assert_array_equal(single[:, :2], several[:, :2])
        np.testing.assert_allclose(single, several, atol=0.011)
    from mmtrack_ext.visualization import open_frames

    with open_frames(str(tmp_path / 'batch4/videos/SynthMOT-52.mp4')) as frames:
        assert len(list(frames)) == 7


class Foreign:
    """Unpickling it leaves a trace."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def error_cases(root, tmp_path, synthmot):
    config = live(root, tmp_path, synthmot, 1)
    detector = root / 'configs/nanodet/nanodet-plus-m_synthmot.py'
    text = tmp_path / 'notes.pth'
    text.write_text('not a checkpoint')
    program = tmp_path / 'program.pth'
    program.write_bytes(pickle.dumps(Foreign(tmp_path / 'trace')))
    nan, weights = tmp_path / 'nan.pth', torch.load(synthmot / 'whole.pth')['state_dict']
    torch.save({FIRST: torch.full_like(weights[FIRST], torch.nan)}, nan)
    broken = tmp_path / 'broken.py'
    broken.write_text('model = dict(')
    other = tmp_path / 'other.py'
    other.write_text("model = dict(type='TrackingByDetection')")
    return {
        'no such config': ((tmp_path / 'no.py',), 'no.py: no such file'),
        'broken config': ((broken,), 'broken.py, line 1'),
        'nothing to test': ((other,), 'nothing to test'),
        'no such checkpoint': ((config, tmp_path / 'no.pth'), 'no.pth: no such file'),
        'no checkpoint': ((config,), 'The detector (NanoDetPlus) has no weights'),
        'text as checkpoint': ((config, text), 'notes.pth'),
        'weights of the detector alone': ((config, synthmot / 'detector.pth'), '--detector'),
        'no network to fill': ((config, '--reid', text), '--reid'),
        'unknown option': (
            (config, '--cfg-options', 'model.trakcer.max_age=1'),
            "did you mean 'tracker'",
        ),
        'unknown tracker argument': (
            (config, synthmot / 'whole.pth', '--cfg-options', 'model.tracker.max_aeg=1'),
            "Did you mean 'max_age'",
        ),
        'tracker config without tracker': ((config, '--tracker', detector), 'no model.tracker'),
        'missing annotations': (
            (config, synthmot / 'whole.pth', '--cfg-options', MISSING),
            'mot2coco.py',
        ),
        'unknown metric': (
            (config, synthmot / 'whole.pth', '--cfg-options', 'test_evaluator.1.type=MOTMetrik'),
            "did you mean 'MOTMetric'",
        ),
        'unknown benchmark': (
            (config, synthmot / 'whole.pth', '--cfg-options', 'test_evaluator.1.benchmark=MOT18'),
            'must be auto or one of MOT15',
        ),
        'unknown loop': (
            (config, synthmot / 'whole.pth', '--cfg-options', 'test_cfg.type=TestLop'),
            "did you mean 'TestLoop'",
        ),
        'workers that persist where there are none': (
            (config, '--cfg-options', 'test_dataloader.persistent_workers=True'),
            'test_dataloader: persistent_workers option needs num_workers > 0',
        ),
        'annotations of other images': (
            (config, '--cfg-options', 'test_dataloader.dataset.data_prefix.img_path=nowhere'),
            'nowhere',
        ),
        'weights that are not finite': ((config, nan), 'nan.pth: detector.backbone'),
        'pickle of a program': ((config, program), 'program.pth: this is no checkpoint'),
        'checkpoint behind an option': ((config, '--classes', 0, '--checkpoint', text), 'notes'),
        'checkpoint last': ((config, '--work-dir', 'run', text), 'notes.pth'),
        'class without a name': ((config, '--classes', 0, 1), 'There is no class 1; classes are 0'),
        'file as results': ((config, '--out', text), 'notes.pth: this is a file where a folder'),
        'file as videos': ((config, '--show-dir', text), 'notes.pth: this is a file where a fol'),
        'NaN as score': ((config, '--min-score', 'nan'), '--min-score must be a number'),
        'no such device': ((config, '--device', 'tpu'), '--device takes'),
        'no such GPU': ((config, '--device', 'cuda:99'), '--device cuda:99'),
        'detector alone asked to track': ((detector, '--min-score', 0.5), 'needs a model with'),
        'processes that nobody started': ((config, '--launcher', 'pytorch'), 'dist_test.sh'),
    }


CASES = (
    *('no such config', 'broken config', 'nothing to test', 'no such checkpoint', 'no checkpoint'),
    *('text as checkpoint', 'weights of the detector alone', 'no network to fill'),
    *('unknown option', 'unknown tracker argument', 'tracker config without tracker'),
    *('unknown benchmark', 'unknown loop', 'workers that persist where there are none'),
    *('annotations of other images', 'weights that are not finite', 'pickle of a program'),
    *('checkpoint behind an option', 'checkpoint last', 'class without a name'),
    *('file as results', 'file as videos'),
    *('missing annotations', 'unknown metric', 'NaN as score', 'no such device', 'no such GPU'),
    *('detector alone asked to track', 'processes that nobody started'),
)


@pytest.mark.parametrize('case', CASES)
def test_a_mistake_is_one_line(case, root, tmp_path, synthmot, run_tool_here, monkeypatch):
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', os.environ.get('CUDA_VISIBLE_DEVICES', ''))
    cases = error_cases(root, tmp_path, synthmot)
    assert set(cases) == set(CASES)
    arguments, words = cases[case]
    before = set(tmp_path.iterdir())
    status, _, error = run_tool_here('test.py', *arguments)
    assert (status, error.count('\n')) == (2, 1), error
    assert words in error
    assert set(tmp_path.iterdir()) == before
