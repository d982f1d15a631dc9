"""Reading checkpoints without running them."""

from __future__ import annotations

import copy
import os
import pickle
import zipfile
from fractions import Fraction

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader

from mmtrack_ext.engine import (
    find_last_checkpoint,
    load_checkpoint,
    register_checkpoint_loader,
    trusted_checkpoints,
)
from mmtrack_ext.engine.checkpoints import SCHEMES, check_resumable
from mmtrack_ext.fileio import FileFormatError


def rename_globals(path, old: bytes, new: bytes):
    """The same zip archive with another module name in its pickle."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    assert any(old in data for name, data in entries.items() if name.endswith('data.pkl'))
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_STORED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data.replace(old, new) if name.endswith('data.pkl') else data)


def assert_holds_what_was_saved(checkpoint):
    history = checkpoint['message_hub']['log_scalars']['train/loss']
    assert type(history) is HistoryBuffer
    assert history.data[0].tolist() == [1.5, 2.5]
    assert history.data[1].tolist() == [1, 1]
    assert history.mean() == 2.0
    assert history.statistics('max') == 2.5
    history.update(5.0)
    assert history.current() == 5.0
    info = checkpoint['message_hub']['runtime_info']
    assert info['best_score'] == 0.25
    assert info['iter'] == 7
    palette = checkpoint['meta']['dataset_meta']['palette']
    assert palette.dtype == np.uint8
    assert palette.tolist() == [[1, 2], [3, 4]]
    assert checkpoint['state_dict']['weight'].shape == (1, 2)


def test_what_mmengine_saves_is_read(saved_by_mmengine):
    assert b'getattr' in saved_by_mmengine.read_bytes()  # the statistics of HistoryBuffer
    allowed = set(torch.serialization.get_safe_globals())
    assert_holds_what_was_saved(load_checkpoint(saved_by_mmengine))
    assert set(torch.serialization.get_safe_globals()) == allowed


def test_files_from_before_numpy_2_are_read(saved_by_mmengine):
    rename_globals(saved_by_mmengine, b'numpy._core.multiarray', b'numpy.core.multiarray')
    assert_holds_what_was_saved(load_checkpoint(saved_by_mmengine))


def test_a_read_checkpoint_can_be_saved_and_read_again(saved_by_mmengine, tmp_path):
    torch.save(load_checkpoint(saved_by_mmengine), tmp_path / 'again.pth')
    assert_holds_what_was_saved(load_checkpoint(tmp_path / 'again.pth'))


def test_the_file_does_not_change_the_statistics_of_this_process(tmp_path):
    before = dict(HistoryBuffer._statistics_methods)
    buffer = HistoryBuffer([1.0, 3.0], [1, 1])
    buffer._statistics_methods['mean'] = HistoryBuffer.min
    try:
        torch.save({'buffer': buffer}, tmp_path / 'x.pth')
    finally:
        HistoryBuffer._statistics_methods.update(before)
    loaded = load_checkpoint(tmp_path / 'x.pth')['buffer']
    assert loaded.statistics('mean') == 2.0


class Calls:
    """Unpickles as ``function(*arguments)``."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


@pytest.mark.parametrize('zipped', [True, False], ids=['zip', 'before torch 1.6'])
def test_a_program_in_the_file_is_not_run(tmp_path, trace, zipped):
    path = tmp_path / 'malicious.pth'
    content = {'state_dict': {}, 'extra': Calls(os.system, f'touch {trace}')}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    torch.load(path, weights_only=False)  # this is what it does
    assert trace.exists()
    trace.unlink()
    with pytest.raises(FileFormatError) as error:
        load_checkpoint(path)
    assert not trace.exists()
    text = str(error.value)
    assert text.startswith(f'{path}: this file holds posix.system')
    assert '--trust-checkpoint' in text
    assert '\n' not in text


@pytest.mark.parametrize(
    ('content', 'named'),
    [
        (Calls(getattr, 'text', 'upper'), "builtins.getattr of 'upper'"),
        (Calls(getattr, HistoryBuffer, '__init__'), "builtins.getattr of '__init__'"),
        (Calls(getattr, HistoryBuffer, 'mean', 1), "builtins.getattr of 'mean'"),
        (Calls(eval, '1'), 'eval'),
        (np.array([1, 'x'], dtype=object), "numpy.dtype of 'O8'"),
        (np.zeros(2, [('a', 'O')]), 'numpy.dtype'),
        (Fraction(1, 3), 'fractions.Fraction'),
    ],
    ids=['getattr', 'other method', 'default', 'eval', 'objects', 'record', 'class'],
)
def test_what_else_is_refused(tmp_path, content, named):
    torch.save({'state_dict': {}, 'x': content}, tmp_path / 'x.pth')
    with pytest.raises(FileFormatError, match='trust-checkpoint') as error:
        load_checkpoint(tmp_path / 'x.pth')
    assert f'this file holds {named}' in str(error.value)


def test_a_dtype_takes_no_flags_from_the_file(tmp_path):
    # Flags 63 claim that the elements are object pointers; NumPy would believe them.
    class Dtype:
        def __reduce__(self):
            return np.dtype, ('f8', False, True), (3, '<', None, None, None, -1, -1, 63)

    torch.save({'x': Dtype()}, tmp_path / 'x.pth')
    assert torch.load(tmp_path / 'x.pth', weights_only=False)['x'].flags == 63
    assert load_checkpoint(tmp_path / 'x.pth')['x'].flags == 0


def test_trust_loads_a_foreign_class(tmp_path):
    torch.save({'x': Fraction(1, 3)}, tmp_path / 'x.pth')
    assert load_checkpoint(tmp_path / 'x.pth', trust=True) == {'x': Fraction(1, 3)}


@pytest.mark.parametrize(
    'content',
    [b'', b'hello world\n' * 9, pickle.dumps({'a': 1}), b'PK\x03\x04' + bytes(99), b'\x80\x02}'],
    ids=['empty', 'text', 'pickle', 'zip', 'half a pickle'],
)
@pytest.mark.parametrize('trust', [False, True])
def test_damaged_files_are_named(tmp_path, content, trust):
    path = tmp_path / 'x.pth'
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=r'no checkpoint, or only a part of one') as error:
        load_checkpoint(path, trust=trust)
    assert str(error.value).startswith(f'{path}: ')
    assert '\n' not in str(error.value)
    assert len(str(error.value)) < len(str(path)) + 300


@pytest.mark.parametrize('share', [0.1, 0.5, 0.9])
def test_a_truncated_file_is_named(saved_by_mmengine, share):
    whole = saved_by_mmengine.read_bytes()
    saved_by_mmengine.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(FileFormatError, match='only a part of one'):
        load_checkpoint(saved_by_mmengine)


def test_other_contents_are_named(tmp_path):
    torch.save([torch.ones(1)], tmp_path / 'list.pth')
    with pytest.raises(FileFormatError, match='it holds a list, not a dict'):
        load_checkpoint(tmp_path / 'list.pth')
    with pytest.raises(FileNotFoundError, match=r'absent\.pth'):
        load_checkpoint(tmp_path / 'absent.pth')
    with pytest.raises(IsADirectoryError):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize('path', ['pavi://x', 'ftp://host/x.pth', 'open-mmlab://x', 'mmcls://x'])
def test_unknown_places_are_named(path):
    with pytest.raises(ValueError, match=path):
        load_checkpoint(path)


@pytest.fixture
def downloads(tmp_path, monkeypatch):
    """A download puts the malicious file into torch's cache; URLs that were asked for."""
    asked = []

    def download(url, place, **_):
        asked.append(url)
        (tmp_path / 'malicious.pth').rename(place)

    monkeypatch.setenv('MMENGINE_HOME', str(tmp_path / 'mmengine'))
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path / 'hub'))
    monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
    return asked


@pytest.mark.parametrize(
    ('path', 'url'),
    [
        ('https://host/a/x-1234.pth?y=1', 'https://host/a/x-1234.pth?y=1'),
        (
            'open-mmlab://detectron2/resnet50_caffe',
            'https://download.openmmlab.com/pretrain/third_party/resnet50_msra-5891d200.pth',
        ),
    ],
)
def test_downloads_are_read_without_running_them(malicious, downloads, trace, path, url):
    for _ in range(2):  # the second time from the cache
        with pytest.raises(FileFormatError, match=r'posix\.system'):
            CheckpointLoader.load_checkpoint(path)
    assert downloads == [url]
    assert not trace.exists()


def test_no_scheme_of_mmengine_is_left_to_its_own_reader():
    assert set(CheckpointLoader._schemes) == set(SCHEMES)
    for loader in CheckpointLoader._schemes.values():
        assert loader.__module__ == 'mmtrack_ext.engine.checkpoints'


def test_mmengine_reads_with_this_loader(malicious, trace, saved_by_mmengine):
    with pytest.raises(FileFormatError, match=r'posix\.system'):
        CheckpointLoader.load_checkpoint(str(malicious))
    assert not trace.exists()
    assert_holds_what_was_saved(CheckpointLoader.load_checkpoint(str(saved_by_mmengine)))


def test_trust_ends_with_the_block(malicious, trace):
    with trusted_checkpoints():
        CheckpointLoader.load_checkpoint(str(malicious))
    assert trace.exists()
    trace.unlink()
    with pytest.raises(FileFormatError):
        CheckpointLoader.load_checkpoint(str(malicious))
    register_checkpoint_loader()
    assert not trace.exists()


def test_the_last_checkpoint(tmp_path):
    assert find_last_checkpoint(tmp_path) is None
    assert find_last_checkpoint(tmp_path / 'absent') is None
    for name in ('iter_99.pth', 'epoch_2.pth', 'epoch_10.pth', 'best_mot_HOTA_epoch_9.pth'):
        (tmp_path / name).touch()
    assert find_last_checkpoint(tmp_path).name == 'epoch_10.pth'  # not 2, the larger text
    (tmp_path / 'last_checkpoint').write_text('/moved/since/then/epoch_2.pth')
    assert find_last_checkpoint(tmp_path).name == 'epoch_2.pth'
    (tmp_path / 'last_checkpoint').write_text('/moved/since/then/epoch_3.pth')
    assert find_last_checkpoint(tmp_path).name == 'epoch_10.pth'
    (tmp_path / 'last_checkpoint').write_text('')
    assert find_last_checkpoint(tmp_path).name == 'epoch_10.pth'


def test_weights_alone_cannot_be_resumed():
    whole = dict(meta=dict(epoch=1, iter=3), message_hub=dict(a=1), optimizer=dict(state={}))
    check_resumable(whole, 'x.pth')
    for key in whole:
        partial = copy.copy(whole)
        del partial[key]
        with pytest.raises(ValueError, match=rf'x\.pth: .* \(no {key}\).*load_from=x\.pth'):
            check_resumable(partial, 'x.pth')
