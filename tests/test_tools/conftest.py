"""Trainings of seconds: rendered sequences, and configs that learn from them for two iterations."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope='session')
def tiny_synthmot(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """SynthMOT with two sequences of 4 frames to learn from, and two to test with."""
    from mmtrack_ext.datasets.synthetic.dataset import write_synth_mot

    folder = tmp_path_factory.mktemp('tiny_synthmot')
    write_synth_mot(folder, ['train', 'val'], num_sequences=2, num_frames=4, size=(320, 192))
    tool = root / 'tools' / 'dataset_converters' / 'mot2coco.py'
    command = [sys.executable, tool, '-i', folder, '-o', folder / 'annotations']
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture
def two_iterations(root: Path, tmp_path: Path, tiny_synthmot: Path) -> Callable[..., Path]:
    """A config of its own: mmengine names what it keeps in memory after the file."""
    from mmengine.logging import MMLogger

    MMLogger._instance_dict.clear()  # of earlier tests, whose terminal is gone
    dataset = dict(data_root=f'{tiny_synthmot}/')
    loader = dict(batch_size=2, num_workers=0, persistent_workers=False, dataset=dataset)
    ann_file = str(tiny_synthmot / 'annotations' / 'val_cocoformat.json')
    evaluator = [
        dict(type='VideoCocoMetric', ann_file=ann_file, metric='bbox'),
        dict(type='MOTMetric'),
    ]
    changes = {
        **{f'{phase}_dataloader': loader for phase in ('train', 'val', 'test')},
        **{f'{phase}_evaluator': evaluator for phase in ('val', 'test')},
        'train_cfg': dict(_delete_=True, type='IterBasedTrainLoop', max_iters=2, val_begin=9),
        'param_scheduler': None,
        'default_hooks': dict(
            checkpoint=dict(type='SafeCheckpointHook', interval=1, by_epoch=False),
            logger=dict(interval=1),
        ),
    }

    def write(base: str, addition: str = '') -> Path:
        middle, path = tmp_path / 'middle.py', tmp_path / f'{tmp_path.name}.py'
        lines = [f'{name} = {value!r}\n' for name, value in changes.items()]
        middle.write_text(f'_base_ = {str(root / base)!r}\n{"".join(lines)}')
        path.write_text(f"_base_ = 'middle.py'\n{addition}\n")
        return path

    return write
