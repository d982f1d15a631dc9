"""Seconds by stage."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class StageTimer:
    """Adds up the seconds that each stage took.

    Example:
        >>> timer = StageTimer()
        >>> with timer('track'):
        ...     pass
        >>> list(timer.seconds)
        ['track']
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Time what stands under ``with``; waits for the GPU, if one is in use."""
        start = time.perf_counter()
        yield
        torch = sys.modules.get('torch')
        if torch is not None and torch.cuda.is_initialized():
            torch.cuda.synchronize()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start

    @staticmethod
    def rates(count: int, seconds: Mapping[str, float]) -> dict[str, float]:
        """How many of ``count`` frames were done in a second of each stage."""
        return {stage: count / max(spent, 1e-9) for stage, spent in seconds.items()}

    def reset(self) -> None:
        """Forget all stages."""
        self.seconds.clear()
