"""``tools/analysis/check_memory.py``: what grows is found, and nothing else is."""

from __future__ import annotations

import mmap
import re
import runpy
from pathlib import Path

import numpy as np
import pytest

from mmtrack_ext.association.trackers import TRACKER_CLASSES, SORTTracker
from mmtrack_ext.testing.tracker_forms import TRACKER_FORMS

NAME = 'analysis/check_memory.py'
ELSEWHERE = []


@pytest.fixture(scope='module')
def tool(root):
    return runpy.run_path(str(root / 'tools' / NAME))


class HoardingTracker(SORTTracker):
    """Keeps a number a frame."""

    def reset(self):
        super().reset()
        self.hoard = []

    def step(self):
        super().step()
        self.hoard.append(1)


class LeakingTracker(SORTTracker):
    """Keeps 10 kB a frame, but not in the tracker."""

    def step(self):
        super().step()
        pages = mmap.mmap(-1, 10_000)  # from the system: what Python has free may hide growth
        pages[:] = b'1' * 10_000
        ELSEWHERE.append(pages)


class ForgetfulTracker(SORTTracker):
    """Forgets to prune from frame 600 on."""

    def prune(self, *, one_frame_late=False):
        if self.frame < 600:
            super().prune(one_frame_late=one_frame_late)


def test_prints_a_row_for_each_tracker(run_tool_here):
    status, out, err = run_tool_here(NAME, 'SORTTracker', 'QDTrack, cosine', '--frames', 1001)
    assert (status, err) == (0, '')
    titles, *rows = out.splitlines()
    assert titles.startswith('tracker ')
    assert 'state kB 1/4' in titles
    assert [row[:26].strip() for row in rows] == ['SORTTracker', 'QDTrack, cosine']
    for row in rows:
        frames, ids, tracks, *figures, _ = map(float, row[26:].split())
        assert frames == 2000  # 8 cycles: 1,001 frames rounded up
        assert ids > 8 * 15  # 30 things a cycle
        assert 3 < tracks < 20
        quarter, half, end = figures[:3]
        assert abs(end - half) <= 0.1
        assert 1 < quarter < 20


@pytest.mark.parametrize(
    ('tracker', 'complaint'),
    [
        (HoardingTracker, r"'hoard' from \d+ to \d+ bytes from frame 500 to 1000"),
        (LeakingTracker, r'the process by \d\.\d MiB from frame 500 to 1000'),
        (ForgetfulTracker, r'tracks from at most \d to \d+ from frame 500 to 1000'),
    ],
)
def test_what_grows_is_named_in_one_line(run_tool_here, monkeypatch, tracker, complaint):
    monkeypatch.setitem(TRACKER_CLASSES, tracker.__name__, tracker)
    monkeypatch.setitem(TRACKER_FORMS, tracker.__name__, dict(type=tracker.__name__))
    try:
        status, out, err = run_tool_here(NAME, tracker.__name__, '--frames', 1000)
    finally:
        ELSEWHERE.clear()
    assert status == 1
    assert len(out.splitlines()) == 2
    (line,) = err.splitlines()
    assert line.startswith(f'error: memory grows: {tracker.__name__}: ')
    assert re.search(complaint, line)


def snapshots(tool, *, state=(1000, 1000, 1000), tracks=(5, 5, 5), resident=(10, 10, 10)):
    figures = zip((250, 500, 1000), tracks, state, resident, strict=True)
    return [
        tool['Snapshot'](frame, most, {'tracks': size}, mib and int(mib * 2**20))
        for frame, most, size, mib in figures
    ]


def test_a_start_is_no_growth(tool):
    """Buffers that are made in the first half, a pickle with one more digit, a page or two."""
    found = snapshots(tool, state=(1000, 5000, 5100), tracks=(9, 4, 9), resident=(10, 20, 20.9))
    assert tool['growth'](found) == []
    assert tool['growth'](snapshots(tool, resident=(None, None, None))) == []


@pytest.mark.parametrize(
    ('figures', 'complaint'),
    [
        ({'state': (1000, 1000, 1101)}, "'tracks' from 1000 to 1101 bytes from frame 500 to 1000"),
        ({'tracks': (5, 4, 6)}, 'tracks from at most 5 to 6 from frame 500 to 1000'),
        ({'resident': (10, 10, 11.5)}, 'the process by 1.5 MiB from frame 500 to 1000'),
    ],
)
def test_growth(tool, figures, complaint):
    (found,) = tool['growth'](snapshots(tool, **figures))
    assert found.removeprefix('attribute ') == complaint


def test_scene(tool):
    """30 things come and go in a cycle, one stays, and after its end it goes on at its start."""
    frames = tool['make_cycle']()
    assert len(frames) == 250
    empty = [i for i, frame in enumerate(frames) if not len(frame)]
    assert empty == [100, 101, 102, 103, 104, 200]
    looks = {}
    for i, frame in enumerate(frames):
        for look in frame.embeddings[:-1] if len(frame) else ():  # the last is a false alarm
            looks.setdefault(look.tobytes(), []).append(i)
    assert len(looks) == 31
    lives = sorted(len(seen) for seen in looks.values())
    assert lives[-1] == 244
    assert set(lives[:-1]) <= {15, 16, 19, 20}  # 20 frames each, but for the empty ones
    first, last = frames[0], frames[-1]
    before = [look.tobytes() for look in last.embeddings]
    going_on = [first.embeddings[row].tobytes() in before for row in range(len(first))]
    assert going_on == [True, False, True, True, False]  # one comes, two walk on; a false alarm
    for row in (2, 3):
        old = last.boxes[before.index(first.embeddings[row].tobytes())]
        np.testing.assert_array_equal(first.boxes[row] - old, [3, 0, 3, 0])


def test_resident_memory_where_there_is_no_proc(tool, monkeypatch):
    resource = pytest.importorskip('resource')
    exact = tool['resident_memory']()

    def no_proc(self):
        raise FileNotFoundError(self)

    monkeypatch.setattr(Path, 'read_text', no_proc)
    assert tool['resident_memory']() >= 0.99 * exact  # the most there ever was
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['SortTracker'], "error: Unknown tracker 'SortTracker'. Known are: SORTTracker, "),
        (['--frames', '0'], 'error: --frames must be at least 1. Got 0.'),
    ],
)
def test_wrong_arguments(run_tool_here, arguments, message):
    status, _, err = run_tool_here(NAME, *arguments)
    assert status == 2
    assert err.startswith(message)
    assert len(err.splitlines()) == 1
