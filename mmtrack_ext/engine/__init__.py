"""The runner, its hooks, and checkpoints that run no code.

Importing this package registers the runner and the hooks, makes mmengine read checkpoints with
``checkpoints.load_checkpoint``, and makes its files appear as a whole or not at all.
"""

from mmtrack_ext.engine.checkpoints import (
    check_resumable,
    find_last_checkpoint,
    load_checkpoint,
    load_model_weights,
    register_checkpoint_loader,
    trusted_checkpoints,
)
from mmtrack_ext.engine.hooks import NaNLossHook, SafeCheckpointHook, SpeedHook
from mmtrack_ext.engine.model_weights import check_compatible
from mmtrack_ext.engine.runner import MOTRunner
from mmtrack_ext.engine.storage import register_atomic_storage

register_checkpoint_loader()
register_atomic_storage()

__all__ = [
    'MOTRunner',
    'NaNLossHook',
    'SafeCheckpointHook',
    'SpeedHook',
    'check_compatible',
    'check_resumable',
    'find_last_checkpoint',
    'load_checkpoint',
    'load_model_weights',
    'register_atomic_storage',
    'register_checkpoint_loader',
    'trusted_checkpoints',
]
