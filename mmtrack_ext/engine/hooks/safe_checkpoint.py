"""Saving checkpoints so that a kill at any moment leaves one to resume from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook

from mmtrack_ext.fileio import atomic_write
from mmtrack_ext.registry import HOOKS


@HOOKS.register_module(name=['SafeCheckpointHook', 'CheckpointHook'])
class SafeCheckpointHook(CheckpointHook):
    """mmengine's ``CheckpointHook`` in another order: save, point to the file, then delete.

    mmengine 0.10.7 deletes the oldest (``max_keep_ckpts``) and the previous best checkpoint before
    it writes the new one, and writes ``last_checkpoint`` in place. Arguments as there. Configs with
    ``default_scope = 'mmtrack_ext'`` get this hook under mmengine's name, too.
    """

    def before_train(self, runner: Any) -> None:
        """Clear away what a killed run was writing."""
        super().before_train(runner)
        if is_main_process() and Path(self.out_dir).is_dir():
            for leftover in Path(self.out_dir).glob('.*.pth.*.tmp'):
                leftover.unlink(missing_ok=True)

    def _save_checkpoint_with_step(self, runner: Any, step: int, meta: dict[str, Any]) -> None:
        outdated = self._keep(runner, step)
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir,
            name,
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        if is_main_process():
            with atomic_write(Path(runner.work_dir) / 'last_checkpoint') as file:
                file.write(str(self.last_ckpt))
        self._remove(outdated)

    def _keep(self, runner: Any, step: int) -> list[str]:
        """Note ``step`` among those that are kept; return the files that are not any more."""
        if self.max_keep_ckpts <= 0 or (self.keep_ckpt_ids and self.keep_ckpt_ids[-1] == step):
            return []
        full = len(self.keep_ckpt_ids) == self.max_keep_ckpts
        outdated = [self.keep_ckpt_ids.popleft()] if full else []
        self.keep_ckpt_ids.append(step)
        runner.message_hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))
        names = [self.filename_tmpl.format(old) for old in outdated if old != step]
        return [self.file_backend.join_path(self.out_dir, name) for name in names]

    def _save_best_checkpoint(self, runner: Any, metrics: dict[str, float]) -> None:
        if not self.save_best:
            return
        before = self._best_paths()
        for key in before:  # what it does not know it does not delete
            self._set_best_path(key, None)
        super()._save_best_checkpoint(runner, metrics)
        now = self._best_paths()
        for key, path in before.items():
            if now.get(key) is None:
                self._set_best_path(key, path)
        kept = self._best_paths().values()
        self._remove(path for path in before.values() if path and path not in kept)

    def _best_paths(self) -> dict[str | None, Any]:
        """The best checkpoint by metric; by None where there is one metric, perhaps 'auto'."""
        if len(self.key_indicators) == 1:
            return {None: self.best_ckpt_path}
        return dict(self.best_ckpt_path_dict)

    def _set_best_path(self, key: str | None, path: Any) -> None:
        if key is None:
            self.best_ckpt_path = path
        else:
            self.best_ckpt_path_dict[key] = path

    def _remove(self, paths: Iterable[str]) -> None:
        for path in paths if is_main_process() else ():
            if self.file_backend.isfile(path):
                self.file_backend.remove(path)
            elif self.file_backend.isdir(path):  # as DeepSpeed saves them
                self.file_backend.rmtree(path)
