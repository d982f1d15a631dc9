from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest

from mmtrack_ext.utils import collect_env as module
from mmtrack_ext.utils.collect_env import collect_env, find_problems, import_version


def test_report_has_the_installed_versions():
    environment = collect_env()
    assert environment['Python'] == sys.version.split()[0]
    for name in ('numpy', 'scipy', 'trackeval'):
        assert environment[name] == version(name)


@pytest.mark.parametrize(
    ('installed', 'words'),
    [
        ({'lap', 'lapx'}, 'lap and lapx are both installed'),
        ({'mmcv', 'mmcv-lite'}, 'mmcv and mmcv-lite are both installed'),
        (set(), 'numpy is missing: pip install numpy'),
        (set(), 'torch is missing: pip install torch'),
        ({'lapx'}, 'mmcv is missing: pip install mmcv-lite==2.1.0'),
    ],
)
def test_problems_come_with_their_mend(monkeypatch, installed, words):
    everything = set(module.CORE) if installed else set()
    monkeypatch.setattr(module, 'is_installed', lambda name: name in everything | installed)
    assert any(words in problem for problem in find_problems())


def test_opencv_without_system_libraries(monkeypatch):
    monkeypatch.setattr(module, 'import_version', lambda name: 'broken: libGL.so.1: cannot open')
    assert any('libGL.so.1' in problem and 'headless' in problem for problem in find_problems())


def test_broken_and_missing_modules_are_told_apart(monkeypatch, tmp_path):
    (tmp_path / 'broken_module.py').write_text("raise ImportError('libGL.so.1: cannot open')")
    (tmp_path / 'needy_module.py').write_text('import no_such_module_at_all')
    monkeypatch.syspath_prepend(tmp_path)
    assert import_version('broken_module') == 'broken: libGL.so.1: cannot open'
    assert import_version('no_such_module_at_all') == 'not installed'
    assert import_version('needy_module').startswith('broken: No module named')


def test_runs_as_a_module():
    command = [sys.executable, '-m', 'mmtrack_ext.utils.collect_env']
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert 'mmtrack_ext' in finished.stdout
    assert finished.returncode in (0, 1), finished.stderr
    assert finished.stderr == ''
