"""``seqinfo.ini``."""

from __future__ import annotations

import pytest

from mmtrack_ext.fileio import (
    FileFormatError,
    SequenceInfo,
    read_sequence_info,
    second_half_start,
    write_sequence_info,
)

MOT17_02 = """[Sequence]
name=MOT17-02-FRCNN
imDir=img1
frameRate=30
seqLength=600
imWidth=1920
imHeight=1080
imExt=.jpg
"""


def save(folder, text, encoding='utf-8'):
    path = folder / 'seqinfo.ini'
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    'text',
    [
        MOT17_02,
        MOT17_02 + '\n\n',
        MOT17_02.replace('\n', '\r\n'),
        MOT17_02.replace('=', ' = '),
        MOT17_02.lower().replace('[sequence]', '[Sequence]').replace('mot17-02-frcnn', 'X'),
        '\ufeff' + MOT17_02,
    ],
    ids=['as published', 'blank lines', 'CRLF', 'spaces', 'lower case', 'BOM'],
)
def test_read(tmp_path, text):
    name = 'X' if 'name=X' in text else 'MOT17-02-FRCNN'
    assert read_sequence_info(save(tmp_path, text)) == SequenceInfo(
        name=name,
        num_frames=600,
        width=1920,
        height=1080,
        frame_rate=30.0,
        image_folder='img1',
        image_extension='.jpg',
    )


def test_what_is_left_out_is_none(tmp_path):
    (tmp_path / 'MOT15-01').mkdir()
    path = save(tmp_path / 'MOT15-01', '[Sequence]\nseqLength=7')
    assert read_sequence_info(path) == SequenceInfo('MOT15-01', 7, None, None, None)


def test_the_folder_gives_the_name_from_inside_it_too(tmp_path, monkeypatch):
    (tmp_path / 'MOT15-01').mkdir()
    save(tmp_path / 'MOT15-01', '[Sequence]\nseqLength=7')
    monkeypatch.chdir(tmp_path / 'MOT15-01')
    assert read_sequence_info('seqinfo.ini').name == 'MOT15-01'


@pytest.mark.parametrize(
    ('text', 'problem'),
    [
        ('', r'section \[Sequence\] is missing'),
        ('[Other]\nseqLength=7', r'section \[Sequence\] is missing'),
        ('[Sequence]\nname=X', "key 'seqLength' is missing"),
        ('seqLength=7', 'no section headers'),
        ('[Sequence]\nseqLength=seven', "'seven'"),
        ('[Sequence]\nseqLength=', "''"),
        ('[Sequence]\nseqLength=7.5', "'7.5'"),
        ('[Sequence]\nseqLength=7\nimWidth=wide', "'wide'"),
        ('[Sequence]\nseqLength=7\nimHeight=10.5', "'10.5'"),
        ('[Sequence]\nseqLength=7\nframeRate=fast', "'fast'"),
        ('[Sequence]\nseqLength=7\nseqLength=8', 'already exists'),
        ('[Sequence]\ngarbage', 'parsing errors'),
    ],
)
def test_a_broken_file_is_named(tmp_path, text, problem):
    path = save(tmp_path, text)
    with pytest.raises(ValueError, match=problem) as error:
        read_sequence_info(path)
    assert str(error.value).startswith(f'{path}: ')
    assert '\n' not in str(error.value)


def test_a_binary_file_is_named(tmp_path):
    path = save(tmp_path, MOT17_02, encoding='utf-16')
    with pytest.raises(ValueError, match='decode') as error:
        read_sequence_info(path)
    assert str(error.value).startswith(f'{path}: ')


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'seqinfo\.ini'):
        read_sequence_info(tmp_path / 'seqinfo.ini')


def test_write_is_as_published(tmp_path):
    info = SequenceInfo('MOT17-02-FRCNN', 600, 1920, 1080, 30.0)
    write_sequence_info(tmp_path / 'SEQ' / 'seqinfo.ini', info)
    assert (tmp_path / 'SEQ' / 'seqinfo.ini').read_bytes() == MOT17_02.encode()


@pytest.mark.parametrize(
    'info',
    [
        SequenceInfo('X', 7),
        SequenceInfo('X', 7, frame_rate=30000 / 1001),
        SequenceInfo('X', 7, frame_rate=7),
        SequenceInfo('X', 7, frame_rate=12.5, width=1),
        SequenceInfo('X', 1234567, 10_000_000, 10_000_001, 1e6),
        SequenceInfo('100% crowd', 7),
        SequenceInfo('Straße', 7, image_folder='frames/left', image_extension='.png'),
    ],
)
def test_round_trip(tmp_path, info):
    write_sequence_info(tmp_path / 'seqinfo.ini', info)
    assert read_sequence_info(tmp_path / 'seqinfo.ini') == info


@pytest.mark.parametrize(('num_frames', 'first'), [(600, 302), (837, 420), (10, 7), (9, 6), (3, 3)])
def test_the_second_half_starts_after_half_the_length_plus_one(num_frames, first):
    """``first`` counts from 1: for 10 frames the second half is 7, 8, 9, 10."""
    assert second_half_start(num_frames) == first - 1


@pytest.mark.parametrize('length', [0, -3, 10**12])
def test_sequence_without_frames_is_refused(tmp_path, length):
    path = tmp_path / 'seqinfo.ini'
    path.write_text(f'[Sequence]\nseqLength={length}\n')
    with pytest.raises(
        FileFormatError, match=f"'seqLength' must be between 1 and 10000000, got {length}"
    ):
        read_sequence_info(path)
