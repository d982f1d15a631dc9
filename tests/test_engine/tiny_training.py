"""A model of one weight, with its data and troubles, for configs with ``custom_imports``."""

from __future__ import annotations

import os
import signal

import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from torch.utils.data import Dataset

from mmtrack_ext.registry import DATASETS, HOOKS, MODELS


@MODELS.register_module(force=True)
class Slope(BaseModel):
    """y = weight * x, from weight 0; the loss is the squared error."""

    def __init__(self, size=1, nan_at=None):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(size))
        self.nan_at = nan_at
        self.calls = 0

    def forward(self, inputs, data_samples, mode='tensor'):
        errors = self.weight.sum() * inputs - data_samples
        if mode == 'predict':
            return [dict(error=error) for error in errors.tolist()]
        self.calls += 1
        factor = float('nan') if self.calls == self.nan_at else 1.0
        return dict(loss_square=(errors**2).mean() * factor, loss_other=errors.sum() * 0)


@DATASETS.register_module(force=True)
class Pairs(Dataset):
    """(x, y) in memory."""

    def __init__(self, x, y, broken=False):
        self.metainfo = dict(classes=('pair',))
        self.x, self.y, self.broken = x, y, broken

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        if self.broken and index:  # the first is tried before the training
            raise FileNotFoundError(2, 'No such file or directory', 'img1/000007.jpg')
        return dict(
            inputs=torch.tensor(float(self.x[index])),
            data_samples=torch.tensor(float(self.y[index])),
        )


@HOOKS.register_module(force=True)
class DiesWhileSaving(Hook):
    """Kills the process after a checkpoint was written, before it got its name."""

    def __init__(self, epoch):
        self.epoch = epoch

    def before_save_checkpoint(self, runner, checkpoint):
        if runner.epoch + 1 == self.epoch:
            os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)


@HOOKS.register_module(force=True)
class InterruptsItself(Hook):
    """Ctrl-C in the middle of an epoch, for every process of the terminal."""

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.epoch == 1:
            os.killpg(os.getpgrp(), signal.SIGINT)
