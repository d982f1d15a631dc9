"""Tables of measured figures in READMEs, written by tools so that nobody types them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from mmtrack_ext.fileio import atomic_write

END = '<!-- end of results -->'


def table_lines(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table, first column to the left, the others to the right."""
    lines = [_row(header), '|---|' + '---:|' * (len(header) - 1)]
    return lines + [_row(row) for row in rows]


def replace_table(path: Path | str, name: str, lines: Iterable[str]) -> None:
    """Put ``lines`` between ``<!-- results: NAME -->`` and ``<!-- end of results -->``.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it has no such place.
    """
    path = Path(path)
    text = path.read_text(encoding='utf-8')
    start = f'<!-- results: {name} -->'
    before, found, rest = text.partition(start)
    _, end, after = rest.partition(END)
    if not (found and end):
        raise ValueError(f'{path}: there is no "{start}" followed by "{END}"')
    table = '\n'.join(lines)
    with atomic_write(path) as file:
        file.write(f'{before}{start}\n\n{table}\n\n{END}{after}')


def _row(cells: Sequence[str]) -> str:
    return ' '.join(['|', *(f'{cell} |' if cell else '|' for cell in cells)])
