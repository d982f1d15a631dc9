"""The error of every reader in this package."""

from __future__ import annotations

from pathlib import Path


class FileFormatError(ValueError):
    """A file does not hold what its format says. The message names the file, and the line if any.

    Example:
        >>> str(FileFormatError('det.txt', 'frame numbers start at 1, got 0', line=7))
        'det.txt, line 7: frame numbers start at 1, got 0'
    """

    def __init__(self, path: Path | str, problem: str, *, line: int | None = None) -> None:
        where = str(path) if line is None else f'{path}, line {line}'
        super().__init__(f'{where}: {problem}')

    def __reduce__(self) -> tuple[type[ValueError], tuple[str]]:
        return (ValueError, (str(self),))  # so that worker processes can hand it over
