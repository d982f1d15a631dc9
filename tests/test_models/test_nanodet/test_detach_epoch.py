"""The epoch from which on the auxiliary branch is detached comes from the Runner."""

from __future__ import annotations

import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.logging import MessageHub
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement
from torch.utils.data import DataLoader

from mmtrack_ext.models.detectors import nanodet_plus, training_epoch


class Listener(BaseModel):
    """Notes the epoch at every call."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.heard = []

    def forward(self, inputs, mode='tensor'):
        self.heard.append((mode, training_epoch()))
        return dict(loss=self.weight * inputs.sum()) if mode == 'loss' else [BaseDataElement()]


def run(folder, name, *, max_epochs, resume=False):
    data = DataLoader([dict(inputs=torch.ones(1)) for _ in range(2)], batch_size=1)
    model = Listener()
    runner = Runner(
        model,
        work_dir=str(folder),
        train_dataloader=data,
        val_dataloader=data,
        train_cfg=dict(by_epoch=True, max_epochs=max_epochs, val_interval=1),
        val_cfg=dict(),
        val_evaluator=Evaluator([]),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        default_scope='mmtrack_ext',
        experiment_name=name,
        resume=resume,
        log_level='ERROR',
    )
    runner.train()
    for handler in list(runner.logger.handlers):
        runner.logger.removeHandler(handler)
        handler.close()
    return model.heard


def test_epoch_in_a_runner_and_after_a_resume(tmp_path):
    first = run(tmp_path, 'nanodet-first', max_epochs=2)
    training, validation = ('loss', 'predict')
    assert first == [
        *[(training, 0)] * 2, *[(validation, 0)] * 2, *[(training, 1)] * 2, *[(validation, 0)] * 2,
    ]  # fmt: skip
    assert training_epoch() == 0  # the Runner is done
    resumed = run(tmp_path, 'nanodet-resumed', max_epochs=4, resume=True)
    assert [epoch for mode, epoch in resumed if mode == training] == [2, 2, 3, 3]


@pytest.mark.parametrize(('epoch', 'detached'), [(0, False), (9, False), (10, True), (11, True)])
def test_auxiliary_branch_teaches_the_backbone_until_epoch_10(
    build, fill, recorded, make_samples, monkeypatch, epoch, detached
):
    hub = MessageHub('nanodet-test')
    hub.update_info('loop_stage', 'train')
    hub.update_info('epoch', epoch)
    monkeypatch.setattr(nanodet_plus.MessageHub, 'get_current_instance', lambda: hub)
    model = build().train()
    image = torch.from_numpy(fill.make_image(int(recorded['meta/train_seed']), batch=3))
    losses = model(image, make_samples(), mode='loss')
    sum(loss for name, loss in losses.items() if name.startswith('aux_')).backward()
    assert (model.backbone.conv1[0].weight.grad is None) is detached
    assert (model.neck.reduce_layers[0].conv.weight.grad is None) is detached
    assert model.aux_neck.reduce_layers[0].conv.weight.grad.any()
