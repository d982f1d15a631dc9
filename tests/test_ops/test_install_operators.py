"""Putting operators in the place of ``mmcv._ext``, each time in a fresh interpreter."""

from __future__ import annotations

import os
import subprocess
import sys

import mmcv._ext
import pytest

INSTALL = 'from mmtrack_ext.ops import install_operators; install_operators(); '


stand_in_alone = pytest.mark.skipif(
    mmcv._ext.__name__ == 'mmcv._ext', reason='a compiled mmcv is installed'
)


@pytest.fixture
def run(root):
    """Run a line of Python, with ``paths`` before the installed packages."""

    def run(line, *paths):
        environment = os.environ | {'PYTHONPATH': os.pathsep.join(map(str, [*paths, root]))}
        command = [sys.executable, '-c', line]
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)

    return run


@pytest.fixture
def fake_mmcv(tmp_path):
    """A package ``mmcv`` of these files, and, where the true one is not needed, of ``torch``."""

    def make(*, init='', extension=None, torch=False):
        (tmp_path / 'mmcv').mkdir()
        (tmp_path / 'mmcv' / '__init__.py').write_text(init)
        if extension is not None:
            (tmp_path / 'mmcv' / '_ext.py').write_text(extension)
        if torch:  # importing the true one takes seconds
            (tmp_path / 'torch.py').write_text('')
        return tmp_path

    return make


def test_a_compiled_one_wins(run, fake_mmcv):
    paths = fake_mmcv(extension='nms = "compiled"', torch=True)
    done = run(INSTALL + 'import mmcv._ext; print(mmcv._ext.nms)', paths)
    assert done.stdout.strip() == 'compiled', done.stderr


def test_without_one_ours_is_found_every_way(run, fake_mmcv):
    line = (
        'import importlib, importlib.util, sys, mmcv; '
        'names = {mmcv._ext.__name__, importlib.import_module("mmcv._ext").__name__, '
        'importlib.util.find_spec("mmcv._ext").name}; '
        'install_operators(); names.add(sys.modules["mmcv._ext"].__name__); print(*names)'
    )
    done = run(INSTALL + line, fake_mmcv())
    assert done.stdout.split() == ['mmtrack_ext.ops.mmcv_extension'], done.stderr


@stand_in_alone
def test_whoever_imports_it_first_gets_the_one_module(run):
    line = (
        'import mmtrack_ext, mmcv._ext; from mmtrack_ext.ops import mmcv_extension; '
        'import sys; print(mmcv._ext is mmcv_extension is sys.modules["mmcv._ext"], '
        'mmcv_extension.__spec__.name)'
    )
    done = run(line)
    assert done.stdout.split() == ['True', 'mmtrack_ext.ops.mmcv_extension'], done.stderr


def test_a_compiled_one_keeps_its_description(run, fake_mmcv):
    paths = fake_mmcv(extension='', torch=True)
    done = run('import mmtrack_ext, mmcv._ext; print(mmcv._ext.__spec__.origin)', paths)
    assert done.stdout.strip() == str(paths / 'mmcv' / '_ext.py'), done.stderr


def test_one_built_for_another_torch_is_replaced_with_a_warning(run, fake_mmcv):
    paths = fake_mmcv(extension='raise ImportError("undefined symbol: _ZN2at")')
    done = run(INSTALL + 'import mmcv._ext; print(mmcv._ext.__name__)', paths)
    assert done.stdout.strip() == 'mmtrack_ext.ops.mmcv_extension'
    assert 'undefined symbol: _ZN2at' in done.stderr
    assert 'pip install --no-build-isolation mmcv==2.1.0' in done.stderr


@pytest.mark.parametrize(
    ('missing', 'command'),
    [('torch', 'pip install "torch>=2.5"'), ('mmcv', 'pip install mmcv-lite==2.1.0')],
)
def test_a_missing_package_is_named_with_its_command(run, missing, command):
    done = run(f'import sys; sys.modules[{missing!r}] = None; {INSTALL}')
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith('ImportError')
    assert f"need '{missing}'" in last
    assert last.endswith(command)


def test_what_mmcv_lacks_itself_is_not_mistaken_for_mmcv(run, fake_mmcv):
    done = run(INSTALL, fake_mmcv(init='import something_missing', torch=True))
    last = done.stderr.strip().splitlines()[-1]
    assert last == "ModuleNotFoundError: No module named 'something_missing'"
