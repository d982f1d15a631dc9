"""Checkpoints as mmengine saves them, and as nobody should load them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from mmengine.logging import MessageHub


class Command:
    """Unpickling it runs ``touch PATH``."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f'touch {self.path}',)


@pytest.fixture
def trace(tmp_path) -> Path:
    """What appears if the command in ``malicious`` runs."""
    return tmp_path / 'trace'


@pytest.fixture
def malicious(tmp_path, trace) -> Path:
    path = tmp_path / 'malicious.pth'
    torch.save({'state_dict': {'weight': torch.ones(1)}, 'extra': Command(trace)}, path)
    return path


@pytest.fixture
def saved_by_mmengine(tmp_path) -> Path:
    """With what a Runner saves beside the weights: losses [1.5, 2.5] and a float64 best score."""
    import numpy as np

    hub = MessageHub(f'hub-{tmp_path.name}')
    hub.update_scalar('train/loss', 1.5)
    hub.update_scalar('train/loss', 2.5)
    hub.update_info('best_score', np.float64(0.25))
    hub.update_info('iter', 7)
    path = tmp_path / 'epoch_3.pth'
    weights = torch.nn.Linear(2, 1).state_dict()
    meta = dict(epoch=3, iter=7, dataset_meta=dict(palette=np.array([[1, 2], [3, 4]], np.uint8)))
    torch.save({'meta': meta, 'state_dict': weights, 'message_hub': hub.state_dict()}, path)
    return path
