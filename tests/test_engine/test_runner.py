"""The runner on its own: what it wraps, what it loads, what it refuses to run."""

from __future__ import annotations

import pytest
import torch
from mmengine.model import BaseModel
from torch import nn

from mmtrack_ext.engine import MOTRunner
from mmtrack_ext.engine.runner import RANK_VARIABLES, check_launcher
from mmtrack_ext.registry import RUNNERS

pytestmark = pytest.mark.filterwarnings('default')  # mmengine's own


class Frozen(BaseModel):
    def __init__(self, trainable=False):
        super().__init__()
        self.layer = nn.Linear(1, 1).requires_grad_(trainable)

    def forward(self, *_, **__):
        return {}


@pytest.fixture
def runner(tmp_path):
    return MOTRunner(
        Frozen(), str(tmp_path / 'run'), experiment_name=tmp_path.name, log_level='ERROR'
    )


@pytest.fixture
def one_process(tmp_path):
    """A process group of this process alone."""
    store = f'file://{tmp_path}/store'
    torch.distributed.init_process_group('gloo', init_method=store, rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


@pytest.mark.parametrize('settings', [None, dict(find_unused_parameters=True)])
def test_only_what_is_trained_is_wrapped(runner, one_process, monkeypatch, settings):
    monkeypatch.setenv('LOCAL_RANK', '0')
    monkeypatch.setattr(runner, '_distributed', True)
    frozen = Frozen()
    assert runner.wrap_model(settings, frozen) is frozen
    wrapped = runner.wrap_model(settings, Frozen(trainable=True))
    assert type(wrapped).__name__ == 'MMDistributedDataParallel'
    assert wrapped.find_unused_parameters == (settings is not None)
    assert runner.wrap_model(None, wrapped) is wrapped


def test_it_stands_in_the_registry():
    assert RUNNERS.get('MOTRunner') is MOTRunner


def test_the_config_in_a_checkpoint_is_not_run(runner, tmp_path):
    program = f"open({str(tmp_path / 'trace')!r}, 'w')"
    meta = dict(epoch=1, iter=1, config=program)
    weights = {k: torch.full_like(v, 2) for k, v in runner.model.state_dict().items()}
    torch.save(dict(meta=meta, state_dict=weights), tmp_path / 'x.pth')
    checkpoint = runner.load_checkpoint(str(tmp_path / 'x.pth'))
    assert 'config' not in checkpoint['meta']
    assert runner.model.layer.weight.item() == 2.0


def test_weights_of_another_model_are_refused(runner, tmp_path):
    torch.save(dict(state_dict=nn.Conv2d(1, 1, 1).state_dict()), tmp_path / 'x.pth')
    with pytest.raises(
        ValueError, match="another model than Frozen: the file fills 0 of the model's"
    ):
        runner.load_checkpoint(str(tmp_path / 'x.pth'))


def test_half_of_the_weights_start_a_training_but_resume_none(runner, tmp_path, monkeypatch):
    torch.save({'layer.weight': torch.full((1, 1), 2.0)}, tmp_path / 'x.pth')
    runner.load_checkpoint(str(tmp_path / 'x.pth'))
    assert runner.model.layer.weight.item() == 2.0
    with pytest.raises(ValueError, match='fills 1 of'):
        runner.load_checkpoint(str(tmp_path / 'x.pth'), strict=True)
    monkeypatch.setattr(runner, '_resume', True)
    with pytest.raises(ValueError, match='fills 1 of'):
        runner.load_checkpoint(str(tmp_path / 'x.pth'))


@pytest.mark.parametrize('launcher', RANK_VARIABLES)
def test_a_process_without_its_launcher_is_named(monkeypatch, launcher):
    for variables in RANK_VARIABLES.values():
        for variable in variables:
            monkeypatch.delenv(variable, raising=False)
    with pytest.raises(ValueError, match=f'--launcher {launcher}: {RANK_VARIABLES[launcher][0]}'):
        check_launcher(launcher)
    check_launcher('none')
