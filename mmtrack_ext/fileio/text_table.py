"""Text files of numbers, read fast, with errors that name the line."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from mmtrack_ext.association.arrays import FloatArray, IntArray
from mmtrack_ext.fileio.errors import FileFormatError

EMPTY_FIELD = re.compile(r'(?:^|,)[ \t]*,', re.MULTILINE)


def read_table(path: Path, *, widths: tuple[int, ...]) -> FloatArray:
    """The numbers of a comma- or space-separated file.

    Args:
        path: the file.
        widths: how many columns it may have.

    Returns:
        (N, K) float64, K one of ``widths``; of an empty file (0, ``widths[0]``).

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: a line is no row of numbers; names file, line and what is wrong.
    """
    try:
        text = path.read_text(encoding='utf-8-sig')
    except UnicodeDecodeError:
        raise FileFormatError(path, 'this is not a text file') from None
    if not text.strip():
        return np.empty((0, widths[0]))
    try:
        if EMPTY_FIELD.search(text):
            raise ValueError('a field is empty')
        table = np.loadtxt(text.replace(',', ' ').split('\n'), ndmin=2, comments=None)
    except ValueError:
        raise _first_bad_line(path, text, widths) from None
    if table.shape[1] not in widths:
        raise _first_bad_line(path, text, widths)
    finite = np.isfinite(table).all(axis=1)
    if not finite.all():
        problem = 'NaN or infinity is not a number that can be tracked or scored'
        raise FileFormatError(path, problem, line=line_of_row(path, int(np.argmin(finite))))
    return table


def whole_numbers(
    path: Path,
    column: FloatArray,
    name: str,
    minimum: int | None = None,
    maximum: int | None = None,
) -> IntArray:
    """A column of the table as int64; refuses fractions and numbers outside the limits."""
    with np.errstate(invalid='ignore'):  # what int64 cannot hold differs afterwards
        whole = column.astype(np.int64)
    problems = [(whole != column, f'the {name} must be a whole number')]
    if minimum is not None:
        problems.append((whole < minimum, f'{name} numbers start at {minimum}'))
    if maximum is not None:
        problems.append((whole > maximum, f'{name} numbers end at {maximum}'))
    for bad, problem in problems:
        if bad.any():
            row = int(np.argmax(bad))
            line = line_of_row(path, row)
            raise FileFormatError(path, f'{problem}, got {column[row]:.12g}', line=line)
    return whole


def line_of_row(path: Path, row: int) -> int:
    """The line, from 1, that holds a row of the table (blank lines hold none)."""
    return _filled_lines(path)[row][0]


def line_of_row_by_frame(path: Path, row: int) -> int:
    """The same for a row as the readers return it: by frame, then as in the file."""
    frames = [
        (float(line.replace(',', ' ').split()[0]), number) for number, line in _filled_lines(path)
    ]
    return sorted(frames)[row][1]


def _filled_lines(path: Path) -> list[tuple[int, str]]:
    """Numbers, from 1, and texts of the lines that are not blank."""
    with path.open(encoding='utf-8-sig') as file:
        return [(number, line) for number, line in enumerate(file, start=1) if line.strip()]


def _first_bad_line(path: Path, text: str, widths: tuple[int, ...]) -> FileFormatError:
    """The error for the first line that is no row, or whose width differs from the first row's."""
    first_width = None
    for number, line in enumerate(text.split('\n'), start=1):
        if not line.strip():
            continue
        fields = re.split(r'\s*,\s*|\s+', line.strip().removesuffix(',').rstrip())
        for field in fields:
            if not _is_number(field):
                return FileFormatError(path, f'{field!r} is not a number', line=number)
        if len(fields) not in widths:
            expected = ', '.join(map(str, widths[:-1])) + f' or {widths[-1]}'
            problem = f'{len(fields)} columns where {expected} are expected'
            return FileFormatError(path, problem, line=number)
        first_width = first_width or len(fields)
        if len(fields) != first_width:
            problem = f'{len(fields)} columns, but the lines before have {first_width}'
            return FileFormatError(path, problem, line=number)
    return FileFormatError(path, 'the rows cannot be read as numbers')


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return field.isascii() and '_' not in field  # float() takes more than np.loadtxt does
