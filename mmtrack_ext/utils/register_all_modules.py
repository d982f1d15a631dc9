"""Registering everything, so that configs can name it."""

from __future__ import annotations

import importlib

# Whatever has something in a registry. Their packages import nothing themselves, so that rendering,
# converting and drawing start without torch.
PARTS = (
    *('datasets.mot_sequences', 'datasets.mot_video', 'datasets.tao'),
    *('datasets.samplers', 'datasets.transforms'),
    *('engine', 'evaluation.metrics', 'models', 'visualization.track_visualizer'),
)


def register_all_modules(*, init_default_scope: bool = True) -> None:
    """Put every part of mmdet and of this package into the registries.

    Puts the checkpoint loader that runs no code in mmengine's place, too.

    Args:
        init_default_scope: make ``mmtrack_ext`` the scope that names without a prefix are looked
            up in.
    """
    from mmdet.utils import register_all_modules as register_mmdet

    register_mmdet(init_default_scope=False)
    for part in PARTS:
        importlib.import_module(f'mmtrack_ext.{part}')
    if init_default_scope:
        _make_default_scope('mmtrack_ext')


def _make_default_scope(name: str) -> None:
    from mmengine.registry import DefaultScope

    current = DefaultScope.get_current_instance()
    if current is None or current.scope_name != name:
        # An instance name can be used once; the scope that it stands for is what counts.
        count = len(DefaultScope._instance_dict)
        DefaultScope.get_instance(f'{name}-{count}', scope_name=name)
