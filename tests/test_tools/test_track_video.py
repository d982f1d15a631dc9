from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from mmtrack_ext.fileio import read_detections, read_results
from mmtrack_ext.testing.scenes import make_scene, write_scene
from mmtrack_ext.visualization import VideoWriter, open_frames

BYTETRACK = 'configs/bytetrack/bytetrack_detections_scenes.py'
NUM_FRAMES = 20


@pytest.fixture(scope='module')
def clip(tmp_path_factory):
    """A grey clip, ``clip.mp4``, and detections of walkers in it, ``clip/det/det.txt``."""
    folder = tmp_path_factory.mktemp('clip')
    scene = make_scene('clip', num_walkers=8, num_frames=NUM_FRAMES, size=(320, 240), seed=3)
    write_scene(folder, scene)
    with VideoWriter(folder / 'clip.mp4', 12.5) as writer:
        for _ in range(NUM_FRAMES):
            writer.write(np.full((240, 320, 3), 60, np.uint8))
    return folder


@pytest.fixture
def track(root, clip, run_tool_here):
    """Run the tool over the clip's stored detections, in this process."""

    def run(*arguments, source=clip / 'clip.mp4', config=root / BYTETRACK):
        stored = () if '--detections' in arguments else ('--detections', text_of(clip))
        command = ['track_video.py', source, config, *stored, *arguments]
        return subprocess.CompletedProcess(command, *run_tool_here(*command))

    return run


def text_of(clip):
    """The clip's detections."""
    return clip / 'clip' / 'det' / 'det.txt'


def run_program(program, *arguments):
    """A program in a process of its own that ends by running a tool."""
    program += (
        "\nimport runpy\nsys.argv = sys.argv[1:]\nrunpy.run_path(sys.argv[0], run_name='__main__')"
    )
    command = [sys.executable, '-c', 'import sys\n' + program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_results_are_those_of_track_detections(run_tool, root, clip, tmp_path):
    out = tmp_path / 'video'
    finished = run_tool(
        *('track_video.py', clip / 'clip.mp4', root / BYTETRACK, '--detections', text_of(clip)),
        *('--out', out / 'a.mp4', '--save-txt', out / 'a.txt'),
        *('--save-detections', out / 'a.npz', '--save-images', out / 'frames'),
    )
    assert finished.returncode == 0, finished.stderr
    assert f'{NUM_FRAMES} frames; frames per second: read ' in finished.stdout
    assert 'detect + track' in finished.stdout
    assert 'draw + write' in finished.stdout
    assert f'Wrote {out / "a.mp4"}, {NUM_FRAMES} images to {out / "frames"}' in finished.stdout

    again = tmp_path / 'again'
    for detections in (text_of(clip), out / 'a.npz'):
        assert run_tool('track_detections.py', root / BYTETRACK, detections, again).returncode == 0
    text = (out / 'a.txt').read_bytes()
    assert text
    assert (again / 'clip.txt').read_bytes() == text
    assert (again / 'a.txt').read_bytes() == text

    stored = read_detections(out / 'a.npz')
    assert (len(stored), stored.width, stored.height, stored.frame_rate) == (20, 320, 240, 12.5)
    assert files(out / 'frames') == [f'{t + 1:06d}.jpg' for t in range(NUM_FRAMES)]
    with open_frames(out / 'a.mp4') as source:
        assert (source.num_frames, source.frame_rate, source.size) == (20, 12.5, (320, 240))
        frames = list(source)

    # The left edge of every box is there, as far as the codec keeps thin lines.
    results = read_results(out / 'a.txt')
    rows = (results.frames == 19).nonzero()[0]
    assert len(rows) >= 3
    for row in rows:
        left, top, _, height = results.boxes_tlwh[row].round().astype(int)
        if 2 < left < 318 and top + height < 240:
            edge = frames[19][top + height // 2 : top + height, left - 1 : left + 1].astype(int)
            assert np.abs(edge.mean(axis=(0, 1)) - 60).max() > 30


def test_options_choose_the_detections(track, run_tool, root, clip, tmp_path):
    detections = text_of(clip)
    for options in (['--min-score', 0.7], ['--cfg-options', 'model.tracker.init_min_score=0.9']):
        finished = track('--save-txt', tmp_path / 'clip.txt', *options)
        assert finished.returncode == 0, finished.stderr
        run_tool('track_detections.py', root / BYTETRACK, detections, tmp_path / 'td', *options)
        expected = (tmp_path / 'td' / 'clip.txt').read_bytes()
        assert (tmp_path / 'clip.txt').read_bytes() == expected
    assert files(tmp_path) == ['clip.txt', 'td']  # no video where something else is asked for


def test_another_tracker(track, root, tmp_path):
    sort = root / 'configs/sort/sort_detections_scenes.py'
    texts = []
    for options, config in ((('--tracker', sort), root / BYTETRACK), ((), sort)):
        track('--save-txt', tmp_path / 'a.txt', *options, config=config)
        texts.append((tmp_path / 'a.txt').read_bytes())
    track('--save-txt', tmp_path / 'a.txt')
    assert texts[0] == texts[1] != (tmp_path / 'a.txt').read_bytes()


def test_default_outputs(root, clip, tmp_path):
    def run(*options):
        stored = ('--detections', text_of(clip), *options)
        command = [sys.executable, root / 'tools' / 'track_video.py', clip / 'clip.mp4']
        command = [*command, root / BYTETRACK, *stored]
        subprocess.run(list(map(str, command)), cwd=tmp_path, check=True, capture_output=True)
        return files(tmp_path / 'work_dirs' / 'track_video')

    assert run() == ['clip.mp4']
    assert run('--save-txt') == ['clip.mp4', 'clip.txt']


def test_detections_only(track, tmp_path):
    finished = track('--detections-only', '--out', tmp_path / 'a.avi')
    assert finished.returncode == 0, finished.stderr
    with open_frames(tmp_path / 'a.avi') as source:
        frame = list(source)[-1].astype(int)
    assert (frame > 110).any()
    spread = frame.max(axis=2) - frame.min(axis=2)
    assert spread.max() < 25  # grey alone


def test_debug_draws_more(track, tmp_path):
    for name, options in (('a', ()), ('b', ('--debug',))):
        assert track('--out', tmp_path / f'{name}.mp4', *options).returncode == 0
    first, second = (list(open_frames(tmp_path / f'{name}.mp4'))[-1] for name in 'ab')
    assert first[:12, :40].max() < 100
    assert second[:12, :40].max() > 200  # the frame's number


def test_runs_without_networks(root, clip, tmp_path):
    blocker = (
        'class Blocker:\n'
        '    def find_spec(self, name, path=None, target=None):\n'
        "        if name.split('.')[0] in ('torch', 'mmcv', 'mmdet', 'matplotlib'):\n"
        "            raise ImportError(f'{name} is blocked')\n"
        'sys.meta_path.insert(0, Blocker())'
    )
    finished = run_program(
        blocker,
        *(root / 'tools' / 'track_video.py', clip / 'clip.mp4', root / BYTETRACK),
        *('--detections', text_of(clip), '--out', tmp_path / 'a.mp4'),
    )
    assert finished.returncode == 0, finished.stderr
    assert files(tmp_path) == ['a.mp4']


def test_ctrl_c_keeps_what_is_done(root, clip, tmp_path):
    interrupt = (
        'import os, signal\n'
        f'sys.path.insert(0, {str(root)!r})\n'
        'from mmtrack_ext.visualization.outputs import TrackingOutputs\n'
        'add = TrackingOutputs.add\n'
        'def add_and_interrupt(self, *arguments):\n'
        '    add(self, *arguments)\n'
        '    if self.num_frames == 7:\n'
        '        os.kill(os.getpid(), signal.SIGINT)\n'
        'TrackingOutputs.add = add_and_interrupt'
    )
    finished = run_program(
        interrupt,
        *(root / 'tools' / 'track_video.py', clip / 'clip.mp4', root / BYTETRACK),
        *('--detections', text_of(clip), '--out', tmp_path / 'a.mp4'),
        *('--save-txt', tmp_path / 'a.txt', '--save-detections', tmp_path / 'a.npz'),
    )
    assert finished.returncode == 130, finished.stderr
    lines = finished.stderr.splitlines()
    assert len(lines) == 2
    assert 'interrupted; the 7 frames so far are in' in lines[0]
    assert files(tmp_path) == ['a.mp4', 'a.npz', 'a.txt']
    assert len(list(open_frames(tmp_path / 'a.mp4'))) == 7
    assert len(read_detections(tmp_path / 'a.npz')) == 7
    assert read_results(tmp_path / 'a.txt').frames.max() == 6


def test_with_a_model(root, clip, tmp_path):
    """A stand-in for the inferencer that gives the stored detections, as a network would."""
    stand_in = f"""
import types
sys.path.insert(0, {str(root)!r})
from mmtrack_ext.association.trackers import build_tracker
from mmtrack_ext.fileio import read_detections

class MOTInferencer:
    class_names = ('person', 'car')
    def __init__(self, config, checkpoint=None, **options):
        print(checkpoint, options)
    def reset(self, *, name):
        print('reset', name)
        self.frames = iter(read_detections({str(text_of(clip))!r}))
        self.tracker = build_tracker(dict(type='ByteTracker'))
    def __call__(self, image):
        assert image.shape == (240, 320, 3)
        detections, _ = next(self.frames)
        return detections, self.tracker.update(detections)

sys.modules['mmtrack_ext.apis'] = types.SimpleNamespace(MOTInferencer=MOTInferencer)
"""
    config = tmp_path / 'config.py'
    config.write_text(
        "tracker = dict(type='ByteTracker')\nmodel = dict(detector={}, tracker=tracker)"
    )
    finished = run_program(
        stand_in,
        *(root / 'tools' / 'track_video.py', clip / 'clip.mp4', config, 'model.pth'),
        *('--detector', 'd.pth', '--device', 'cpu', '--min-score', 0.3, '--classes', 0, 2),
        *('--save-txt', tmp_path / 'a.txt', '--save-detections', tmp_path / 'a.npz'),
    )
    assert finished.returncode == 0, finished.stderr
    options = {
        'detector': 'd.pth',
        'reid': None,
        'tracker': None,
        'device': 'cpu',
        'options': {'model.min_score': 0.3, 'model.classes': [0, 2]},
        'trust_checkpoint': False,
    }
    assert finished.stdout.splitlines()[:2] == [f'model.pth {options}', 'reset clip']
    stored, expected = (read_detections(path) for path in (tmp_path / 'a.npz', text_of(clip)))
    assert (stored.boxes == expected.boxes).all()
    assert (stored.scores == expected.scores).all()
    assert len(read_results(tmp_path / 'a.txt').ids)


def test_user_mistakes(track, run_tool, root, clip, tmp_path):
    out, given = tmp_path / 'out', tmp_path / 'given'
    (given / 'empty').mkdir(parents=True)
    (given / 'text.mp4').write_text('no video\n' * 99)
    (given / 'bad.py').write_text('model = dict(detector=None)\n')
    (given / 'long.txt').write_text('21,-1,0,0,10,20,0.9\n')
    write = ('--out', out / 'a.mp4')
    # no detections given
    finished = run_tool('track_video.py', clip / 'clip.mp4', root / BYTETRACK, *write)
    cases = [(finished, 'has no detector; give detections of the video: --detections FILE')]
    detections = text_of(clip)
    cases += [
        (track(*write, source=given / 'no.mp4'), 'no.mp4: no such file or folder'),
        (track(*write, source=given / 'text.mp4'), 'this is a text file, not a video'),
        (track(*write, source=given / 'empty'), 'no images'),
        (track(*write, config=given / 'no.py'), 'no.py: no such file'),
        (track(*write, config=given / 'bad.py'), 'there is no model.tracker in this config'),
        (track(*write, '--detections', given / 'no.txt'), 'no.txt: no such file'),
        (track(*write, '--detections', given / 'long.txt'), 'the sequence ends at frame 20'),
        (track(*write, '--cfg-options', 'model.tracker.max_ag=3'), "Did you mean 'max_age'"),
        (track(*write, 'model.pth'), 'CHECKPOINT is of no use with --detections'),
        (track(*write, '--device', 'cpu'), '--device is of no use with --detections'),
        (track('--out', out / 'a.mkv'), 'must end in .mp4 or .avi'),
        (track('--out', given), 'this is a folder where a file is needed'),
        (track('--save-txt', given / 'bad.py' / 'a.txt'), 'a file where a folder is needed'),
        (track('--out', clip / 'clip.mp4'), 'this is the input, which would be overwritten'),
        (track('--save-detections', out / 'a.txt'), 'must end in .npz'),
        (track('--detections-only', '--save-txt', out / 'a.txt'), 'makes no tracks'),
        (track(*write, '--min-score', 'nan'), '--min-score must be a number'),
        (track(*write, '--trails', -1), '--trails must be at least 0'),
    ]
    for finished, problem in cases:
        assert finished.returncode == 2, finished
        assert finished.stdout == ''
        lines = finished.stderr.strip().splitlines()
        assert len(lines) == 1, finished.stderr
        assert lines[0].startswith('error: ')
        assert problem in lines[0]
    assert not out.exists()
    assert files(given) == ['bad.py', 'empty', 'long.txt', 'text.mp4']
    assert detections.is_file()


def test_show_needs_a_display(root, clip, tmp_path):
    hide = "import os\nos.environ['DISPLAY'] = ':97'\nos.environ.pop('WAYLAND_DISPLAY', None)"
    finished = run_program(
        hide,
        *(root / 'tools' / 'track_video.py', clip / 'clip.mp4', root / BYTETRACK, '--show'),
        *('--detections', text_of(clip), '--out', tmp_path / 'a.mp4'),
    )
    assert finished.returncode == 2, finished
    assert finished.stderr.count('\n') == 1
    assert '--show needs a display' in finished.stderr
    assert files(tmp_path) == []


def test_a_cache_of_another_length_is_refused(track, clip, tmp_path):
    track('--save-detections', tmp_path / 'a.npz')
    with VideoWriter(tmp_path / 'short.mp4', 10) as writer:
        for _ in range(5):
            writer.write(np.zeros((48, 64, 3), np.uint8))
    arguments = ('--detections', tmp_path / 'a.npz', '--out', tmp_path / 'b.mp4')
    finished = track(*arguments, source=tmp_path / 'short.mp4')
    assert finished.returncode == 2
    assert 'detections of 20 frames, the video has 5' in finished.stderr
    assert files(tmp_path) == ['a.npz', 'short.mp4']


def test_images_of_several_sizes_make_no_video(track, tmp_path):
    import cv2

    for number, side in enumerate((32, 32, 48), start=1):
        cv2.imwrite(str(tmp_path / f'{number}.png'), np.zeros((side, side, 3), np.uint8))
    (tmp_path / 'det.txt').write_text('1,-1,0,0,10,20,0.9\n')
    out = tmp_path / 'out' / 'a.mp4'
    finished = track('--detections', tmp_path / 'det.txt', '--out', out, source=tmp_path)
    assert finished.returncode == 2
    assert 'frame 3 is 48x48, but the video is 32x32' in finished.stderr
    assert files(tmp_path / 'out') == []


def test_real_video(run_tool, root, shared_data, tmp_path):
    pets = shared_data / 'PETS09-S2L1'
    detections = pets / 'nanodet-plus_detections.txt'
    finished = run_tool(
        *('track_video.py', pets / 'PETS09-S2L1.mp4', root / BYTETRACK),
        *(
            '--detections',
            detections,
            '--out',
            tmp_path / 'a.mp4',
            '--save-txt',
            tmp_path / 'a.txt',
        ),
    )
    assert finished.returncode == 0, finished.stderr
    run_tool('track_detections.py', root / BYTETRACK, detections, tmp_path)
    expected = (tmp_path / 'nanodet-plus_detections.txt').read_bytes()
    assert (tmp_path / 'a.txt').read_bytes() == expected
    with open_frames(tmp_path / 'a.mp4') as source:
        assert sum(1 for _ in source) == 795
