from __future__ import annotations

import pytest

from mmtrack_ext.utils.markdown import replace_table, table_lines

README = 'a\n<!-- results: x -->\nold\n<!-- end of results -->\nb <!-- end of results --> c\n'


def test_table_stands_between_its_marks_and_can_be_replaced(tmp_path):
    path = tmp_path / 'README.md'
    path.write_text(README)
    replace_table(path, 'x', ['first'])
    replace_table(path, 'x', table_lines(['', 'HOTA'], [['all', '55.77']]))
    assert path.read_text() == (
        'a\n<!-- results: x -->\n\n'
        '| | HOTA |\n|---|---:|\n| all | 55.77 |\n\n'
        '<!-- end of results -->\nb <!-- end of results --> c\n'
    )


def test_missing_place_is_named(tmp_path):
    path = tmp_path / 'README.md'
    path.write_text(README)
    with pytest.raises(ValueError, match='<!-- results: y -->'):
        replace_table(path, 'y', [])
    assert path.read_text() == README
