"""Reading a checkpoint's pickle without running anything that it asks for.

torch's ``weights_only`` reader builds tensors and plain containers. Beyond them, what mmengine
0.10.7 saves holds a ``message_hub`` of ``HistoryBuffer`` (``mmengine/logging/history_buffer.py``)
with NumPy arrays and scalars. Each of their names in the file is mapped to a stand-in of this
module that takes just what mmengine writes there:

* ``builtins.getattr`` answers for the four statistics of ``HistoryBuffer`` and nothing else;
* a ``HistoryBuffer`` keeps its numbers; the methods in the file are dropped, where mmengine would
  put them into the class, for the whole process;
* a ``numpy.dtype`` is one of the shared numeric ones, on which ``__setstate__`` does nothing. On a
  dtype of its own a file could set flags that make NumPy take stored bytes for object pointers.
"""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

STATISTICS = ('min', 'max', 'current', 'mean')
DTYPES = ('b1', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', 'f2', 'f4', 'f8', 'c8', 'c16')


def read_safely(file: Path | IO[bytes], *, map_location: Any = 'cpu') -> Any:
    """``torch.load`` of tensors, plain containers and what mmengine saves beside them.

    Raises:
        pickle.UnpicklingError: the file asks for anything else, or is damaged.
        Exception: the file is damaged; torch raises many kinds.
    """
    with torch.serialization.safe_globals(_allowed()), warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of a pickle's version, before it is refused
        return torch.load(file, map_location=map_location, weights_only=True)


def _allowed() -> list[Any]:
    """Stand-ins with the names that they answer to, as ``safe_globals`` takes them."""
    modules = ('numpy.core.multiarray', 'numpy._core.multiarray')  # before and from NumPy 2
    return [
        (_History, 'mmengine.logging.history_buffer.HistoryBuffer'),
        (_statistic, 'builtins.getattr'),
        (_dtype, 'numpy.dtype'),
        (np.ndarray, 'numpy.ndarray'),
        *((_reconstruct, f'{module}._reconstruct') for module in modules),
        *((_scalar, f'{module}.scalar') for module in modules),
        *{type(np.dtype(name)) for name in DTYPES},
    ]


class _History(HistoryBuffer):
    """Becomes a ``HistoryBuffer`` of the numbers in the file."""

    def __setstate__(self, state: Any) -> None:
        history, count = state.get('_log_history'), state.get('_count_history')
        length = state.get('max_length')
        if not isinstance(history, np.ndarray) or not isinstance(count, np.ndarray):
            raise pickle.UnpicklingError('a HistoryBuffer that is none')
        self.__class__ = HistoryBuffer
        HistoryBuffer.__init__(self, max_length=length if isinstance(length, int) else 1_000_000)
        self._log_history, self._count_history = history, count


def _statistic(owner: Any, name: Any, *default: Any) -> Any:
    if owner is not _History or name not in STATISTICS or default:
        raise pickle.UnpicklingError(f'GLOBAL builtins.getattr of {name!r}')
    return getattr(HistoryBuffer, name)


def _dtype(name: Any, align: Any = False, copy: Any = True) -> np.dtype[Any]:
    if name not in DTYPES:
        raise pickle.UnpicklingError(f'GLOBAL numpy.dtype of {name!r}')
    return np.dtype(name)


def _reconstruct(kind: Any, shape: Any, type_code: Any) -> np.ndarray[Any, Any]:
    """The empty array that the pickle then fills."""
    if kind is not np.ndarray or shape != (0,):
        raise pickle.UnpicklingError('GLOBAL numpy._reconstruct of something else than an array')
    return np.empty(0, np.int8)


def _scalar(dtype: Any, data: Any) -> Any:
    if not isinstance(dtype, np.dtype) or not isinstance(data, bytes):
        raise pickle.UnpicklingError('GLOBAL numpy.scalar of something else than a number')
    return np.frombuffer(data, dtype, count=1)[0]
