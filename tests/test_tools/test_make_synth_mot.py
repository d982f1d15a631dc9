from __future__ import annotations

import re
import runpy
import sys

import cv2
import pytest

TOOL = 'dataset_converters/make_synth_mot.py'
TINY = ('--sequences', 1, '--frames', 3, '--size', '160x96')


def files_of(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob('*') if p.is_file()}


@pytest.fixture
def run_here(root, monkeypatch, capsys):
    """Run the tool in this process, which is faster; (exit status, stdout, stderr)."""

    def run(*arguments):
        threads, status = cv2.getNumThreads(), 0
        with monkeypatch.context() as patch:
            patch.setattr(sys, 'path', list(sys.path))
            patch.setattr(sys, 'argv', [TOOL, *map(str, arguments)])
            try:
                runpy.run_path(str(root / 'tools' / TOOL), run_name='__main__')
            except SystemExit as stop:
                status = stop.code
            finally:
                cv2.setNumThreads(threads)
        return status, *capsys.readouterr()

    return run


def test_says_what_it_wrote_and_how_fast(run_tool, tmp_path):
    finished = run_tool(TOOL, tmp_path / 'out', *TINY)
    assert finished.returncode == 0, finished.stderr
    lines = finished.stdout.splitlines()
    assert re.fullmatch(
        r'Rendered 2 sequences, 6 frames of 160x96, in \d+\.\d s: \d+ frames/s\.', lines[0]
    )
    assert lines[1:] == [
        f'Wrote {tmp_path / "out" / "train"}: SynthMOT-01',
        f'Wrote {tmp_path / "out" / "val"}: SynthMOT-51',
    ]
    assert len(files_of(tmp_path / 'out')) == 2 * 5


def test_other_processes_write_the_same_bytes(run_tool, run_here, tmp_path):
    arguments = ('--split', 'val', '--classes', 4, '--seed', 3, *TINY)
    assert run_tool(TOOL, tmp_path / 'a', *arguments).returncode == 0
    assert run_here(tmp_path / 'b', *arguments)[0] == 0
    assert files_of(tmp_path / 'a') == files_of(tmp_path / 'b')


def test_the_seed_changes_everything_but_the_lengths(run_here, tmp_path):
    for seed in (0, 1):
        assert run_here(tmp_path / str(seed), '--seed', seed, *TINY)[0] == 0
    first, other = (files_of(tmp_path / str(seed)) for seed in (0, 1))
    assert first.keys() == other.keys()
    assert all((first[n] == other[n]) == n.endswith('seqinfo.ini') for n in first)


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (('--size', '640'), "--size must be WxH, for example 640x384. Got '640'"),
        (('--size', '-640x384'), 'WxH'),
        (('--size', '0x384'), 'Got 0'),
        (('--frames', 0), 'Got 0'),
        (('--sequences', -1), 'Got -1'),
        (('--split', 'test'), "Unknown split 'test'"),
        (('--classes', 9), 'between 1 and 4. Got 9'),
        (('--seed', -1), 'Got -1'),
    ],
)
def test_bad_arguments_are_named_in_one_line(run_here, tmp_path, arguments, words):
    option, value = arguments
    status, stdout, stderr = run_here(tmp_path / 'out', f'{option}={value}')
    assert (status, stdout) == (2, '')
    assert len(stderr.strip().splitlines()) == 1, stderr
    assert stderr.startswith('error: ')
    assert words in stderr
    assert not (tmp_path / 'out').exists()


def test_folders_of_others_are_refused(run_here, tmp_path):
    (tmp_path / 'train' / 'SynthMOT-01').mkdir(parents=True)
    (tmp_path / 'train' / 'SynthMOT-01' / 'thesis.txt').write_text('mine')
    status, _, stderr = run_here(tmp_path, *TINY)
    assert status == 2
    assert 'holds thesis.txt' in stderr
    assert list(files_of(tmp_path)) == ['train/SynthMOT-01/thesis.txt']
    (tmp_path / 'file').write_text('')
    status, _, stderr = run_here(tmp_path / 'file', *TINY)
    assert (status, stderr) == (
        2,
        f'error: {tmp_path / "file"}: this is a file where a folder is needed\n',
    )
