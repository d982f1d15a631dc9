"""Networks in ``.onnx`` files, run by onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

CPU = ('CPUExecutionProvider',)


class ONNXSessionMixin:
    """A module that runs a network in a file; put it before the module's other bases.

    Copies, and what is pickled, open the file again: onnxruntime's session can be neither.

    Attributes:
        path: the file.
        providers: of onnxruntime.
        num_threads: see ``open_session``.
        session: the open network; None before ``open``.
    """

    path: str
    providers: list[str]
    num_threads: int | None
    session: Any = None

    def open(
        self, path: Path | str, *, providers: Sequence[str], num_threads: int | None = None
    ) -> None:
        """Open a file; for arguments and errors see ``open_session``."""
        self.path = str(path)
        self.providers = list(providers)
        self.num_threads = num_threads
        self._reopen()

    def _reopen(self) -> None:
        self.session = open_session(
            self.path, self.providers, user=type(self).__name__, num_threads=self.num_threads
        )

    def __getstate__(self) -> dict[str, Any]:
        """Without the session."""
        return {name: value for name, value in self.__dict__.items() if name != 'session'}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[misc]  # of torch.nn.Module
        if 'path' in state:
            self._reopen()


def open_session(
    path: str, providers: Sequence[str], *, user: str, num_threads: int | None = None
) -> Any:
    """The network in a file, ready to run.

    Args:
        path: the file.
        providers: of onnxruntime, the first that works is taken.
        user: what wants it, for messages.
        num_threads: threads inside an operator; None for as many as torch has
            (``OMP_NUM_THREADS``).

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: onnxruntime is not installed, or cannot read the file; or the number of threads
            is below 1.
    """
    if num_threads is not None and (not isinstance(num_threads, int) or num_threads < 1):
        raise ValueError(
            f"The 'num_threads' parameter of {user} must be an int >= 1, or None. "
            f'Got {num_threads!r} instead.'
        )
    try:
        import onnxruntime
    except ImportError:
        raise ValueError(f'{user} needs the package onnxruntime: pip install onnxruntime') from None
    if not Path(path).is_file():
        raise FileNotFoundError(2, 'no such file', path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads or torch.get_num_threads()
    options.log_severity_level = 3  # errors alone; what it warns of is about its own speed
    try:
        return onnxruntime.InferenceSession(path, options, providers=list(providers))
    except Exception as error:
        reason = first_line(error)
        raise ValueError(f'{path}: onnxruntime cannot read this network: {reason}') from None


def first_line(error: Exception) -> str:
    """What an error of onnxruntime says, without its details."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
