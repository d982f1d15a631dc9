"""Writing without half-written files, and the error of every reader."""

from __future__ import annotations

import os
import pickle
import stat

import pytest

from mmtrack_ext.fileio import FileFormatError, atomic_write


@pytest.mark.parametrize(
    ('mode', 'content', 'stored'),
    [('w', 'é\na', b'\xc3\xa9\na'), ('wb', b'\x00\r\n', b'\x00\r\n')],
)
def test_the_file_appears_at_the_end_of_the_block(tmp_path, mode, content, stored):
    path = tmp_path / 'a' / 'b' / 'file.txt'
    with atomic_write(path, mode) as file:
        file.write(content)
        file.flush()
        assert not path.exists()
    assert path.read_bytes() == stored
    assert list(path.parent.iterdir()) == [path]


def test_old_content_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / 'file.txt'
    path.write_text('a long old content')
    with atomic_write(str(path)) as file:
        file.write('new')
        file.flush()
        assert path.read_text() == 'a long old content'
    assert path.read_text() == 'new'


@pytest.mark.parametrize('error', [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize('old', ['old', None])
def test_an_exception_leaves_what_was_there(tmp_path, error, old):
    path = tmp_path / 'file.txt'
    if old is not None:
        path.write_text(old)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(error), atomic_write(path) as file:  # noqa: PT012
        file.write('half')
        file.flush()
        assert len(list(tmp_path.iterdir())) == len(before) + 1
        raise error
    assert sorted(tmp_path.iterdir()) == before
    assert old is None or path.read_text() == old


def test_a_failed_move_leaves_no_temporary_file(tmp_path):
    (tmp_path / 'folder').mkdir()
    with pytest.raises(IsADirectoryError), atomic_write(tmp_path / 'folder') as file:
        file.write('text')
    assert [path.name for path in tmp_path.iterdir()] == ['folder']


@pytest.mark.parametrize(('umask', 'permissions'), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_follow_the_umask(tmp_path, umask, permissions):
    path = tmp_path / 'file.txt'
    before = os.umask(umask)
    try:
        with atomic_write(path) as file:
            file.write('text')
        assert os.umask(umask) == umask  # read without being changed
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == permissions


def test_the_error_names_file_and_line():
    assert str(FileFormatError('det.txt', 'a problem', line=7)) == 'det.txt, line 7: a problem'
    assert str(FileFormatError('det.npz', 'a problem')) == 'det.npz: a problem'


def test_the_error_passes_between_processes():
    error = pickle.loads(pickle.dumps(FileFormatError('det.txt', 'a problem', line=7)))
    assert isinstance(error, ValueError)
    assert str(error) == 'det.txt, line 7: a problem'
