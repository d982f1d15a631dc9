"""The runner: mmengine's, on one process or many, with a GPU or without."""

from __future__ import annotations

import datetime
import logging
import os
import sys
import warnings
from pathlib import Path
from typing import Any

import torch
from mmengine.device import get_device
from mmengine.dist import is_distributed, master_only
from mmengine.logging import MMLogger
from mmengine.model import is_model_wrapper
from mmengine.runner import CheckpointLoader, Runner
from torch import nn

from mmtrack_ext.engine.model_weights import MIN_FILLED_TO_START, fill_model
from mmtrack_ext.fileio import atomic_write
from mmtrack_ext.registry import RUNNERS

# How mmengine's pages begin that are for the log file.
LOG_FILE_ONLY = (
    *('System environment:', 'Config:\n', 'Hooks will be executed'),
    'Distributed training is not used',
)

# Where the launchers say which process this is, as mmengine's ``dist/utils.py`` reads it.
RANK_VARIABLES = {
    'pytorch': ('RANK', 'WORLD_SIZE', 'LOCAL_RANK'),
    'slurm': ('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_LOCALID'),
    'mpi': ('OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_RANK'),
}


@RUNNERS.register_module()
class MOTRunner(Runner):
    """mmengine's ``Runner``, with four differences.

    * several processes run on CPUs too (backend gloo, whatever the config says);
    * a model without trainable parameters is not wrapped, since ``DistributedDataParallel``
      refuses it: a tracker over cached detections, a frozen detector;
    * a checkpoint of another model is refused, when resuming any that does not fit completely;
    * ``meta['config']`` of a checkpoint is not looked at: mmengine runs it as a Python program.
    """

    def setup_env(self, env_cfg: dict[str, Any]) -> None:
        """As mmengine's, with a process group on CPUs."""
        check_launcher(self.launcher)
        if self.distributed and not is_distributed() and get_device() == 'cpu':
            _init_cpu_processes(self.launcher, env_cfg.get('dist_cfg') or {})
        super().setup_env(env_cfg)

    def build_logger(self, *args: Any, **kwargs: Any) -> MMLogger:
        """As mmengine's, without its warnings of its own deprecated parts.

        The environment, the whole config and the list of hooks go to the file alone.
        """
        logger = super().build_logger(*args, **kwargs)
        logger.addFilter(lambda record: 'will be deprecated in future' not in record.getMessage())
        for handler in logger.handlers:
            if not isinstance(handler, logging.FileHandler):
                handler.addFilter(_is_brief)
        return logger

    def wrap_model(self, model_wrapper_cfg: dict[str, Any] | None, model: nn.Module) -> nn.Module:
        """Move the model to the device; wrap it where there are several processes."""
        if not self.distributed or is_model_wrapper(model):
            return super().wrap_model(model_wrapper_cfg, model)
        if not any(parameter.requires_grad for parameter in model.parameters()):
            return model.to(get_device())
        if get_device() == 'cpu':  # mmengine gives a GPU's number, which is refused on CPUs
            unused = self.cfg.get('find_unused_parameters', False)
            settings = dict(broadcast_buffers=False, find_unused_parameters=unused)
            model_wrapper_cfg = {**settings, **(model_wrapper_cfg or {}), 'device_ids': None}
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', FutureWarning)  # of torch, at mmengine's own arguments
            return super().wrap_model(model_wrapper_cfg, model)

    def load_checkpoint(
        self,
        filename: str,
        map_location: Any = 'cpu',
        strict: bool = False,
        revise_keys: Any = ((r'^module\.', ''),),
    ) -> dict[str, Any]:
        """Fill the model, see ``mmengine.runner.Runner.load_checkpoint``.

        Raises:
            ValueError: these are weights of another model; when resuming or ``strict``, one does
                not fit.
        """
        checkpoint = CheckpointLoader.load_checkpoint(filename, map_location)
        if isinstance(checkpoint.get('meta'), dict):
            checkpoint['meta'].pop('config', None)
        if 'state_dict' not in checkpoint:  # the weights alone; mmengine's EMAHook wants the key
            checkpoint = {'state_dict': checkpoint}
        self.call_hook('after_load_checkpoint', checkpoint=checkpoint)
        model = self.model.module if is_model_wrapper(self.model) else self.model
        min_filled = 1.0 if strict or self._resume else MIN_FILLED_TO_START
        fit = fill_model(
            model, checkpoint, filename, revise_keys=revise_keys, min_filled=min_filled
        )
        self._has_loaded = True
        self.logger.info(f'Loaded {filename}: {fit}')
        return checkpoint

    @master_only
    def dump_config(self) -> None:
        """Write the whole config into ``work_dir``."""
        name = Path(self.cfg.filename).name if self.cfg.filename else f'{self.timestamp}.py'
        with atomic_write(Path(self.work_dir) / name) as file:
            file.write(self.cfg.pretty_text)


def _is_brief(record: logging.LogRecord) -> bool:
    """Whether a message belongs on the terminal, too."""
    beginning = record.getMessage()[:100]
    return not any(title in beginning for title in LOG_FILE_ONLY)


def check_launcher(launcher: str) -> None:
    """Refuse ``--launcher`` in a process that this launcher did not start.

    Raises:
        ValueError: an environment variable that the launcher sets is not there.
    """
    for variable in RANK_VARIABLES.get(launcher, ()):
        if variable not in os.environ:
            raise ValueError(
                f'--launcher {launcher}: {variable} is not set; start the processes with '
                'tools/dist_train.sh, tools/dist_test.sh or their slurm_*.sh'
            )


def _init_cpu_processes(launcher: str, settings: dict[str, Any]) -> None:
    """``init_process_group`` with gloo; mmengine's first chooses a GPU, and there is none."""
    for name, source in zip(RANK_VARIABLES['pytorch'], RANK_VARIABLES[launcher], strict=True):
        os.environ[name] = os.environ[source]
    seconds = settings.get('timeout')
    timeout = None if seconds is None else datetime.timedelta(seconds=seconds)
    torch.distributed.init_process_group('gloo', timeout=timeout)


def leave_processes() -> None:
    """End a process of several on CPUs, when its work is done and written; others just go on.

    Without Python's own clearing up: with gloo (torch 2.13) that now and then aborts the process.
    """
    if torch.distributed.is_initialized() and torch.distributed.get_backend() == 'gloo':
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
