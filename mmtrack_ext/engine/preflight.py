"""Mistakes in a config, found before anything is written."""

from __future__ import annotations

import contextlib
import copy
import difflib
import inspect
import io
import logging
import re
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import Registry
from mmengine.runner import Runner
from torch import nn

from mmtrack_ext import registry as registries
from mmtrack_ext.engine.checkpoint_sources import scheme_of
from mmtrack_ext.engine.checkpoints import check_resumable, load_checkpoint
from mmtrack_ext.engine.model_weights import MIN_FILLED_TO_START, fill_model
from mmtrack_ext.utils.training_sets import check_classes

# What the Runner builds late, and optimizers, whose unknown names mmengine does not mention.
NAMED = {
    'train_cfg': registries.LOOPS,
    'val_cfg': registries.LOOPS,
    'test_cfg': registries.LOOPS,
    'optim_wrapper.optimizer': registries.OPTIMIZERS,
    'param_scheduler': registries.PARAM_SCHEDULERS,
    'visualizer': registries.VISUALIZERS,
    'vis_backends': registries.VISBACKENDS,
    'log_processor': registries.LOG_PROCESSORS,
}


def check_training(config: Config, path: Path | str, *, trust: bool = False) -> None:
    """Build what a training needs once, and read the checkpoint that it starts from.

    Args:
        config: as for ``Runner.from_cfg``; left as it is.
        path: of the config, for messages.
        trust: see ``load_checkpoint``.

    Raises:
        ValueError, OSError: what is wrong, in one line.
    """
    for key in ('model', 'train_cfg', 'optim_wrapper'):
        if config.get(key) is None:
            raise ValueError(f'{path}: there is no {key}, which training needs')
    model = build_once(config, path, phases=('train', 'val'))
    config = copy.deepcopy(config)
    if 'optimizer' in config.optim_wrapper:  # else several, one a part of the model
        with one_line_errors(f'{path}: optim_wrapper'), quietly():
            optimizer = build_optim_wrapper(model, config.optim_wrapper).optimizer
        _build_schedulers(config, path, optimizer)
    _check_checkpoint(config, model, trust=trust)


def _build_schedulers(config: Config, path: Path | str, optimizer: Any) -> None:
    for node in _typed(config.get('param_scheduler')):
        node = {key: value for key, value in node.items() if key != 'convert_to_iter_based'}
        with one_line_errors(f'{path}: param_scheduler'):
            registries.PARAM_SCHEDULERS.build({**node, 'optimizer': optimizer})


def build_once(config: Config, path: Path | str, *, phases: Iterable[str]) -> nn.Module:
    """Build the model, the hooks, and the data and metrics of some phases; load a first item.

    Args:
        config: as for ``Runner.from_cfg``; left as it is.
        path: of the config, for messages.
        phases: of 'train', 'val' and 'test'.

    Returns:
        The model.

    Raises:
        ValueError, OSError: what is wrong, in one line.
    """
    config = copy.deepcopy(config)
    for where, registry in NAMED.items():
        for node in _typed(_look_up(config, where)):
            _check_name(registry, node['type'], f'{path}: {where}')
            if registry is registries.LOOPS:
                with one_line_errors(f'{path}: {where}'):
                    arguments = {key: value for key, value in node.items() if key != 'type'}
                    inspect.signature(registry.get(node['type'])).bind_partial(**arguments)
    _check_pretrained(config.model)
    with one_line_errors(f'{path}: model'):
        model: nn.Module = registries.MODELS.build(config.model)
    for where in ('default_hooks', 'custom_hooks'):
        for node in _typed(config.get(where)):
            with one_line_errors(f'{path}: {where}'):
                registries.HOOKS.build(node)
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints as it reads
        for phase in phases:
            _build_data(config, path, phase, model)
    return model


def _build_data(config: Config, path: Path | str, phase: str, model: nn.Module) -> None:
    loader, evaluators = config.get(f'{phase}_dataloader'), config.get(f'{phase}_evaluator')
    if loader is not None:
        with one_line_errors(f'{path}: {phase}_dataloader.dataset'):
            dataset = registries.DATASETS.build(loader.dataset)
        with one_line_errors(f'{path}: {phase}_dataloader'):
            Runner.build_dataloader({**loader, 'dataset': dataset}, seed=0)
        if phase == 'train':
            with one_line_errors(str(path)):
                check_classes(model, dataset)
                if hasattr(model, 'check_training_set'):
                    model.check_training_set(dataset)
        with one_line_errors(f'{path}: {phase}_dataloader.dataset.pipeline'):
            _check_item(dataset[0])
    for node in _typed(evaluators):
        with one_line_errors(f'{path}: {phase}_evaluator'):
            registries.METRICS.build(node)


def _check_item(item: Any) -> None:
    if isinstance(item, dict) and 'img_path' in item:  # as the dataset lists it
        raise ValueError("it must end with a step that packs, dict(type='PackFrameInputs')")


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Without what mmengine tells of every weight; it says so again when it counts."""
    before = logging.root.manager.disable
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(before)


@contextlib.contextmanager
def one_line_errors(where: str) -> Iterator[None]:
    """Turn what building from a config raises into a ``ValueError`` that starts with ``where``."""
    try:
        yield
    except OSError:  # names the file
        raise
    except Exception as error:  # constructors raise anything for a wrong argument
        raise ValueError(f'{where}: {_explain(error)}') from error


def _check_checkpoint(config: Config, model: Any, *, trust: bool) -> None:
    path = config.get('load_from')
    if path is None:
        return
    checkpoint = load_checkpoint(path, trust=trust)
    if config.get('resume'):
        check_resumable(checkpoint, path)
    min_filled = 1.0 if config.get('resume') else MIN_FILLED_TO_START
    revise_keys = ((r'^module\.', ''),)
    fill_model(model, checkpoint, path, revise_keys=revise_keys, min_filled=min_filled)


def _check_pretrained(node: Any) -> None:
    """Weights that parts of the model start from must be there."""
    if isinstance(node, dict):
        place = node.get('checkpoint')
        if node.get('type') == 'Pretrained' and isinstance(place, str) and not scheme_of(place):
            Path(place).expanduser().open('rb').close()
        node = list(node.values())
    for child in node if isinstance(node, list | tuple) else ():
        _check_pretrained(child)


def _look_up(config: Config, where: str) -> Any:
    node: Any = config
    for part in where.split('.'):
        node = node.get(part) if isinstance(node, dict | Config) else None
    return node


def _typed(node: Any) -> list[dict[str, Any]]:
    """The dicts with a ``type`` at a place of a config: itself, or those in it."""
    if isinstance(node, dict) and 'type' not in node:
        node = list(node.values())
    nodes = node if isinstance(node, list | tuple) else [node]
    return [one for one in nodes if isinstance(one, dict) and 'type' in one]


def _check_name(registry: Registry, name: Any, where: str) -> None:
    if isinstance(name, str) and registry.get(name) is None:
        raise ValueError(f'{where}: {_unknown(name, registry)}')


def _explain(error: Exception) -> str:
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    found = re.match(r'(\S+) is not in the \S+::(.+?) registry', text)
    known = [one for one in vars(registries).values() if isinstance(one, Registry)]
    of_name = [one for one in known if found and one.name == found[2]]
    if found and of_name:
        return _unknown(found[1], of_name[0])
    if not text:  # a bare assert
        text = str(traceback.extract_tb(error.__traceback__)[-1].line)
    return text if isinstance(error, ValueError) else f'{type(error).__name__}: {text}'


def _unknown(name: str, registry: Registry) -> str:
    names: set[str] = set()
    level: Registry | None = registry
    while level is not None:
        names |= set(level.module_dict)
        level = level.parent
    nearest = difflib.get_close_matches(name, sorted(names), n=1)
    hint = f'; did you mean {nearest[0]!r}?' if nearest else ''
    return f'there is no {registry.name} of the type {name!r}{hint}'
