"""Reading config files, with one-line errors."""

from __future__ import annotations

import ast
import difflib
from pathlib import Path
from typing import Any

from mmengine.config import Config, DictAction


def read_config(
    path: Path | str,
    options: dict[str, Any] | None = None,
    *,
    tracker: Path | str | None = None,
) -> dict[str, Any]:
    """A Python config with its bases, as a plain dict; see ``load_config``."""
    plain: dict[str, Any] = load_config(path, options, tracker=tracker).to_dict()
    return plain


def load_config(
    path: Path | str,
    options: dict[str, Any] | None = None,
    *,
    tracker: Path | str | None = None,
) -> Config:
    """A Python config with its bases, as mmengine's ``Config``.

    Args:
        path: the config file.
        options: changes, ``{'model.tracker.max_age': 60}``.
        tracker: a config file whose ``model.tracker``, whole, is used instead; see
            ``replace_tracker``. The options change the tracker that is used.

    Raises:
        FileNotFoundError: the file or one of its bases does not exist.
        ValueError: it is not a config, or an option changes what is not there; names file and
            problem.
    """
    config = _load_file(path)
    if tracker is not None:
        replace_tracker(config, tracker)
    before = config.to_dict()
    for key in options or {}:
        _check_key(path, before, key)
    try:
        config.merge_from_dict(options or {})
    except Exception as error:
        raise ValueError(f'--cfg-options: {type(error).__name__}: {error}') from None
    return config


def _load_file(path: Path | str) -> Config:
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(2, 'no such file', str(path))
    try:
        return Config.fromfile(str(path))
    except FileNotFoundError:
        raise
    except SyntaxError as error:
        line = f', line {error.lineno}' if error.lineno else ''
        raise ValueError(f'{path}{line}: {error.msg}') from None
    except Exception as error:
        raise ValueError(f'{path}: {type(error).__name__}: {error}') from None


def config_options(assignments: list[str]) -> dict[str, Any]:
    """``['model.tracker.max_age=60']`` as a dict, values as mmengine's ``DictAction`` reads them.

    It leaves ``KEY={...}`` a string, which no part of a config wants: here it is a dict.

    Raises:
        ValueError: an assignment has no ``=``, or a dict is not closed.
    """
    options = {}
    for assignment in assignments:
        key, equals, value = assignment.partition('=')
        if not equals or not key:
            raise ValueError(f'--cfg-options takes key=value. Got {assignment!r}.')
        options[key] = _read_dict(value) if value[:1] == '{' else DictAction._parse_iterable(value)
    return options


def _read_dict(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        raise ValueError(f"--cfg-options takes dicts as {{'key': value}}. Got {text!r}.") from None


def _check_key(path: Path | str, config: dict[str, Any], key: str) -> None:
    """Refuse a misspelt option: whatever holds the last part of its key must be there."""
    *parents, last = key.split('.')
    node: Any = config
    for part in parents or [last]:
        if isinstance(node, list) and part.isdecimal() and int(part) < len(node):
            node = node[int(part)]
            continue
        if not isinstance(node, dict) or part not in node:
            known = list(map(str, node)) if isinstance(node, dict) else []
            nearest = difflib.get_close_matches(part, known, n=1)
            hint = f'; did you mean {nearest[0]!r}?' if nearest else ''
            raise ValueError(f'--cfg-options {key}: there is no {part!r} in {path}{hint}')
        node = node[part]


def replace_tracker(config: Config, path: Path | str) -> None:
    """Put ``model.tracker`` of another config file in the place of this one's.

    The whole block changes places, ``per_sequence`` with it, and nothing else does.

    Raises:
        FileNotFoundError: the file does not exist.
        ValueError: one of the two has no ``model.tracker``.
    """
    model = config.get('model')
    if not isinstance(model, dict) or 'tracker' not in model:
        raise ValueError(f'{config.filename}: this model has no tracker to be replaced')
    model.tracker = tracker_config(read_config(path), path)


def tracker_config(config: dict[str, Any], path: Path | str) -> dict[str, Any]:
    """``model.tracker`` of a config that was read from ``path``.

    Raises:
        ValueError: there is none.
    """
    model = config.get('model')
    tracker = model.get('tracker') if isinstance(model, dict) else None
    if not isinstance(tracker, dict):
        raise ValueError(f'{path}: there is no model.tracker in this config')
    return tracker


def looks_at_frames(model: dict[str, Any]) -> bool:
    """Whether a model (its config) makes its detections itself, out of images.

    ``TrackingByDetection`` without a detector takes those that come with the frames.
    """
    return model.get('type') != 'TrackingByDetection' or model.get('detector') is not None
