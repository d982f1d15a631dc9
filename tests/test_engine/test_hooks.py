"""Stopping at NaN, and the order in which checkpoints come and go."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.registry import HOOKS as ROOT_HOOKS

from mmtrack_ext.engine import NaNLossHook, SafeCheckpointHook
from mmtrack_ext.engine.hooks import NaNLossError
from mmtrack_ext.registry import HOOKS


class FakeRunner(SimpleNamespace):
    """Saves a text and notes which files were there at that moment."""

    def __init__(self, work_dir):
        super().__init__(
            work_dir=str(work_dir),
            epoch=0,
            iter=0,
            message_hub=MessageHub(f'hub-{work_dir}'),
            logger=logging.getLogger('test'),
            saves=[],
        )
        self.folder = work_dir

    def save_checkpoint(self, out_dir, filename, *_, **__):
        self.saves.append({path.name for path in self.folder.iterdir()})
        (self.folder / filename).write_text(f'epoch {self.epoch}')

    def names(self):
        return {path.name for path in self.folder.iterdir()}


@pytest.fixture
def runner(tmp_path):
    (tmp_path / 'run').mkdir()
    return FakeRunner(tmp_path / 'run')


def test_the_old_checkpoint_goes_after_the_new_one_is_there(runner):
    hook = SafeCheckpointHook(interval=1, max_keep_ckpts=1)
    hook.before_train(runner)
    for epoch in range(3):
        runner.epoch = epoch
        hook._save_checkpoint(runner)
        assert runner.names() == {f'epoch_{epoch + 1}.pth', 'last_checkpoint'}
        assert (runner.folder / 'last_checkpoint').read_text().endswith(f'epoch_{epoch + 1}.pth')
    # When the third was written, the second was there still.
    assert runner.saves[2] == {'epoch_2.pth', 'last_checkpoint'}


def test_so_does_the_best_one(runner):
    hook = SafeCheckpointHook(interval=1, max_keep_ckpts=1, save_best='HOTA', rule='greater')
    hook.before_train(runner)
    best = []
    for epoch, score in enumerate([50.0, 40.0, 60.0]):
        runner.epoch = epoch
        hook._save_checkpoint(runner)
        runner.epoch = epoch + 1
        hook._save_best_checkpoint(runner, {'HOTA': score})
        best.append({name for name in runner.names() if name.startswith('best')})
    assert best == [
        {'best_HOTA_epoch_1.pth'},
        {'best_HOTA_epoch_1.pth'},
        {'best_HOTA_epoch_3.pth'},
    ]
    # Saved: epoch 1, its best, it again with the score; epoch 2; epoch 3, its best, it again.
    assert len(runner.saves) == 7
    assert 'best_HOTA_epoch_1.pth' in runner.saves[5]
    assert runner.message_hub.get_info('best_ckpt').endswith('best_HOTA_epoch_3.pth')


@pytest.mark.parametrize('metrics', ['auto', ['HOTA', 'IDF1']])
def test_best_of_several_metrics_or_of_the_first(runner, metrics):
    hook = SafeCheckpointHook(interval=1, save_best=metrics, rule='greater')
    hook.before_train(runner)
    hook._save_checkpoint(runner)
    for epoch, scores in enumerate([(1, 9), (2, 8), (3, 9.5)], start=1):
        runner.epoch = epoch
        hook._save_best_checkpoint(runner, dict(HOTA=scores[0], IDF1=scores[1]))
    best = {name for name in runner.names() if name.startswith('best')}
    both = {'best_HOTA_epoch_3.pth', 'best_IDF1_epoch_3.pth'}
    assert best == ({'best_HOTA_epoch_3.pth'} if metrics == 'auto' else both)


def test_leftovers_of_a_killed_run_are_cleared(runner):
    names = ('.epoch_2.pth.abc123.tmp', 'epoch_1.pth', '.hidden', 'notes.tmp')
    for name in names:
        (runner.folder / name).touch()
    SafeCheckpointHook().before_train(runner)
    assert runner.names() == set(names[1:])


def test_configs_get_it_under_the_name_of_mmengine():
    assert HOOKS.get('CheckpointHook') is SafeCheckpointHook
    assert ROOT_HOOKS.get('CheckpointHook') is not SafeCheckpointHook


@pytest.mark.parametrize('value', [float('nan'), float('inf'), -float('inf')])
def test_the_term_that_is_no_number_is_named(runner, value):
    runner.epoch, runner.iter = 1, 36
    terms = dict(loss_cls=torch.tensor(0.5), loss_box=torch.tensor(value), loss=torch.tensor(value))
    with pytest.raises(NaNLossError) as error:
        NaNLossHook().after_train_iter(runner, 0, outputs=terms)
    text = str(error.value)
    assert text.startswith(
        'iteration 37 (epoch 2): loss_box is not finite (loss_cls=0.5, loss_box='
    )
    assert 'optim_wrapper.optimizer.lr' in text


def test_numbers_pass(runner):
    outputs = dict(loss=torch.tensor(1e30), acc=torch.tensor(float('nan')), num_pos=3)
    NaNLossHook().after_train_iter(runner, 0, outputs=outputs)
    NaNLossHook().after_train_iter(runner, 0, outputs=None)
    with pytest.raises(NaNLossError, match='loss is not finite'):
        NaNLossHook().after_train_iter(runner, 0, outputs=dict(loss=float('nan')))


def test_it_looks_before_anything_is_saved():
    from mmengine.runner.priority import get_priority

    assert get_priority(NaNLossHook.priority) < get_priority(SafeCheckpointHook.priority)
