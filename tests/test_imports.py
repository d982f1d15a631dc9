"""Imports point one way, and the core does without networks."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

# Which parts of the package each part may import, besides itself.
CORE = {'association', 'fileio', 'utils'}
SHARED = CORE | {'ops', 'structures', 'registry'}
ALLOWED = {
    'association': set(),
    'fileio': {'association'},
    'utils': {'association', 'fileio'},
    'testing': {'association', 'fileio'},
    'ops': {'utils'},
    'structures': CORE,
    'camera_motion': {'association'},
    'datasets': SHARED | {'camera_motion'},
    'engine': SHARED | {'visualization'},  # the hook that draws
    'evaluation': SHARED,
    'models': SHARED,
    'model_zoo': SHARED | {'engine', 'models'},
    'visualization': SHARED,
    'apis': SHARED | {'datasets', 'engine', 'evaluation', 'models', 'visualization'},
}
CORE_LIBRARIES = {'numpy', 'scipy', 'lap'}


def imports_of(path: Path) -> set[str]:
    """Modules that a file imports, anywhere in it."""
    modules = set()
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path}: relative import'
            modules.add(node.module)
    return modules


def test_every_part_has_a_rule(root):
    parts = {path.parent.name for path in (root / 'mmtrack_ext').glob('*/__init__.py')}
    assert parts == set(ALLOWED)


@pytest.mark.parametrize('part', ALLOWED)
def test_imports_point_one_way(root, part):
    for path in (root / 'mmtrack_ext' / part).rglob('*.py'):
        for module in imports_of(path):
            if module.startswith('mmtrack_ext.'):
                assert module.split('.')[1] in ALLOWED[part] | {part}, f'{path}: {module}'


@pytest.mark.parametrize('part', ['association', 'fileio'])
def test_core_uses_numpy_scipy_and_lap_alone(root, part):
    for path in (root / 'mmtrack_ext' / part).rglob('*.py'):
        libraries = {module.split('.')[0] for module in imports_of(path)}
        others = libraries - CORE_LIBRARIES - {'mmtrack_ext'} - set(sys.stdlib_module_names)
        assert not others, f'{path}: {others}'


def test_trackers_never_import_each_other(root):
    for path in (root / 'mmtrack_ext' / 'association' / 'trackers').glob('[!_]*.py'):
        assert not [m for m in imports_of(path) if m.startswith('mmtrack_ext.association.trackers')]


def test_core_runs_with_networks_blocked():
    program = (
        'import sys\n'
        'class Blocker:\n'
        '    def find_spec(self, name, path=None, target=None):\n'
        "        if name.split('.')[0] in ('torch', 'mmengine', 'mmcv', 'mmdet', 'cv2'):\n"
        "            raise ImportError(f'{name} is blocked')\n"
        'sys.meta_path.insert(0, Blocker())\n'
        'import mmtrack_ext.fileio\n'
        'from mmtrack_ext.association import Detections, build_tracker\n'
        "tracker = build_tracker({'type': 'ByteTracker'})\n"
        'print(tracker.update(Detections([[0, 0, 10, 20]], [0.9])).ids)\n'
    )
    finished = subprocess.run(
        [sys.executable, '-c', program], capture_output=True, text=True, check=False
    )
    assert finished.stdout == '[1]\n', finished.stderr
