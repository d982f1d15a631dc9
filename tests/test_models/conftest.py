"""The scope that types are looked up in; distributed training, for losses over processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from mmtrack_ext.utils.register_all_modules import register_all_modules

PROGRAM = Path(__file__).with_name('two_processes.py')


def pytest_runtest_setup() -> None:
    """Types are looked up here, whatever scope an earlier test's Runner has left.

    No fixture: those of a module or session come before any of a test, and build networks.
    """
    register_all_modules()


@pytest.fixture
def in_two_processes(root, tmp_path) -> Callable[..., dict[str, list[dict[str, Any]]]]:
    """Run ``two_processes.py``: by name of the case, the results of the two processes.

    Every case is a model and what each process calls its loss with.
    """

    def run(cases: dict[str, tuple[Any, list[tuple]]]) -> dict[str, list[dict[str, Any]]]:
        torch.save(cases, tmp_path / 'cases.pth')
        finished = subprocess.run(
            [sys.executable, PROGRAM, tmp_path / 'cases.pth', tmp_path / 'results.pth'],
            env=dict(os.environ, PYTHONPATH=str(root), CUDA_VISIBLE_DEVICES='-1'),
            capture_output=True,
            text=True,
            check=False,
            timeout=100,  # where one process fails, the other may wait for it
        )
        assert finished.returncode == 0, finished.stderr[-3000:]
        return torch.load(tmp_path / 'results.pth', weights_only=False)

    return run
