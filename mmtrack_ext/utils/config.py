"""Reading config files, with one-line errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.config import Config, DictAction


def read_config(path: Path | str, options: dict[str, Any] | None = None) -> dict[str, Any]:
    """A Python config with its bases, as a plain dict.

    Args:
        path: the config file.
        options: changes, ``{'model.tracker.max_age': 60}``.

    Raises:
        FileNotFoundError: the file or one of its bases does not exist.
        ValueError: it is not a config; names file and problem.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(2, 'no such file', str(path))
    try:
        config = Config.fromfile(str(path))
        config.merge_from_dict(options or {})
    except FileNotFoundError:
        raise
    except SyntaxError as error:
        line = f', line {error.lineno}' if error.lineno else ''
        raise ValueError(f'{path}{line}: {error.msg}') from None
    except Exception as error:
        raise ValueError(f'{path}: {type(error).__name__}: {error}') from None
    plain: dict[str, Any] = config.to_dict()
    return plain


def config_options(assignments: list[str]) -> dict[str, Any]:
    """``['model.tracker.max_age=60']`` as a dict, values as mmengine's ``DictAction`` reads them.

    Raises:
        ValueError: an assignment has no ``=``.
    """
    options = {}
    for assignment in assignments:
        key, equals, value = assignment.partition('=')
        if not equals or not key:
            raise ValueError(f'--cfg-options takes key=value. Got {assignment!r}.')
        options[key] = DictAction._parse_iterable(value)
    return options
