"""Sequences in several processes."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

Item = TypeVar('Item')
Result = TypeVar('Result')


def parallel_map(
    function: Callable[[Item], Result], items: Iterable[Item], *, num_workers: int = 1
) -> Iterator[Result]:
    """``map(function, items)``, in order, in this process or in ``num_workers`` new ones.

    Processes are spawned, so function, items and results must be picklable. Ctrl-C and errors end
    the processes at once.

    Raises:
        ChildProcessError: a process was killed.
        ValueError: ``num_workers`` is below 1.
    """
    if num_workers < 1:
        raise ValueError(f'The number of processes must be at least 1. Got {num_workers}.')
    if num_workers == 1:
        yield from map(function, items)
        return
    others = set(multiprocessing.active_children())
    context = multiprocessing.get_context('spawn')
    executor = ProcessPoolExecutor(num_workers, mp_context=context)
    try:
        with _interrupts_held_back():
            futures = [executor.submit(function, item) for item in items]
        for future in futures:
            yield future.result()
    except BrokenProcessPool:
        raise ChildProcessError(
            'A process was killed, perhaps for lack of memory; fewer processes need less.'
        ) from None
    except BaseException:  # Ctrl-C too: what still runs is not waited for
        for worker in set(multiprocessing.active_children()) - others:
            worker.terminate()
        raise
    finally:
        executor.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Ctrl-C waits; processes started meanwhile never see it, so that they print no traceback."""
    if not hasattr(signal, 'pthread_sigmask'):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
