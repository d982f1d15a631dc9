"""Stopping a training whose loss is no number any more."""

from __future__ import annotations

import math
from typing import Any

import torch
from mmengine.hooks import Hook

from mmtrack_ext.registry import HOOKS


class NaNLossError(ValueError):
    """The loss is NaN or infinite; the message names the iteration and the terms."""


@HOOKS.register_module()
class NaNLossHook(Hook):
    """Stops at the first iteration whose loss is NaN or infinite, before anything is saved.

    mmdet's ``CheckInvalidLossHook`` looks every 50 iterations and does not say at which terms.

    Raises:
        NaNLossError: after the iteration.
    """

    priority = 'VERY_HIGH'  # before the hooks that save

    def after_train_iter(
        self,
        runner: Any,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Look at every term that the model returns."""
        terms = {
            name: float(value.detach() if torch.is_tensor(value) else value)
            for name, value in (outputs or {}).items()
            if 'loss' in name and getattr(value, 'numel', lambda: 1)() == 1
        }
        if all(map(math.isfinite, terms.values())):
            return
        wrong = [name for name, value in terms.items() if not math.isfinite(value)]
        wrong = [name for name in wrong if name != 'loss'] or wrong  # their sum says nothing more
        values = ', '.join(f'{name}={value:.4g}' for name, value in terms.items())
        raise NaNLossError(
            f'iteration {runner.iter + 1} (epoch {runner.epoch + 1}): {", ".join(wrong)} is not '
            f'finite ({values}); try a lower optim_wrapper.optimizer.lr, a longer warm-up or '
            'optim_wrapper.clip_grad; nothing was saved since the last checkpoint'
        )
