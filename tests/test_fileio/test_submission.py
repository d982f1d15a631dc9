"""The archive for the MOTChallenge server."""

from __future__ import annotations

import time
import zipfile

import pytest

from mmtrack_ext.fileio import submission_names, write_submission

# The seven test videos of MOT17, arXiv 1603.00831 and https://motchallenge.net/data/MOT17.
MOT17_TEST = ('01', '03', '06', '07', '08', '12', '14')


@pytest.fixture
def make_texts(tmp_path):
    """Write SEQ.txt for each name, with the name in it."""

    def make(*names):
        for name in names:
            (tmp_path / f'{name}.txt').write_text(f'1,1,0.00,0.00,9.00,9.00,1.00,-1,-1,-1 {name}\n')
        return {name: tmp_path / f'{name}.txt' for name in names}

    return make


def texts_in(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode().split()[-1] for name in archive.namelist()}


def test_every_text_at_the_root_in_order(make_texts, tmp_path):
    texts = make_texts('MOT20-08', 'MOT20-04', 'MOT20-07', 'MOT20-06')
    line = write_submission(tmp_path / 'out' / 'a.zip', texts)
    assert line == f'Wrote {tmp_path / "out" / "a.zip"}: 4 sequences'
    found = texts_in(tmp_path / 'out' / 'a.zip')
    assert list(found) == ['MOT20-04.txt', 'MOT20-06.txt', 'MOT20-07.txt', 'MOT20-08.txt']
    assert [name.removesuffix('.txt') for name in found] == list(found.values())
    for name, path in texts.items():
        with zipfile.ZipFile(tmp_path / 'out' / 'a.zip') as archive:
            assert archive.read(f'{name}.txt') == path.read_bytes()


def test_one_copy_of_mot17_stands_for_the_three(make_texts, tmp_path):
    texts = make_texts(*(f'MOT17-{number}-FRCNN' for number in MOT17_TEST))
    line = write_submission(tmp_path / 'a.zip', texts)
    assert '21 sequences; 14 of them are copies' in line
    found = texts_in(tmp_path / 'a.zip')
    assert list(found) == [
        f'MOT17-{number}-{detector}.txt'
        for number in MOT17_TEST
        for detector in ('DPM', 'FRCNN', 'SDP')
    ]
    assert list(found.values()) == [f'MOT17-{n}-FRCNN' for n in MOT17_TEST for _ in range(3)]


def test_all_21_are_each_their_own(make_texts, tmp_path):
    names = [f'MOT17-{n}-{d}' for d in ('SDP', 'DPM', 'FRCNN') for n in MOT17_TEST]
    line = write_submission(tmp_path / 'a.zip', make_texts(*names))
    assert line.endswith(': 21 sequences')
    assert texts_in(tmp_path / 'a.zip') == {f'{name}.txt': name for name in sorted(names)}


@pytest.mark.parametrize(
    ('sequences', 'names'),
    [
        (['MOT17-02'], ['MOT17-02-DPM', 'MOT17-02-FRCNN', 'MOT17-02-SDP']),
        (['MOT16-02'], ['MOT16-02']),
        (['MOT17-02-FRCNN-copy'], ['MOT17-02-FRCNN-copy']),
        (['dancetrack0003', 'MOT17-021'], ['MOT17-021', 'dancetrack0003']),
        ([], []),
    ],
)
def test_names(sequences, names):
    assert list(submission_names(sequences)) == names
    assert set(submission_names(sequences).values()) == set(sequences)


def test_equal_texts_make_equal_bytes(make_texts, tmp_path, monkeypatch):
    texts = make_texts('MOT16-02', 'MOT16-04')
    write_submission(tmp_path / 'a.zip', texts)
    monkeypatch.setattr(time, 'time', lambda: 2e9)
    monkeypatch.setattr(time, 'localtime', lambda *_: time.gmtime(2e9))
    for path in texts.values():
        path.touch()
    write_submission(tmp_path / 'b.zip', dict(reversed(texts.items())))
    assert (tmp_path / 'a.zip').read_bytes() == (tmp_path / 'b.zip').read_bytes()
    with zipfile.ZipFile(tmp_path / 'a.zip') as archive:
        for entry in archive.infolist():
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert (entry.create_system, entry.external_attr >> 16) == (3, 0o644)


def test_nothing_is_left_after_a_failure(make_texts, tmp_path):
    texts = make_texts('MOT20-01', 'MOT20-02')
    write_submission(tmp_path / 'a.zip', texts)
    texts['MOT20-02'].unlink()
    with pytest.raises(FileNotFoundError, match=r'MOT20-02\.txt'):
        write_submission(tmp_path / 'a.zip', texts)
    assert [path.name for path in tmp_path.iterdir()] == ['MOT20-01.txt']


def test_two_of_three_copies_are_refused(make_texts, tmp_path):
    texts = make_texts('MOT17-01-DPM', 'MOT17-01-SDP', 'MOT17-03-FRCNN')
    with pytest.raises(ValueError, match=r'wants MOT17-01-DPM, .* of MOT17-01-DPM, MOT17-01-SDP:'):
        write_submission(tmp_path / 'a.zip', texts)
    with pytest.raises(ValueError, match='test all three, or one'):
        submission_names(['MOT17-01', 'MOT17-01-FRCNN'])
    assert not (tmp_path / 'a.zip').exists()
