"""JSON files that hold tables: lists of entries by name, as those of COCO, LVIS and TAO do."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from mmtrack_ext.fileio.errors import FileFormatError


def read_json(path: Path | str) -> Any:
    """What is in a file.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: it holds no JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding='utf-8-sig'))
    except ValueError as error:  # no JSON, or no text at all
        raise FileFormatError(path, f'this is no JSON file ({error})') from None


def read_tables(
    path: Path | str,
    tables: Mapping[str, Collection[str]],
    *,
    optional: Collection[str] = (),
    kind: str = 'annotation file',
    hint: str = '',
) -> dict[str, Any]:
    """The content of a file, whose tables are there and whose entries have what they must have.

    Args:
        path: of the file.
        tables: by name, the keys that every entry has.
        optional: tables that may be missing; they are then empty.
        kind: of file, for messages.
        hint: how to mend a file of another kind.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: a table is missing, or a key of an entry.
    """
    content = read_json(path)
    found: dict[str, Any] = dict(content) if isinstance(content, dict) else {}
    for name, keys in tables.items():
        rows = found.get(name)
        if rows is None and name in optional:
            rows = []
        if not isinstance(rows, list):
            mend = f'; {hint}' if hint else ''
            raise FileFormatError(path, f'this is no {kind}, {name!r} is missing{mend}')
        for position, row in enumerate(rows):
            absent = [key for key in keys if not isinstance(row, dict) or row.get(key) is None]
            if absent:
                raise FileFormatError(path, f'entry {position} of {name!r} has no {absent[0]!r}')
        found[name] = rows
    return found
