"""Frames per second of a test, by stage."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper

from mmtrack_ext.fileio import atomic_write
from mmtrack_ext.registry import HOOKS
from mmtrack_ext.utils.timing import StageTimer


@HOOKS.register_module()
class SpeedHook(Hook):
    """Prints the frames per second of loading and of each stage that the model times.

    Stages come from ``model.timer`` (``utils.timing.StageTimer``). With several processes, those
    of the first.

    Args:
        out: file for ``{'frames': ..., 'seconds': {...}, 'frames_per_second': {...}}``, or None.
    """

    def __init__(self, out: str | Path | None = None) -> None:
        self.out = None if out is None else Path(out)

    def before_test_epoch(self, runner: Any) -> None:
        """Start the clocks."""
        self.frames, self.loading = 0, 0.0
        self.timer = getattr(_unwrapped(runner.model), 'timer', None)
        if self.timer is not None:
            self.timer.reset()
        self.start = self.last = time.perf_counter()

    def before_test_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        """The time since the last batch went into loading."""
        self.loading += time.perf_counter() - self.last

    def after_test_iter(
        self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Count frames."""
        self.frames += len(outputs or [])
        self.last = time.perf_counter()

    def after_test_epoch(self, runner: Any, metrics: dict[str, float] | None = None) -> None:
        """Print, and write if asked."""
        if not is_main_process() or not self.frames:
            return
        stages = {} if self.timer is None else self.timer.seconds
        seconds = {'load': self.loading, **stages, 'total': self.last - self.start}
        speeds = StageTimer.rates(self.frames, seconds)
        text = ', '.join(f'{stage} {speed:.1f}' for stage, speed in speeds.items())
        print_log(f'Frames per second: {text} ({self.frames} frames)', logger='current')
        if self.out is not None:
            report = {'frames': self.frames, 'seconds': seconds, 'frames_per_second': speeds}
            with atomic_write(self.out) as file:
                json.dump(report, file, indent=2)


def _unwrapped(model: Any) -> Any:
    return model.module if is_model_wrapper(model) else model
