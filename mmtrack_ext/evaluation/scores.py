"""The scores of ``evaluate_sequences`` as a table, and as ``metrics.json``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mmtrack_ext.fileio.atomic import atomic_write

COLUMNS = (
    *('HOTA', 'DetA', 'AssA', 'LocA', 'MOTA', 'MOTP', 'IDF1', 'IDP', 'IDR'),
    *('FP', 'FN', 'IDSW', 'Frag', 'MT', 'ML'),
)


def write_scores(path: Path | str, scores: dict[str, Any]) -> None:
    """Write ``metrics.json``, atomically."""
    with atomic_write(path) as file:
        json.dump(scores, file, indent=2)
        file.write('\n')


def table_lines(scores: dict[str, Any], names: Iterable[str]) -> list[str]:
    """The aligned table: sequences, their combination, then the classes if there are several."""
    rows = {name: scores[name] for name in (*names, 'COMBINED')}
    for class_name, of_class in scores.get('PER_CLASS', {}).items():
        rows[f'class {class_name}'] = of_class['COMBINED']
    width = max(map(len, ('Sequence', *rows)))
    lines = [f'{"Sequence":{width}}' + ''.join(f'{column:>8}' for column in COLUMNS)]
    for label, values in rows.items():
        lines.append(f'{label:{width}}' + ''.join(cell(values[column]) for column in COLUMNS))
    return lines


def cell(value: float | int) -> str:
    """A percentage with two decimals, or a count, right-aligned."""
    return f'{value:8d}' if isinstance(value, int) else f'{value:8.2f}'
