"""Write measured scores into a README, so that nobody types them.

    write_results_table.py README NAME metrics.json [metrics.json ...] [--label TEXT ...]

The table goes between the lines ``<!-- results: NAME -->`` and ``<!-- end of results -->``. One
file: a row for each sequence and their combination. Several: a row for each file's combination.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmtrack_ext.utils.command_line import run_tool
from mmtrack_ext.utils.markdown import replace_table, table_lines

COLUMNS = ('HOTA', 'DetA', 'AssA', 'MOTA', 'IDF1', 'FP', 'FN', 'IDSW')


def main() -> None:
    """Replace the table and say so."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('readme', type=Path)
    parser.add_argument('name', help='of the table in the README')
    parser.add_argument('metrics', type=Path, nargs='+', help='files of evaluate_mot.py --json')
    parser.add_argument('--label', nargs='+', help='a name for each file; default: its folder')
    arguments = parser.parse_args()
    labels = arguments.label or [path.resolve().parent.name for path in arguments.metrics]
    if len(labels) != len(arguments.metrics):
        raise ValueError(f'{len(labels)} labels for {len(arguments.metrics)} files')
    tables = [json.loads(path.read_text(encoding='utf-8')) for path in arguments.metrics]
    replace_table(
        arguments.readme, arguments.name, table_lines(('', *COLUMNS), cells_of(labels, tables))
    )
    print(f'Wrote table {arguments.name} to {arguments.readme}')


def rows_of(labels: list[str], tables: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Label and scores of every row."""
    if len(tables) > 1:
        return {label: table['COMBINED'] for label, table in zip(labels, tables, strict=True)}
    rows = {name: row for name, row in tables[0].items() if isinstance(row, dict)}
    rows.pop('PER_CLASS', None)
    rows['combined'] = rows.pop('COMBINED')
    return rows


def cells_of(labels: list[str], tables: list[dict[str, Any]]) -> Iterator[list[str]]:
    """The text of every row."""
    for label, row in rows_of(labels, tables).items():
        values = [row[column] for column in COLUMNS]
        yield [label, *(str(v) if isinstance(v, int) else f'{v:.2f}' for v in values)]


if __name__ == '__main__':
    run_tool(main)
