"""``tools/estimate_camera_motion.py``, and what the other tools make of its warps."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mmtrack_ext.camera_motion import CameraMotionEstimator
from mmtrack_ext.fileio import read_detections, read_results, write_detections

# mmengine's runner and torch's DataLoader warn of their own parts on today's Python.
pytestmark = pytest.mark.filterwarnings('default')

SCENES = 'configs/bytetrack/bytetrack_detections_scenes.py'
WIDTH, HEIGHT, NUM_FRAMES = 320, 192, 12
PEOPLE = ((230, 60), (290, 80), (350, 50))  # corners in the world; they stand still
# How many pixels to the right the camera is in each frame; never where it was before.
CAMERA = (100, 140, 60, 120, 20, 80, 130, 40, 110, 10, 70, 150)


@pytest.fixture(scope='module')
def video(tmp_path_factory):
    """A folder with one sequence: images, and detections of three people as text."""
    folder = tmp_path_factory.mktemp('video') / 'PAN'
    for part in ('img1', 'det', 'gt'):
        (folder / part).mkdir(parents=True)
    (folder / 'seqinfo.ini').write_text(
        f'[Sequence]\nname=PAN\nframeRate=25\nseqLength={NUM_FRAMES}\n'
        f'imWidth={WIDTH}\nimHeight={HEIGHT}\n'
    )
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (HEIGHT // 12, 40, 3), dtype=np.uint8)
    world = cv2.resize(small, (480, HEIGHT), interpolation=cv2.INTER_CUBIC)
    detected, truth = [], []
    for number, camera in enumerate(CAMERA, start=1):
        image = world[:, camera : camera + WIDTH]
        cv2.imwrite(str(folder / f'img1/{number:06d}.jpg'), image)
        for person, (x, y) in enumerate(PEOPLE, start=1):
            detected.append(f'{number},-1,{x - camera},{y},24,48,0.9,-1,-1,-1\n')
            truth.append(f'{number},{person},{x - camera},{y},24,48,1,1,1\n')
    (folder / 'det' / 'det.txt').write_text(''.join(detected))
    (folder / 'gt' / 'gt.txt').write_text(''.join(truth))
    return folder


@pytest.fixture
def estimate(run_tool_here):
    def run(*arguments):
        return run_tool_here('estimate_camera_motion.py', *arguments)

    return run


def warps_of(video, method='sparse_flow', scale=0.25):
    estimator = CameraMotionEstimator(method, scale=scale)
    files = sorted((video / 'img1').glob('*.jpg'))
    return np.stack([estimator(cv2.imread(str(file))) for file in files])


@pytest.mark.parametrize(('method', 'scale'), [('sparse_flow', 0.5), ('ecc', 0.25)])
@pytest.mark.parametrize('form', ['sequence', 'images', 'glob'])
def test_detections_stay_and_warps_come(video, tmp_path, estimate, method, scale, form):
    source = {'sequence': video, 'images': video / 'img1', 'glob': video / 'img1' / '*.jpg'}[form]
    out = tmp_path / 'new' / 'PAN.npz'
    options = ('--method', method, '--scale', scale)
    status, text, error = estimate(source, video / 'det' / 'det.txt', out, *options)
    assert (status, error) == (0, '')
    # The largest jump is that from 120 to 20, in frame 5.
    assert '12 frames; the middle of the image moves by ' in text
    assert ' at most (frame 5)' in text
    assert text.endswith(f'Wrote {out}\n')
    written = read_detections(out)
    np.testing.assert_array_equal(written.camera_motion, warps_of(video, method, scale))
    middle = written.camera_motion @ (WIDTH / 2, HEIGHT / 2, 1)
    steps = middle[:, 0] - WIDTH / 2
    np.testing.assert_allclose(steps, -np.diff(CAMERA, prepend=CAMERA[0]), atol=0.5)
    before = read_detections(video / 'det' / 'det.txt')
    for name in ('frames', 'boxes', 'scores', 'labels'):
        np.testing.assert_array_equal(getattr(written, name), getattr(before, name))
    assert (written.num_frames, written.width, written.height) == (NUM_FRAMES, WIDTH, HEIGHT)


def test_the_file_itself_may_be_the_output(video, tmp_path, estimate):
    path = tmp_path / 'PAN.npz'
    embeddings = np.random.default_rng(0).random((3 * NUM_FRAMES, 4), np.float32)
    before = read_detections(video / 'det' / 'det.txt')
    write_detections(path, type(before)(**{**columns(before), 'embeddings': embeddings}))
    assert estimate(video, tmp_path, path)[0] == 0  # a folder that holds PAN.npz
    after = read_detections(path)
    np.testing.assert_array_equal(after.embeddings, embeddings)
    np.testing.assert_array_equal(after.camera_motion, warps_of(video))
    assert after.frame_rate == 25
    assert list(tmp_path.iterdir()) == [path]


def columns(sequence):
    return {name: getattr(sequence, name) for name in ('frames', 'boxes', 'scores', 'labels')} | {
        'num_frames': sequence.num_frames
    }


def test_a_video_file(video, tmp_path, estimate):
    path = tmp_path / 'PAN.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 25, (WIDTH, HEIGHT))
    for file in sorted((video / 'img1').glob('*.jpg')):
        writer.write(cv2.imread(str(file)))
    writer.release()
    status, text, _ = estimate(path, video / 'det' / 'det.txt', tmp_path / 'PAN.npz')
    assert status == 0, text
    warps = read_detections(tmp_path / 'PAN.npz').camera_motion
    # The same pictures, compressed once more.
    np.testing.assert_allclose(warps[:, 0, 2], warps_of(video)[:, 0, 2], atol=2)


def config_of(folder, root, video, path, *, estimates):
    """Detections from a file, camera motion from the images or from the file."""
    load = [dict(type='LoadImageFromFile'), dict(type='EstimateCameraMotion')] * estimates
    # First the cached warps, if any: the estimated ones are to win.
    steps = [dict(type='LoadDetections', path=str(path)), *load, dict(type='PackFrameInputs')]
    dataset = dict(data_root=str(video), pipeline=steps)
    config = folder / f'{folder.name}_{int(estimates)}.py'  # mmengine remembers names
    config.write_text(
        f'_base_ = {str(root / SCENES)!r}\n'
        f'test_dataloader = dict(batch_size=2, num_workers={2 * estimates}, dataset={dataset})\n'
    )
    return config


def test_live_equals_cached_and_ids_survive(video, root, tmp_path, run_tool_here, estimate):
    text = video / 'det' / 'det.txt'
    config = config_of(tmp_path, root, video, text, estimates=True)
    status, _, error = run_tool_here('test.py', config, '--out', tmp_path / 'live')
    assert status == 0, error
    cached = tmp_path / 'live' / 'detections'
    np.testing.assert_array_equal(
        read_detections(cached / 'PAN.npz').camera_motion, warps_of(video)
    )
    live = (tmp_path / 'live' / 'PAN.txt').read_bytes()
    assert sorted(set(read_results(tmp_path / 'live' / 'PAN.txt').ids)) == [1, 2, 3]

    # From the cache of the test, and from that of the tool, which is the same.
    assert estimate(video, text, tmp_path / 'tool' / 'PAN.npz')[0] == 0
    for folder in (cached, tmp_path / 'tool'):
        out = tmp_path / f'{folder.name}_tracks'
        status, _, error = run_tool_here('track_detections.py', root / SCENES, folder, out)
        assert status == 0, error
        assert (out / 'PAN.txt').read_bytes() == live
    # And through the dataset, without an image.
    config = config_of(tmp_path, root, video, cached, estimates=False)
    assert run_tool_here('test.py', config, '--out', tmp_path / 'again')[0] == 0
    assert (tmp_path / 'again' / 'PAN.txt').read_bytes() == live

    # Without camera motion nobody keeps an id: many are given, and most frames report no one.
    assert run_tool_here('track_detections.py', root / SCENES, text, tmp_path / 'without')[0] == 0
    without = read_results(tmp_path / 'without' / 'PAN.txt')
    assert without.ids.max() > 10
    assert len(without.ids) < 20  # of 36 boxes


def test_frames_without_motion_are_told(tmp_path, estimate):
    for number in (1, 2, 3):
        image = np.full((64, 64, 3), 80, np.uint8)
        cv2.imwrite(str(tmp_path / f'{number}.png'), image)
    (tmp_path / 'det.txt').write_text('1,-1,2,3,4,5,0.9,-1,-1,-1\n')
    status, out, error = estimate(tmp_path, tmp_path / 'det.txt', tmp_path / 'out.npz')
    assert status == 0
    assert 'moves by 0.00 pixels' in out
    assert error == 'warning: no motion could be found in 2 frames; none is assumed there\n'


def mistakes(video, folder):
    """Arguments, and words of the one line that says what is wrong."""
    text, out = video / 'det' / 'det.txt', folder / 'out.npz'
    before = read_detections(text)
    short, wide, nothing = (folder / f'{name}.npz' for name in ('short', 'wide', 'nothing'))
    write_detections(short, before.span(0, 7))
    size = {'width': 1920, 'height': 1080}
    write_detections(wide, type(before)(**columns(before), **size))
    nothing.write_text('nothing')
    late = folder / 'late.txt'
    late.write_text('13,-1,2,3,4,5,0.9,-1,-1,-1\n')
    others = folder / 'others'
    others.mkdir()
    write_detections(others / 'A.npz', before)
    broken = folder / 'broken'
    broken.mkdir()
    for number in (1, 2, 3):
        (broken / f'{number}.jpg').write_bytes((video / 'img1/000001.jpg').read_bytes())
    (broken / '3.jpg').write_text('nothing')
    first = folder / 'first.txt'
    first.write_text('1,-1,2,3,4,5,0.9,-1,-1,-1\n')
    return {
        'no input': ((folder / 'none', text, out), f'{folder / "none"}: no such file or folder'),
        'no detections': ((video, folder / 'none', out), 'none: no such file'),
        'not a video': ((text, text, out), 'det.txt: this is a text file, not a video'),
        'not an npz': ((video, nothing, out), 'nothing.npz: this is no .npz of arrays'),
        'too few frames': ((video, short, out), 'detections of 7 frames, the video has 12'),
        'too many frames': ((video, late, out), 'late.txt'),
        'another size': ((video, wide, out), '1920x1080 pixels, those of the video have 320x192'),
        'other names': ((video, others, out), 'no detections of PAN, only of A;'),
        'damaged frame': ((broken, first, out), '2 of its 3 frames can be read'),
        'no npz': ((video, text, folder / 'out.txt'), 'out.txt: OUT must end in .npz'),
        'folder': ((video, text, folder / 'folder.npz'), 'this is a folder where a file is needed'),
        'scale': ((video, text, out, '--scale', '0'), "'scale' parameter of SparseOpticalFlow"),
        'not a number': ((video, text, out, '--scale', 'nan'), "'scale' parameter of"),
    }


CASES = (
    *('no input', 'no detections', 'not a video', 'not an npz', 'too few frames'),
    *('too many frames', 'another size', 'other names', 'damaged frame', 'no npz', 'folder'),
    *('scale', 'not a number'),
)


@pytest.mark.parametrize('case', CASES)
def test_a_mistake_is_one_line(video, tmp_path, estimate, case):
    (tmp_path / 'folder.npz').mkdir()
    cases = mistakes(video, tmp_path)
    assert set(cases) == set(CASES)
    arguments, words = cases[case]
    before = set(tmp_path.iterdir())
    status, out, error = estimate(*arguments)
    assert (status, out) == (2, '')
    lines = [line for line in error.splitlines() if not line.startswith('warning: ')]
    assert len(lines) == 1, error
    assert lines[0].startswith('error: ')
    assert words in lines[0]
    assert set(tmp_path.iterdir()) == before
