"""ncnn's two files: the graph as text, ``.param``, and the weights, ``.bin``.

The format is documented in ncnn's wiki (BSD-3-Clause, github.com/Tencent/ncnn, "param and model
file structure").
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmtrack_ext.fileio import FileFormatError

MAGIC = '7767517'
FLOAT32_TAG, FLOAT16_TAG = 0, 0x01306B47
ARRAY = -23300  # ids of parameters that are arrays: -23300 - id


@dataclass(frozen=True)
class Line:
    """A line of the ``.param``: one layer."""

    number: int
    kind: str
    name: str
    inputs: list[str]
    outputs: list[str]
    settings: dict[int, float | list[float]]

    def integer(self, key: int, default: int = 0) -> int:
        """A setting that is one whole number."""
        value = self.settings.get(key, default)
        return int(value[0] if isinstance(value, list) else value)

    def numbers(self, key: int) -> list[float]:
        """A setting that is an array."""
        value = self.settings.get(key, [])
        return value if isinstance(value, list) else [value]


def read_param(path: Path | str) -> list[Line]:
    """The layers of a ``.param``."""
    path = Path(path)
    rows = path.read_text(encoding='utf-8', errors='replace').splitlines()
    if not rows or rows[0].strip() != MAGIC:
        problem = (
            f'this is no .param of ncnn, which starts with {MAGIC}; its binary form is not read'
        )
        raise FileFormatError(path, problem)
    layers = [(i, row.split()) for i, row in enumerate(rows, start=1) if i > 2 and row.strip()]
    try:
        count = int(rows[1].split()[0])
    except (IndexError, ValueError):
        raise FileFormatError(path, 'no number of layers and of values', line=2) from None
    if count != len(layers):
        raise FileFormatError(path, f'{count} layers announced, {len(layers)} there', line=2)
    return [_parse(path, number, words) for number, words in layers]


def _parse(path: Path, number: int, words: list[str]) -> Line:
    try:
        kind, name, num_inputs, num_outputs = words[0], words[1], int(words[2]), int(words[3])
        values, settings = words[4 : 4 + num_inputs + num_outputs], {}
        if len(values) < num_inputs + num_outputs or any('=' in x for x in values):
            raise ValueError
        for word in words[4 + num_inputs + num_outputs :]:
            key, _, value = word.partition('=')
            numbers = [float(x) for x in value.split(',')]
            is_array = int(key) <= ARRAY
            settings[ARRAY - int(key) if is_array else int(key)] = (
                numbers[1:] if is_array else numbers[0]
            )
    except (IndexError, ValueError):
        raise FileFormatError(path, f'not a layer: {" ".join(words)[:80]}', line=number) from None
    return Line(number, kind, name, values[:num_inputs], values[num_inputs:], settings)


class WeightsFile:
    """A ``.bin``, read from front to back.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: from every method: the file is damaged, or of another ``.param``.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._at = path, 0
        self._bytes = path.read_bytes()
        self._types: set[str] = set()

    @property
    def type_name(self) -> str:
        """How the weights read so far are stored: 'float16', or several with 'and'."""
        return ' and '.join(sorted(self._types))

    def filters(self, name: str, count: int) -> np.ndarray:
        """Weights behind a tag that says how they are stored; float16 fills up to four bytes."""
        (tag,) = struct.unpack('<I', self._take(name, 4))
        if tag == FLOAT16_TAG:
            values = np.frombuffer(self._take(name, (2 * count + 3) // 4 * 4), '<f2')[:count]
        elif tag == FLOAT32_TAG:
            values = np.frombuffer(self._take(name, 4 * count), '<f4')
        else:
            problem = f'{name}: weights of type 0x{tag:08X}; only float32 and float16 are read'
            raise FileFormatError(self.path, problem)
        self._types.add(values.dtype.name)
        return self._finite(name, values)

    def biases(self, name: str, count: int) -> np.ndarray:
        """Always float32, without a tag."""
        return self._finite(name, np.frombuffer(self._take(name, 4 * count), '<f4'))

    def check_end(self) -> None:
        """Refuse a file that goes on."""
        if self._at != len(self._bytes):
            left = len(self._bytes) - self._at
            raise FileFormatError(
                self.path, f'{left} bytes are left over: this file belongs to another .param'
            )

    def _take(self, name: str, count: int) -> bytes:
        part = self._bytes[self._at : self._at + count]
        if len(part) < count:
            raise FileFormatError(
                self.path, f'ends within {name}: cut short, or belongs to another .param'
            )
        self._at += count
        return part

    def _finite(self, name: str, values: np.ndarray) -> np.ndarray:
        if not np.isfinite(values).all():
            raise FileFormatError(self.path, f'{name}: weights that are not finite')
        return values.astype(np.float32)
