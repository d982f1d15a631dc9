"""``tools/train.py`` with a model of one weight (tests/test_engine/tiny_training.py)."""

from __future__ import annotations

import functools
import os
import signal
import socket
import subprocess
import sys

import pytest
import torch

from mmtrack_ext.engine import load_checkpoint

# mmengine's runner and torch's DataLoader warn of their own parts on today's Python.
pytestmark = pytest.mark.filterwarnings('default')


@pytest.fixture
def engine_tests(root):
    return root / 'tests' / 'test_engine'


@pytest.fixture
def config(engine_tests, tmp_path):
    """A config of its own for each test: mmengine names what it keeps in memory after it."""
    path = tmp_path / f'{tmp_path.name}.py'
    path.write_text(f'_base_ = {str(engine_tests / "tiny_config.py")!r}\n')
    return path


@pytest.fixture
def train(engine_tests, tmp_path, monkeypatch, run_tool_here):
    """Run the tool in this process: (exit status, out, err)."""
    from mmengine.registry import DefaultScope

    monkeypatch.syspath_prepend(str(engine_tests))
    monkeypatch.chdir(tmp_path)
    scope = DefaultScope.get_current_instance()
    yield functools.partial(run_tool_here, 'train.py')
    if scope is not None:
        DefaultScope.get_instance(f'after-{tmp_path.name}', scope_name=scope.scope_name)


@pytest.fixture
def environment(root, engine_tests):
    """For a process of its own."""
    path = os.pathsep.join([str(engine_tests), str(root)])
    return dict(os.environ, PYTHONPATH=path, OMP_NUM_THREADS='1', PYTHONWARNINGS='ignore')


def weight_of(path):
    return load_checkpoint(path)['state_dict']['weight'].tolist()


def by_hand(rate, momentum, batches):
    """SGD with momentum on the mean of (w * x - y)^2, from w = 0."""
    weight, speed = 0.0, 0.0
    for pairs in batches:
        gradient = sum(2 * x * (weight * x - y) for x, y in pairs) / len(pairs)
        speed = momentum * speed + gradient
        weight -= rate * speed
    return weight


TWO_PAIRS = (
    'train_dataloader.dataset.x=[1,3]',
    'train_dataloader.dataset.y=[1,2]',
    'train_dataloader.sampler.shuffle=False',
)


def test_trains_as_by_hand_and_says_what_it_wrote(train, config, tmp_path):
    options = ('--cfg-options', *TWO_PAIRS, 'train_cfg.max_epochs=2')
    status, out, err = train(config, '--work-dir', 'run', *options)
    assert (status, err) == (0, '')
    assert out.splitlines()[-1] == 'Wrote epoch_1.pth, epoch_2.pth to run'
    # Gradient at 0: mean(-2, -12) = -7, so 0.07 after the first step.
    assert weight_of('run/epoch_1.pth') == pytest.approx([0.07])
    assert weight_of('run/epoch_2.pth') == pytest.approx(
        [by_hand(0.01, 0.9, [[(1, 1), (3, 2)]] * 2)]
    )
    assert (tmp_path / 'run' / config.name).is_file()
    assert (tmp_path / 'run' / 'last_checkpoint').read_text() == str(tmp_path / 'run/epoch_2.pth')


def test_the_work_directory_is_named_after_the_config(train, config, tmp_path):
    options = ('--cfg-options', 'train_cfg.max_epochs=1')
    assert train(config, *options)[0] == 0
    assert (tmp_path / 'work_dirs' / config.stem / 'epoch_1.pth').is_file()
    config.write_text(config.read_text() + "work_dir = 'of_config'\n")
    assert train(config, *options)[0] == 0
    assert (tmp_path / 'of_config' / 'epoch_1.pth').is_file()


def test_killed_while_saving_and_resumed_equals_uninterrupted(
    root, train, config, tmp_path, environment
):
    dying = tmp_path / 'dying.py'
    dying.write_text(
        f"_base_ = {config.name!r}\ncustom_hooks = [dict(type='DiesWhileSaving', epoch=3)]\n"
    )
    run = tmp_path / 'run'
    command = [sys.executable, root / 'tools' / 'train.py', dying, '--work-dir', run]
    killed = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    names = {path.name for path in run.iterdir() if path.suffix in ('.pth', '.tmp')}
    half_written = [name for name in names if name.startswith('.epoch_3.pth.')]
    assert names == {'epoch_1.pth', 'epoch_2.pth', *half_written}
    assert len(half_written) == 1
    assert (run / 'last_checkpoint').read_text().endswith('epoch_2.pth')

    status, out, err = train(config, '--work-dir', run, '--resume')
    assert (status, err) == (0, '')
    assert f'Resuming from {run}/epoch_2.pth' in out
    assert 'resumed epoch: 2, iter: 6' in out
    assert not (run / half_written[0]).exists()

    whole = tmp_path / 'whole'
    (tmp_path / 'whole.py').write_text(config.read_text())
    assert train(tmp_path / 'whole.py', '--work-dir', whole)[0] == 0
    resumed, uninterrupted = (load_checkpoint(x / 'epoch_4.pth') for x in (run, whole))
    assert (
        resumed['state_dict']['weight'].tolist() == uninterrupted['state_dict']['weight'].tolist()
    )
    assert resumed['optimizer'] == uninterrupted['optimizer']
    assert resumed['param_schedulers'] == uninterrupted['param_schedulers']
    assert resumed['optimizer']['param_groups'][0]['lr'] == 0.005  # halved after epoch 2
    for checkpoint in (resumed, uninterrupted):
        assert (checkpoint['meta']['epoch'], checkpoint['meta']['iter']) == (4, 12)
    losses = [
        c['message_hub']['log_scalars']['train/loss'].data[0] for c in (resumed, uninterrupted)
    ]
    assert len(losses[0]) == 12
    assert losses[0].tolist() == losses[1].tolist()
    assert resumed['message_hub']['runtime_info']['keep_ckpt_ids'] == [2, 3, 4]


def test_two_processes_take_the_mean_of_their_gradients(root, config, tmp_path, environment):
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    options = (*TWO_PAIRS, 'train_dataloader.batch_size=1', 'train_cfg.max_epochs=2')
    command = [root / 'tools' / 'dist_train.sh', config, '2']
    finished = subprocess.run(
        [*command, '--work-dir', tmp_path / 'run', '--cfg-options', *options],
        env=dict(environment, PYTHON=sys.executable, PORT=str(port)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.count('Wrote epoch_1.pth, epoch_2.pth') == 1
    # One pair a process: the mean is that of a batch of both.
    assert weight_of(tmp_path / 'run' / 'epoch_1.pth') == pytest.approx([0.07])
    expected = by_hand(0.01, 0.9, [[(1, 1), (3, 2)]] * 2)
    assert weight_of(tmp_path / 'run' / 'epoch_2.pth') == pytest.approx([expected])


def test_ctrl_c_is_one_line_and_what_was_saved_is_whole(root, config, tmp_path, environment):
    config.write_text(
        config.read_text() + "custom_hooks = [dict(type='InterruptsItself')]\n"
        'train_dataloader = dict(num_workers=1)\n'
    )
    finished = subprocess.run(
        [sys.executable, root / 'tools' / 'train.py', config, '--work-dir', tmp_path / 'run'],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,  # all processes of a session get the signal, as from a terminal
    )
    assert finished.returncode == 130
    assert finished.stderr == 'Interrupted; files already written are complete.\n'
    assert load_checkpoint(tmp_path / 'run' / 'epoch_1.pth')['meta']['epoch'] == 1


def test_nothing_to_resume_is_said(train, config):
    status, out, _ = train(config, '--work-dir', 'run', '--resume')
    assert status == 0
    assert out.startswith('There is no checkpoint in run to resume from: starting anew.\n')


def test_starts_from_weights(train, config, tmp_path):
    torch.save(dict(state_dict=dict(weight=torch.tensor([2.0]))), tmp_path / 'start.pth')
    options = ('load_from=start.pth', 'optim_wrapper.optimizer.lr=0', 'train_cfg.max_epochs=1')
    assert train(config, '--work-dir', 'run', '--cfg-options', *options)[0] == 0
    assert weight_of('run/epoch_1.pth') == [2.0]


def test_the_learning_rate_scales_with_the_batch(train, config):
    config.write_text(config.read_text() + 'auto_scale_lr = dict(base_batch_size=8)\n')
    options = ('--cfg-options', *TWO_PAIRS, 'train_cfg.max_epochs=1')
    assert train(config, '--work-dir', 'run', '--auto-scale-lr', *options)[0] == 0
    assert weight_of('run/epoch_1.pth') == pytest.approx([0.07 * 2 / 8])


class Foreign:
    """Unpickling it leaves a trace."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_checkpoint_with_a_program_needs_trust(train, config, tmp_path):
    trace = tmp_path / 'trace'
    content = dict(state_dict=dict(weight=torch.tensor([2.0])), extra=Foreign(trace))
    torch.save(content, tmp_path / 'start.pth')
    options = ('--cfg-options', 'load_from=start.pth', 'train_cfg.max_epochs=1')
    status, out, err = train(config, '--work-dir', 'run', *options)
    assert (status, out) == (2, '')
    assert err.startswith('error: start.pth: this file holds posix.mkdir')
    assert '--trust-checkpoint' in err
    assert not trace.exists()
    assert not (tmp_path / 'run').exists()


def test_trust_loads_a_foreign_class(train, config, tmp_path):
    from fractions import Fraction

    content = dict(state_dict=dict(weight=torch.tensor([2.0])), extra=Fraction(1, 3))
    torch.save(content, tmp_path / 'start.pth')
    options = ('load_from=start.pth', 'optim_wrapper.optimizer.lr=0', 'train_cfg.max_epochs=1')
    arguments = ('--work-dir', 'run', '--trust-checkpoint', '--cfg-options', *options)
    assert train(config, *arguments)[0] == 0
    assert weight_of('run/epoch_1.pth') == [2.0]


def test_nan_stops_before_the_checkpoint(train, config, tmp_path):
    config.write_text(config.read_text() + 'model = dict(nan_at=5)\n')
    status, _, err = train(config, '--work-dir', 'run')
    assert status == 2
    assert err.startswith('error: iteration 5 (epoch 2): loss_square is not finite')
    assert len(err.splitlines()) == 1
    assert {path.name for path in (tmp_path / 'run').glob('*.pth')} == {'epoch_1.pth'}


def test_a_missing_image_found_by_a_worker_is_one_line(train, config):
    options = ('train_dataloader.dataset.broken=True', 'train_dataloader.num_workers=1')
    status, _, err = train(config, '--work-dir', 'run', '--cfg-options', *options)
    assert status == 2
    assert err.splitlines() == [
        "error: FileNotFoundError: [Errno 2] No such file or directory: 'img1/000007.jpg'"
    ]


MOT_DATASET = dict(type='MOTVideoDataset', ann_file='a/train.json', metainfo=dict(classes=('p',)))
LOOP = dict(_delete_=True, type='EpochBasedTrainLoop', max_epoch=1)
PRETRAINED = dict(init_cfg=dict(type='Pretrained', checkpoint='absent.pth'))


@pytest.mark.parametrize(
    ('addition', 'arguments', 'words'),
    [
        ('', ['--cfg-options', 'train_cfg.max_epoch.x=1'], "there is no 'max_epoch'"),
        ('', ['--cfg-options', 'train_cfg'], '--cfg-options takes key=value'),
        ('', ['--auto-scale-lr'], 'needs auto_scale_lr = dict(base_batch_size=N)'),
        ('', ['--launcher', 'pytorch'], '--launcher pytorch: RANK is not set'),
        ('', ['--resume', 'absent.pth'], 'absent.pth: no such file'),
        ('', ['--resume', 'text.pth'], 'text.pth: this is no checkpoint'),
        ('', ['--resume', 'weights.pth'], 'load_from=weights.pth'),
        ('', ['--cfg-options', 'load_from=other.pth'], "fills 0 of the model's 1 weights"),
        ('', ['--work-dir', 'text.pth'], 'text.pth: this is a file where a folder is needed'),
        ('x = (', [], 'line 2'),
        ("custom_imports = dict(imports=['no_such_module'])", [], 'no_such_module'),
        ('train_dataloader = None', [], 'this config has nothing to train'),
        ('optim_wrapper = None', [], 'there is no optim_wrapper'),
        (f'train_cfg = {LOOP}', [], 'train_cfg: TypeError: got an unexpected keyword'),
        ("param_scheduler = [dict(type='MultiStepLR', milestones=[1], x=1)]", [], "argument 'x'"),
        ('train_dataloader = dict(batch_size=0)', [], 'train_dataloader: batch_size should be'),
        ('', ['--cfg-options', 'load_from=nan.pth'], 'nan.pth: weight is not finite'),
        ("model = dict(type='Slop')", [], "no model of the type 'Slop'; did you mean 'Slope'?"),
        ('model = dict(sise=1)', [], "unexpected keyword argument 'sise'"),
        ("optim_wrapper = dict(optimizer=dict(type='SDG'))", [], "no optimizer of the type 'SDG'"),
        ('optim_wrapper = dict(optimizer=dict(rate=1))', [], "unexpected keyword argument 'rate'"),
        (
            "param_scheduler = [dict(type='MultiStepLr', milestones=[1])]",
            [],
            "did you mean 'MultiStepLR'?",
        ),
        (
            "train_dataloader = dict(sampler=dict(type='DefaultSampLer'))",
            [],
            "did you mean 'DefaultSampler'?",
        ),
        ("custom_hooks = [dict(type='EMAHok')]", [], "did you mean 'EMAHook'?"),
        ('default_hooks = dict(logger=dict(intervall=1))', [], "argument 'intervall'"),
        (
            f'train_dataloader = dict(dataset=dict(_delete_=True, **{MOT_DATASET}))',
            [],
            'tools/dataset_converters/mot2coco.py',
        ),
        (f'model = {PRETRAINED}', [], 'absent.pth: no such file'),
    ],
    ids=lambda value: None if isinstance(value, list) else str(value)[:40],
)
def test_mistakes_are_one_line_and_nothing_is_written(
    train, config, tmp_path, monkeypatch, addition, arguments, words
):
    for variable in ('RANK', 'WORLD_SIZE', 'LOCAL_RANK'):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / 'text.pth').write_text('text')
    torch.save(dict(state_dict=dict(weight=torch.ones(1))), 'weights.pth')
    torch.save(dict(state_dict=dict(slope=torch.ones(1))), 'other.pth')
    torch.save(dict(state_dict=dict(weight=torch.tensor([torch.nan]))), 'nan.pth')
    config.write_text(f'{config.read_text()}{addition}\n')
    before = sorted(tmp_path.rglob('*'))
    if '--work-dir' not in arguments:
        arguments = ['--work-dir', 'run', *arguments]
    status, out, err = train(config, *arguments)
    assert (status, out) == (2, ''), err
    assert len(err.splitlines()) == 1, err
    assert err.startswith('error: ')
    assert words in err
    assert sorted(tmp_path.rglob('*')) == before


def test_a_missing_config_is_one_line(train, tmp_path):
    status, out, err = train('absent.py')
    assert (status, out, err) == (2, '', 'error: absent.py: no such file or folder\n')
    (tmp_path / 'x.py').write_text("_base_ = 'no_base.py'")
    status, out, err = train('x.py')
    assert (status, out) == (2, '')
    assert err == f'error: {tmp_path}/no_base.py: no such file or folder\n'
    assert [path.name for path in tmp_path.iterdir()] == ['x.py']


def test_mixed_precision_without_a_gpu_is_refused(train, config):
    if torch.cuda.is_available():
        pytest.skip('there is a GPU')
    assert train(config, '--amp')[2] == 'error: --amp needs a GPU, and torch sees none.\n'


def test_a_tracker_over_files_has_nothing_to_train(train, root):
    status, _, err = train(root / 'configs' / 'sort' / 'sort_detections_scenes.py')
    assert status == 2
    assert 'this config has nothing to train' in err
    assert 'tools/track_detections.py' in err
