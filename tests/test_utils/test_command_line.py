from __future__ import annotations

import itertools
import time

import pytest

from mmtrack_ext.utils import command_line
from mmtrack_ext.utils.command_line import progress, run_tool


@pytest.mark.parametrize(
    ('error', 'line'),
    [
        (ValueError('the box\nis wrong'), 'error: the box is wrong\n'),
        (FileNotFoundError(2, 'x', 'gt.txt'), 'error: gt.txt: no such file or folder\n'),
        (PermissionError(13, 'Permission denied', 'out'), 'error: out: Permission denied\n'),
    ],
)
def test_mistake_of_the_user_is_one_line_and_status_two(capsys, error, line):
    def main() -> None:
        raise error

    with pytest.raises(SystemExit) as status:
        run_tool(main)
    assert status.value.code == 2
    assert capsys.readouterr().err == line


def test_bug_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        run_tool(lambda: 1 / 0)


def test_traceback_on_request(monkeypatch):
    def main() -> None:
        raise ValueError('wrong')

    monkeypatch.setenv('MMTRACK_EXT_DEBUG', '1')
    with pytest.raises(ValueError, match='wrong'):
        run_tool(main)


def test_interrupt_is_status_130(capsys):
    def main() -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as status:
        run_tool(main)
    assert status.value.code == 130
    assert capsys.readouterr().err.startswith('Interrupted')


def test_plain_progress_says_how_much_time_is_left(capsys, monkeypatch):
    # A clock that moves 2 seconds a look: at the start and after each item.
    clock = itertools.count(step=2)
    monkeypatch.setattr(time, 'monotonic', lambda: float(next(clock)))
    assert list(progress('abcdefgh', 'Tracking')) == list('abcdefgh')
    # After item 3, 6 s are gone and 5 items are left at 2 s each; then after item 6.
    assert capsys.readouterr().err.splitlines() == [
        'Tracking: 3 of 8, 10 s left',
        'Tracking: 6 of 8, 4 s left',
    ]


def test_plain_progress_of_unknown_length(capsys, monkeypatch):
    clock = itertools.count(step=6)
    monkeypatch.setattr(time, 'monotonic', lambda: float(next(clock)))
    assert list(progress(iter('ab'), 'Reading')) == ['a', 'b']
    assert capsys.readouterr().err.splitlines() == ['Reading: 1 of ?', 'Reading: 2 of ?']


def test_progress_bar_on_a_terminal_yields_the_items(monkeypatch):
    monkeypatch.setattr(command_line.sys.stderr, 'isatty', lambda: True, raising=False)
    assert list(progress([1, 2, 3], 'Tracking')) == [1, 2, 3]
