"""Tables in JSON files, and what is wrong with them."""

from __future__ import annotations

import json

import pytest

from mmtrack_ext.fileio import FileFormatError, read_json, read_tables

TABLES = {'images': ('id', 'name'), 'boxes': ('id',)}


@pytest.fixture
def save(tmp_path):
    def write(content):
        path = tmp_path / 'a.json'
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    return write


def test_tables_and_all_else(save):
    content = dict(images=[dict(id=0, name='')], boxes=[], info='x')
    assert read_tables(save(content), TABLES) == content


def test_what_may_be_missing_is_empty(save):
    path = save(dict(images=[], boxes=None))
    assert read_tables(path, TABLES, optional=('boxes',)) == dict(images=[], boxes=[])


def test_a_byte_order_mark_is_no_part_of_it(save):
    assert read_json(save(b'\xef\xbb\xbf[1]')) == [1]


@pytest.mark.parametrize(
    ('content', 'problem'),
    [
        (b'{', r'a.json: this is no JSON file \('),
        (b'\xff', r'a.json: this is no JSON file \('),
        ([], "a.json: this is no file of X, 'images' is missing; make it"),
        (dict(images=[]), "a.json: this is no file of X, 'boxes' is missing; make it"),
        (dict(images=[dict(id=1)], boxes=[]), "a.json: entry 0 of 'images' has no 'name'"),
        (dict(images=[], boxes=[dict(id=1), 3]), "a.json: entry 1 of 'boxes' has no 'id'"),
        (dict(images=[], boxes=[dict(id=None)]), "a.json: entry 0 of 'boxes' has no 'id'"),
    ],
)
def test_what_is_wrong_in_one_line(save, content, problem):
    with pytest.raises(FileFormatError, match=problem) as error:
        read_tables(save(content), TABLES, kind='file of X', hint='make it')
    assert '\n' not in str(error.value)
