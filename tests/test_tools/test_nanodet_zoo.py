"""``tools/analysis/nanodet_zoo.py``: what it counts, times and writes."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import pytest
import torch

pytestmark = pytest.mark.filterwarnings('default')  # torch and mmdet warn of their own parts

TOOL = 'analysis/nanodet_zoo.py'
README = 'Before.\n\n<!-- results: zoo -->\nold\n<!-- end of results -->\n\nAfter.\n'


@pytest.fixture(autouse=True)
def _process_as_before(monkeypatch):
    threads = torch.get_num_threads()
    monkeypatch.setattr(sys, 'path', list(sys.path))
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def tool(root):
    return runpy.run_path(str(root / 'tools' / TOOL))


def test_a_config_is_counted_timed_and_written(root, run_tool_here, tmp_path):
    config = root / 'configs' / 'nanodet' / 'nanodet-plus-m_synthmot.py'
    (tmp_path / 'README.md').write_text(README)
    # One thread: two of torch wait long for each other where other work runs beside.
    arguments = ('--rounds', 1, '--threads', 1, '--readme', 'README.md', '--json', 'zoo.json')
    status, text, error = run_tool_here(TOOL, config, *arguments)
    assert status == 0, error
    (row,) = json.loads((tmp_path / 'zoo.json').read_text())
    times = row.pop('milliseconds')
    # 4 levels of 79 classes less than the 1,197,924 parameters of COCO's; GMACs: 0.451 at 320 x 320
    # with 80 classes, so 0.6 of that less the classes on the 1,275 points of 320 x 192.
    parameters = 1_197_924 - 4 * 79 * 97
    assert (row['parameters'], row['size']) == (parameters, [320, 192])
    assert row['macs'] / 1e9 == pytest.approx(0.6 * 0.451 - 1275 * 79 * 96 / 1e9, abs=1e-3)
    medians = [times[library]['1'] for library in ('torch', 'onnxruntime')]
    assert min(medians) > 0
    cells = ' | '.join(f'{median:.1f}' for median in medians)
    table = (tmp_path / 'README.md').read_text()
    line = f'| nanodet-plus-m_synthmot | 320 x 192 | {parameters:,} | 0.261 | {cells} |\n'
    assert line in table
    assert line in text
    assert 'medians of 3 runs' in table
    assert table.startswith('Before.')
    assert table.endswith('After.\n')
    assert 'old' not in table


def network(tool, name, macs, *, attention=0, calls=None, seconds=None):
    counts = tool['Counts'](12_345, 12_345, macs, attention)
    return tool['Network'](Path(name), (320, 192), counts, calls or seconds, seconds or {})


def test_the_table(tool, tmp_path):
    (tmp_path / 'a.py').touch()
    times = {('onnxruntime', 1): [0.002, 0.004, 0.009], ('torch', 2): [0.02], ('torch', 1): [0.03]}
    networks = [
        network(tool, 'configs/a.py', 1_234_567_890, seconds=times),
        network(tool, 'configs/b.py', 2_000_000_000, attention=67_000_000, seconds=times),
    ]
    assert tool['zoo_table'](networks, tmp_path / 'README.md') == [
        '| config | size | parameters | GMACs | torch, 1 thread | torch, 2 threads '
        '| onnxruntime, 1 thread |',
        '|---|---:|---:|---:|---:|---:|---:|',
        '| [a](a.py) | 320 x 192 | 12,345 | 1.235 | 30.0 | 20.0 | 4.0 |',
        '| b | 320 x 192 | 12,345 | 2.000 + 0.067 | 30.0 | 20.0 | 4.0 |',
    ]


def test_networks_take_turns(tool, monkeypatch):
    """Each turn: one run that does not count, three that do. A run of b takes 2 s, of a 1."""
    clock, runs = [0.0], []

    def call(name, seconds):
        def run():
            runs.append(name)
            # The first of a turn is slow.
            clock[0] += seconds if runs[-2:-1] == [name] else 100

        return run

    monkeypatch.setattr(tool['time'], 'perf_counter', lambda: clock[0])
    networks = [
        network(tool, 'x', 1, calls={('torch', 1): call('a', 1), ('onnxruntime', 1): call('b', 2)}),
        network(tool, 'y', 1, calls={('torch', 1): call('c', 3)}),
    ]
    tool['take_turns'](networks, range(2))
    assert ''.join(runs) == 'aaaabbbbcccc' * 2
    found = [tool['milliseconds'](one) for one in networks]
    assert found == [{('torch', 1): 1000, ('onnxruntime', 1): 2000}, {('torch', 1): 3000}]
    assert len(networks[0].seconds['torch', 1]) == 6


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (['none.py'], 'none.py: no such file'),
        (['none.py', '--rounds', 0], '--rounds and --threads must be at least 1'),
        (['none.py', '--threads', 1, 0], '--rounds and --threads must be at least 1'),
    ],
)
def test_a_mistake_is_one_line(run_tool_here, tmp_path, arguments, words):
    status, text, error = run_tool_here(TOOL, *arguments)
    assert (status, text, error.count('\n')) == (2, '', 1), error
    assert words in error
