"""mmengine's files appear as a whole or not at all."""

from __future__ import annotations

import os

import mmengine
import pytest
import torch
from mmengine.fileio import get_file_backend, put_text
from mmengine.runner import save_checkpoint

from mmtrack_ext.engine import load_checkpoint, register_atomic_storage


def fail(*_):
    raise OSError(28, 'No space left on device')


@pytest.mark.parametrize('moment', ['replace', 'chmod'])
@pytest.mark.parametrize(
    ('name', 'write'),
    [
        ('x.pth', lambda path: save_checkpoint(dict(a=torch.ones(2)), str(path))),
        ('x.json', lambda path: mmengine.dump([1, 2], str(path))),
        ('x.pkl', lambda path: mmengine.dump([1, 2], str(path))),
        ('x.txt', lambda path: put_text('text', str(path))),
    ],
)
def test_a_failure_leaves_the_old_file(tmp_path, monkeypatch, name, write, moment):
    path = tmp_path / name
    path.write_bytes(b'old')
    with monkeypatch.context() as patch:
        patch.setattr(os, moment, fail)
        with pytest.raises(OSError, match='No space left'):
            write(path)
    assert path.read_bytes() == b'old'
    assert os.listdir(tmp_path) == [name]
    write(path)
    assert path.read_bytes() != b'old'
    assert os.listdir(tmp_path) == [name]


def test_a_checkpoint_is_moved_into_place(tmp_path, monkeypatch):
    moved = []
    replace = os.replace
    monkeypatch.setattr(os, 'replace', lambda *names: (moved.append(names), replace(*names)))
    save_checkpoint(dict(a=torch.ones(2)), str(tmp_path / 'new' / 'x.pth'))
    ((source, target),) = moved
    assert str(target) == str(tmp_path / 'new' / 'x.pth')
    assert os.path.dirname(source) == os.path.dirname(target)  # a move within the folder
    assert load_checkpoint(target)['a'].tolist() == [1, 1]


def test_text_is_written_as_it_is(tmp_path):
    backend = get_file_backend(str(tmp_path))
    backend.put_text('a\r\nü\n', tmp_path / 'x.txt', encoding='latin-1')
    assert (tmp_path / 'x.txt').read_bytes() == b'a\r\n\xfc\n'


def test_what_was_opened_before_is_not_kept(tmp_path):
    from mmengine.fileio import LocalBackend
    from mmengine.fileio import io as mmengine_io

    get_file_backend(str(tmp_path), enable_singleton=True)
    ((key, _),) = mmengine_io.backend_instances.items()
    mmengine_io.backend_instances[key] = LocalBackend()
    register_atomic_storage()
    backend = get_file_backend(str(tmp_path), enable_singleton=True)
    assert type(backend).__name__ == 'AtomicLocalBackend'
