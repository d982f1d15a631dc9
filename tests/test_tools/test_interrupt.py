"""Ctrl-C in ``tools/test.py``, in the middle of a video and of a file; one line."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile

import pytest
from mmengine.config import Config

from mmtrack_ext.fileio import read_detections
from mmtrack_ext.utils.command_line import run_tool as run_main

SCENES = 'configs/bytetrack/bytetrack_detections_scenes.py'
LINE = 'Interrupted; files already written are complete.\n'
# All processes of a session get the signal, as from a terminal.
HOOK = """
import os, signal, zipfile
from mmengine.hooks import Hook
from mmtrack_ext.registry import HOOKS

def interrupt(*_, **__):
    os.killpg(os.getpgrp(), signal.SIGINT)

@HOOKS.register_module()
class Interrupts(Hook):
    def __init__(self, frame=None):
        self.frame = frame

    def before_test_iter(self, runner, batch_idx, data_batch=None):
        if self.frame == batch_idx:
            interrupt()

    def before_test_epoch(self, runner):
        if self.frame is None:
            write = zipfile.ZipFile.writestr
            zipfile.ZipFile.writestr = lambda *arguments: (write(*arguments), interrupt())
"""


@pytest.mark.parametrize(
    ('hook', 'videos'),
    [
        (dict(type='Interrupts', frame=70), ['crossing']),  # each has 60 frames
        (dict(type='Interrupts'), ['crossing', 'square']),  # while submission.zip is written
    ],
    ids=['video', 'archive'],
)
def test_what_is_written_is_whole(root, tmp_path, hook, videos):
    folder = str(root / 'tests' / 'data' / 'scenes')
    steps = [dict(type='LoadDetections', path=folder), dict(type='PackFrameInputs')]
    loader = dict(num_workers=1, batch_size=1, dataset=dict(data_root=folder, pipeline=steps))
    (tmp_path / 'interrupts.py').write_text(HOOK)
    (tmp_path / 'config.py').write_text(
        f"_base_ = {str(root / SCENES)!r}\ncustom_imports = dict(imports=['interrupts'])\n"
        f'custom_hooks = [{hook}]\ntest_dataloader = {loader}\n'
    )
    options = ('--work-dir', 'run', '--out', 'out', '--format-only')
    finished = subprocess.run(
        [sys.executable, root / 'tools' / 'test.py', 'config.py', *options],
        cwd=tmp_path,
        env=dict(os.environ, PYTHONPATH=str(tmp_path), PYTHONWARNINGS='ignore'),
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    assert (finished.returncode, finished.stderr) == (130, LINE)
    out = tmp_path / 'out'
    names = {str(path.relative_to(out)) for path in out.rglob('*') if path.is_file()}
    texts = {f'{video}.txt' for video in videos}
    assert names == texts | {f'detections/{video}.npz' for video in videos}
    for video in videos:
        lines = (out / f'{video}.txt').read_text().splitlines()
        assert {line.count(',') for line in lines} == {9}
        assert lines[-1].startswith('60,')
        assert zipfile.ZipFile(out / 'detections' / f'{video}.npz').testzip() is None
        assert len(read_detections(out / 'detections' / f'{video}.npz')) == 60


def test_ctrl_c_that_mmengine_takes_for_a_mistake_in_the_config(monkeypatch, capsys):
    """Its ``pretty_text``, which takes seconds, calls any exception a SyntaxError."""

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr('mmengine.config.config.FormatCode', interrupt)

    def main():
        try:
            Config(dict(a=1)).pretty_text  # noqa: B018  # a property
        except SyntaxError as error:
            raise ValueError('config.py: as preflight says it') from error

    with pytest.raises(SystemExit) as status:
        run_main(main)
    assert (status.value.code, capsys.readouterr().err) == (130, LINE)


def test_a_file_that_ctrl_c_leaves_incomplete_is_named(capsys):
    def main():
        try:
            raise KeyboardInterrupt
        finally:
            raise OSError(28, 'No space left on device', 'a.mp4')

    with pytest.raises(SystemExit) as status:
        run_main(main)
    assert status.value.code == 2
    assert capsys.readouterr().err == 'error: a.mp4: No space left on device\n'
