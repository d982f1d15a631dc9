"""``tools/extract_features.py``, and that its features are those of a live test."""

from __future__ import annotations

import runpy
import shutil

import cv2
import numpy as np
import pytest

from mmtrack_ext.fileio import read_detections, write_detections, write_sequence_info
from mmtrack_ext.fileio.sequence_info import SequenceInfo
from mmtrack_ext.models.reid import ColorHistogram
from mmtrack_ext.visualization import VideoWriter

# mmengine's runner and torch's DataLoader warn of their own parts on today's Python.
pytestmark = pytest.mark.filterwarnings('default')

NUM_FRAMES = 9
MODEL = """
model = dict(
    type='TrackingByDetection',
    reid=dict(type='ColorHistogram', num_stripes=2),
    tracker=dict(type='ByteTracker', max_appearance_cost=0.25, appearance_max_overlap_cost=1.0),
)
"""
TEST = """
default_scope = 'mmtrack_ext'
test_dataloader = dict(
    batch_size=2,
    num_workers=1,
    sampler=dict(type='VideoSampler'),
    dataset=dict(
        type='MOTSequenceDataset',
        data_root={root!r},
        metainfo=dict(classes=('pedestrian',)),
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='KeepFrame'),
            dict(type='LoadDetections', path={root!r}),
            dict(type='PackFrameInputs'),
        ],
    ),
)
test_evaluator = [dict(type='MOTMetric')]
test_cfg = dict(type='TestLoop')
"""


def draw(number, shift=0):
    """(48, 96, 3) frame with a red and a blue walker who come closer."""
    image = np.full((48, 96, 3), 80 + shift, np.uint8)
    image[8:40, 4 * number : 4 * number + 14] = (0, 0, 200)
    image[8:40, 70 - 4 * number : 84 - 4 * number] = (200, 0, 0)
    return image


def rows(number):
    """Both, in changing order, and something of low score half outside of the image."""
    walkers = [f'{4 * number},8,14,32,0.95', f'{70 - 4 * number},8,14,32,0.9']
    if number == 4:  # nobody is seen
        return []
    return [*walkers[:: 1 if number % 2 else -1], '85.5,-6.25,20,30,0.3']


@pytest.fixture
def folder(tmp_path):
    """Two sequences in MOTChallenge layout, lossless, and a config."""
    for name, shift in (('A', 0), ('B', 90)):
        sequence = tmp_path / 'data' / name
        (sequence / 'img1').mkdir(parents=True)
        (sequence / 'det').mkdir()
        info = SequenceInfo(name, NUM_FRAMES, 96, 48, 25.0, image_extension='.png')
        write_sequence_info(sequence / 'seqinfo.ini', info)
        for number in range(NUM_FRAMES):
            path = sequence / 'img1' / f'{number + 1:06d}.png'
            cv2.imwrite(str(path), draw(number, shift))
        lines = [f'{t + 1},-1,{row},-1,-1,-1\n' for t in range(NUM_FRAMES) for row in rows(t)]
        (sequence / 'det' / 'det.txt').write_text(''.join(lines))
    # mmengine names what it keeps in memory after the config.
    root = str(tmp_path / 'data')
    (tmp_path / f'{tmp_path.name}.py').write_text(MODEL + TEST.format(root=root))
    return tmp_path


@pytest.fixture
def config(folder):
    return folder / f'{folder.name}.py'


@pytest.fixture
def extract(folder, config, run_tool_here):
    """Run the tool over the folder of sequences."""

    def run(*options, detections=folder / 'data', source=folder / 'data', config=config):
        arguments = ('--input', source, '--detections', detections, '--out', folder / 'out')
        return run_tool_here('extract_features.py', config, *arguments, *options)

    return run


def expected(detections, shift=0):
    """The embeddings of every frame's boxes, by hand."""
    embedder = ColorHistogram(num_stripes=2)
    frames = [embedder(draw(t, shift), boxes.boxes) for t, (boxes, _) in enumerate(detections)]
    return np.concatenate(frames)


def test_rows_are_those_of_the_text_and_then_the_embedding(folder, extract):
    status, out, error = extract()
    assert status == 0, error
    assert 'Described 48 detections by 256 numbers, ' in out
    assert f'Wrote A.npy, B.npy to {folder / "out"}' in out
    for name, shift in (('A', 0), ('B', 90)):
        text = np.loadtxt(folder / 'data' / name / 'det' / 'det.txt', delimiter=',')
        table = np.load(folder / 'out' / f'{name}.npy')
        assert (table.dtype, table.shape) == (np.float64, (24, 10 + 256))
        np.testing.assert_allclose(table[:, :10], text, atol=1e-9)
        detections = read_detections(folder / 'out' / f'{name}.npy')
        np.testing.assert_array_equal(detections.embeddings, expected(detections, shift))
    # Row by row: red is like red of another frame, and not like blue. Frame 1 has blue first.
    red, blue = detections.embeddings[[1, 3]], detections.embeddings[[0, 4]]
    np.testing.assert_allclose(
        (red @ red.T, red @ blue.T), ([[1] * 2] * 2, [[0] * 2] * 2), atol=1e-6
    )


def test_npz_keeps_what_a_table_cannot(folder, extract, tmp_path):
    source = read_detections(folder / 'data' / 'A' / 'det' / 'det.txt')
    labels = np.arange(len(source.frames)) % 3
    warps = np.tile(np.eye(2, 3), (NUM_FRAMES, 1, 1)) + 1 / 3
    columns = {**vars(source), 'labels': labels, 'camera_motion': warps, 'num_frames': NUM_FRAMES}
    columns = {name: columns[name] for name in type(source).__match_args__}
    columns['boxes'] = source.boxes + 1 / 3
    cached = type(source)(**columns)
    write_detections(tmp_path / 'cached' / 'A.npz', cached)
    options = dict(detections=tmp_path / 'cached', source=folder / 'data' / 'A')
    assert extract('--format', 'npz', **options)[0] == 0
    found = read_detections(folder / 'out' / 'A.npz')
    for name in ('frames', 'boxes', 'scores', 'labels', 'camera_motion', 'num_frames'):
        np.testing.assert_array_equal(getattr(found, name), getattr(cached, name))
    np.testing.assert_array_equal(found.embeddings, expected(cached))
    assert extract(**options)[0] == 0  # classes stand in the table, too, where there are several
    assert read_detections(folder / 'out' / 'A.npy').labels.tolist() == labels.tolist()


def test_a_video_and_its_detections_of_another_name(folder, extract, tmp_path):
    with VideoWriter(tmp_path / 'clip.mp4', 25.0) as writer:
        for number in range(NUM_FRAMES):
            writer.write(draw(number))
    text = folder / 'data' / 'A' / 'det' / 'det.txt'
    status, out, error = extract(
        '--min-score', 0.5, '--format', 'npz', source=tmp_path / 'clip.mp4', detections=text
    )
    assert status == 0, error
    assert 'Described 16 detections' in out
    found = read_detections(tmp_path / 'out' / 'clip.npz')
    assert (found.num_frames, found.width, found.height, found.frame_rate) == (9, 96, 48, 25)
    assert found.scores.min() == 0.9
    # Compressed colours are not exact, but red stays red, blue blue; frame 1 has blue first.
    similar = found.embeddings @ expected(read_detections(text))[:2].T
    assert similar[1, 1] > 0.5 > 0.1 > similar[1, 0]
    assert similar[2, 1] > 0.5 > 0.1 > similar[2, 0]


def test_a_live_test_is_repeated_to_the_last_bit(folder, config, extract, run_tool_here, run_tool):
    options = ('--out', folder / 'live', '--format-only')
    status, _, error = run_tool_here('test.py', config, *options)
    assert status == 0, error
    assert extract('--format', 'npz')[0] == 0
    for place in (folder / 'live' / 'detections', folder / 'out'):
        finished = run_tool('track_detections.py', config, place, folder / 'again')
        assert finished.returncode == 0, finished.stderr
        for name, shift in (('A', 0), ('B', 90)):
            text = (folder / 'live' / f'{name}.txt').read_bytes()
            assert text.count(b'\n') > 10
            assert (folder / 'again' / f'{name}.txt').read_bytes() == text
            cached = read_detections(place / f'{name}.npz')
            np.testing.assert_array_equal(cached.embeddings, expected(cached, shift))
    # Without the embeddings there is nothing to repeat it from.
    finished = run_tool('track_detections.py', config, folder / 'data', folder / 'none')
    assert finished.returncode == 2


def test_a_live_test_without_the_frames_says_what_to_add(config, run_tool_here):
    config.write_text(config.read_text().replace("dict(type='KeepFrame'),", ''))
    status, _, error = run_tool_here('test.py', config, '--format-only')
    assert (status, error.count('\n')) == (2, 1), error
    assert "add dict(type='KeepFrame') right after" in error


def test_frames_that_end_too_early_are_refused(folder, root):
    describe = runpy.run_path(str(root / 'tools' / 'extract_features.py'))['describe']
    detections = read_detections(folder / 'data' / 'A' / 'det' / 'det.txt')
    images = sorted((folder / 'data' / 'A' / 'img1').iterdir())
    for image in images[7:]:  # as of a video whose header says more than it holds
        image.unlink()
    with pytest.raises(ValueError, match='after frame 7, but there are detections up to frame 9'):
        describe('A', folder / 'data' / 'A', detections, ColorHistogram())


def error_cases(folder, config):
    data = folder / 'data'
    plain = folder / 'plain.py'
    plain.write_text(MODEL.replace('reid', 'pre_reid'))
    short = read_detections(data / 'A/det/det.txt')  # ends with its last detection
    write_detections(folder / 'short.npz', short.span(0, 7))
    shutil.copytree(data / 'A', folder / 'cut')
    (folder / 'cut' / 'img1' / '000009.png').unlink()
    (folder / 'late.txt').write_text('10,-1,0,0,9,9,0.9,-1,-1,-1\n')
    (folder / 'more').mkdir()
    for name in 'ABC':
        shutil.copy(data / 'A/det/det.txt', folder / 'more' / f'{name}.txt')
    weights = folder / 'weights.pth'
    weights.write_text('none')
    one = dict(source=data / 'A')
    return {
        'no reid': (dict(config=plain), 'plain.py: there is no model.reid in this config'),
        'unknown embedder': (
            dict(options=['--cfg-options', 'model.reid.type=ColorHistgram']),
            "model.reid: there is no model of the type 'ColorHistgram'; did you mean 'ColorHistogr",
        ),
        'unknown argument': (
            dict(options=['--cfg-options', 'model.reid.strips=3']),
            "unexpected keyword argument 'strips'",
        ),
        'no config': (dict(config=folder / 'no.py'), 'no.py: no such file'),
        'no frames': (dict(source=folder / 'no'), 'no: no such file'),
        'no detections': (dict(detections=folder / 'no'), 'no: no such file'),
        'too short': (
            dict(**one, detections=folder / 'short.npz'),
            'short.npz: detections of 7 frames, the video has 9',
        ),
        'too long': (
            dict(**one, detections=folder / 'late.txt'),
            'late.txt, line 1: a row of frame 10, but',
        ),
        'images missing': (dict(source=folder / 'cut'), 'no detections of cut, only of A, B'),
        'image missing': (
            dict(source=folder / 'cut', detections=data / 'A'),
            'cut: 8 images, but seqinfo.ini says 9',
        ),
        'frames of another': (
            dict(detections=folder / 'more'),
            'data: there are no frames of sequence C',
        ),
        'weights of nothing': (dict(options=[weights]), 'weights.pth'),
        'score': (dict(options=['--min-score', 'nan']), '--min-score must be a number'),
        'file as folder': (dict(options=['--out', weights]), 'this is a file where a folder'),
    }


CASES = (
    *('unknown embedder', 'unknown argument'),
    *('no reid', 'no config', 'no frames', 'no detections', 'too short', 'too long', 'score'),
    *('images missing', 'image missing', 'frames of another', 'weights of nothing'),
    'file as folder',
)


@pytest.mark.parametrize('case', CASES)
def test_a_mistake_is_one_line(case, folder, config, extract):
    cases = error_cases(folder, config)
    assert set(cases) == set(CASES)
    arguments, words = cases[case]
    status, _, error = extract(*arguments.pop('options', ()), **arguments)
    assert (status, error.count('\n')) == (2, 1), error
    assert words in error
    assert not (folder / 'out').exists()
