"""Where the tests find files."""

from __future__ import annotations

import importlib.util
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

# One thread a process: several processes of several threads each wait for one another for minutes.
# Here, before any test imports torch; programs that tests start inherit it.
os.environ.setdefault('OMP_NUM_THREADS', '1')
# FFmpeg reads it once in a process, at the first video that any test opens; see frame_source.quiet.
os.environ.setdefault('OPENCV_FFMPEG_LOGLEVEL', '-8')
# A shell starts background jobs deaf to Ctrl-C, and programs inherit that from the tests.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parents[1]
collect_ignore = ['data']  # its scripts have made what lies beside them


@pytest.fixture(scope='session')
def root() -> Path:
    return ROOT


@pytest.fixture(scope='session')
def golden() -> Path:
    """Recorded outputs of the authors' programs."""
    return ROOT / 'tests' / 'data' / 'golden'


@pytest.fixture(scope='session')
def shared_data() -> Path:
    """Real sequences, which may not be redistributed."""
    folder = ROOT.parent / 'shared' / 'data'
    if not folder.is_dir():
        pytest.skip(f'needs real data in {folder}, which is not part of the repository')
    return folder


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Small maps gain nothing from more, and lose much where other work runs beside."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope='session')
def load_module() -> Callable[[Path], ModuleType]:
    """Import a file that is in no package."""

    def load(path: Path) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f'{path.parent.name}_{path.stem}', path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope='session')
def run_tool(root: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run ``tools/NAME ARGUMENTS`` as a user would, from another folder."""

    def run(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(root / 'tools' / name), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, cwd=root.parent, check=False)

    return run


@pytest.fixture
def run_tool_here(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run ``tools/NAME ARGUMENTS`` in this process, which saves the imports of networks.

    Returns exit status, standard output and standard error; the working folder is ``tmp_path``.
    """

    def run(name: str, *arguments: object) -> tuple[int, str, str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, 'argv', [name, *map(str, arguments)])
        status = 0
        try:
            runpy.run_path(str(root / 'tools' / name), run_name='__main__')
        except SystemExit as error:
            status = int(error.code or 0)
        return status, *capfd.readouterr()

    return run
