"""Write measured scores into a README, so that nobody types them.

    write_results_table.py README NAME metrics.json [metrics.json ...] [--label TEXT ...]

The table goes between the lines ``<!-- results: NAME -->`` and ``<!-- end of results -->``. One
file: a row for each sequence and their combination. Several: a row for each file's combination.
Of ``evaluation.json`` of tools/test.py, which holds other metrics than of tracks, a row for each
file, with the columns that are asked for: ``--columns coco/bbox_mAP coco/bbox_mAP_50``. ``--speed``
adds the frames per second of ``speed.json`` beside each file: ``--speed detect track total``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
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
    parser.add_argument('--columns', nargs='+', default=COLUMNS, help='scores to show')
    parser.add_argument('--speed', nargs='+', default=[], metavar='STAGE', help='of speed.json')
    arguments = parser.parse_args()
    labels = arguments.label or [path.resolve().parent.name for path in arguments.metrics]
    if len(labels) != len(arguments.metrics):
        raise ValueError(f'{len(labels)} labels for {len(arguments.metrics)} files')
    tables = [json.loads(path.read_text(encoding='utf-8')) for path in arguments.metrics]
    columns = [*arguments.columns, *(f'{stage} [frames/s]' for stage in arguments.speed)]
    for path, table in zip(arguments.metrics, tables, strict=True):
        table.get('COMBINED', table).update(speed_of(path, arguments.speed))
    lines = table_lines(('', *columns), cells_of(labels, tables, columns))
    replace_table(arguments.readme, arguments.name, lines)
    print(f'Wrote table {arguments.name} to {arguments.readme}')


def speed_of(path: Path, stages: Sequence[str]) -> dict[str, float]:
    """Frames per second of these stages, by title of the column."""
    if not stages:
        return {}
    text = path.with_name('speed.json').read_text(encoding='utf-8')
    rates = json.loads(text)['frames_per_second']
    if absent := [stage for stage in stages if stage not in rates]:
        raise ValueError(f'{path.with_name("speed.json")}: no stage {absent[0]!r}')
    return {f'{stage} [frames/s]': rates[stage] for stage in stages}


def rows_of(labels: list[str], tables: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Label and scores of every row."""
    if len(tables) > 1 or 'COMBINED' not in tables[0]:
        by_label = dict(zip(labels, tables, strict=True))
        return {label: table.get('COMBINED', table) for label, table in by_label.items()}
    rows = {name: row for name, row in tables[0].items() if isinstance(row, dict)}
    rows.pop('PER_CLASS', None)
    rows['combined'] = rows.pop('COMBINED')
    return rows


def cells_of(
    labels: list[str], tables: list[dict[str, Any]], columns: Sequence[str]
) -> Iterator[list[str]]:
    """The text of every row."""
    for label, row in rows_of(labels, tables).items():
        if absent := [column for column in columns if column not in row]:
            raise ValueError(f'{label}: no score {absent[0]!r}, only {", ".join(row)}')
        values = [row[column] for column in columns]
        yield [label, *map(text_of, values)]


def text_of(score: float) -> str:
    """Counts whole, percent with two decimals, shares of 1 (average precision) with three."""
    if isinstance(score, int):
        return str(score)
    return f'{score:.3f}' if 0 < score < 1 else f'{score:.2f}'


if __name__ == '__main__':
    run_tool(main)
