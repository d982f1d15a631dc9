"""``tools/print_config.py``."""

from __future__ import annotations

import pytest

from mmtrack_ext.utils.config import read_config


@pytest.fixture
def config(tmp_path):
    (tmp_path / 'base.py').write_text('a = dict(b=1, c=2)')
    (tmp_path / 'leaf.py').write_text("_base_ = 'base.py'\na = dict(b=3)")
    return tmp_path / 'leaf.py'


def test_prints_bases_and_options_merged(run_tool, config):
    finished = run_tool('print_config.py', config, '--cfg-options', 'a.c=[7,8]')
    assert finished.returncode == 0, finished.stderr
    values = {}
    exec(finished.stdout, values)
    assert values['a'] == dict(b=3, c=[7, 8])


def test_writes_a_config_that_reads_the_same(run_tool, config, tmp_path):
    path = tmp_path / 'out' / 'whole.py'
    finished = run_tool('print_config.py', config, '--save-path', path)
    assert finished.stdout == f'Wrote {path}\n'
    assert read_config(path) == read_config(config) == dict(a=dict(b=3, c=2))


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (['absent.py'], 'absent.py: no such file'),
        (['CONFIG', '--cfg-options', 'd.e=1'], "there is no 'd'"),
        (['CONFIG', '--save-path', 'x.json'], '--save-path must end in .py. Got x.json.'),
    ],
)
def test_mistakes_are_one_line(run_tool, config, arguments, words):
    arguments = [config if one == 'CONFIG' else one for one in arguments]
    finished = run_tool('print_config.py', *arguments)
    assert finished.returncode == 2
    assert finished.stdout == ''
    assert len(finished.stderr.splitlines()) == 1
    assert words in finished.stderr
