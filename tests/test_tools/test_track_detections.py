from __future__ import annotations

import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from mmtrack_ext.association.trackers import ByteTracker
from mmtrack_ext.fileio import find_detections, read_detections, read_results, write_detections

BYTETRACK = 'configs/bytetrack/bytetrack_detections_scenes.py'
MOT17_HALF = 'configs/bytetrack/bytetrack_yolox-x-detections_mot17-half.py'


@pytest.fixture
def scenes(root):
    return root / 'tests' / 'data' / 'scenes'


@pytest.fixture
def track(run_tool, root):
    """Run the tool with a config of the repository."""

    def run(config, *arguments):
        return run_tool('track_detections.py', root / config, *arguments)

    return run


def assert_refused(finished, *words):
    """Exit status 2, nothing but one line on standard error, with these words in it."""
    assert finished.returncode == 2, finished
    assert finished.stdout == ''
    lines = finished.stderr.strip().splitlines()
    assert len(lines) == 1, finished.stderr
    for word in ('error: ', *words):
        assert str(word) in lines[0]


def test_published_scores_on_real_detections(run_tool, track, shared_data, tmp_path):
    # An independent implementation of the published algorithm reaches these figures on the same
    # files; agreed to 0.1 (here they are equal to the last printed digit).
    mot17 = shared_data / 'MOT17'
    options = ('--frames', 'second-half', '--sequences-dir', mot17 / 'train', '--workers', 2)
    tracked = track(MOT17_HALF, mot17 / 'yolox_x_detections', tmp_path / 'out', *options)
    assert tracked.returncode == 0, tracked.stderr
    scored = run_tool(
        'evaluate_mot.py',
        tmp_path / 'out',
        mot17 / 'val_half',
        '--json',
        tmp_path / 'metrics.json',
    )
    assert scored.returncode == 0, scored.stderr
    combined = json.loads((tmp_path / 'metrics.json').read_text())['COMBINED']
    expected = {'HOTA': 55.77, 'MOTA': 66.21, 'IDF1': 67.10}
    assert {name: round(combined[name], 2) for name in expected} == expected
    assert combined['IDSW'] == 103


def test_rows_are_those_of_the_tracker(track, scenes, tmp_path):
    assert track(BYTETRACK, scenes, tmp_path).returncode == 0
    for name, path in find_detections(scenes).items():
        tracker = ByteTracker()
        tracked = [tracker.update(frame) for frame, _ in read_detections(path)]
        results = read_results(tmp_path / f'{name}.txt')
        assert results.frames.tolist() == [t for t, boxes in enumerate(tracked) for _ in boxes.ids]
        assert results.ids.tolist() == [i for boxes in tracked for i in boxes.ids]
        corners = np.concatenate([boxes.boxes[:, :2] for boxes in tracked])
        assert results.boxes_tlwh[:, :2] == pytest.approx(corners, abs=0.005 + 1e-9)


@pytest.mark.parametrize('form', ['npz', 'npy', 'txt', 'one-file'])
def test_every_form_of_detections_gives_the_same_results(track, scenes, tmp_path, form):
    out, reference, source = tmp_path / 'out', tmp_path / 'reference', tmp_path / 'source'
    track(BYTETRACK, scenes, reference)
    source.mkdir()
    text = scenes / 'crossing' / 'det' / 'det.txt'
    if form == 'npz':
        write_detections(source / 'crossing.npz', read_detections(text))
    elif form == 'npy':
        np.save(source / 'crossing.npy', np.loadtxt(text, delimiter=','))
    elif form == 'txt':
        (source / 'crossing.txt').write_bytes(text.read_bytes())
    finished = track(BYTETRACK, text if form == 'one-file' else source, out)
    assert finished.returncode == 0, finished.stderr
    assert (out / 'crossing.txt').read_bytes() == (reference / 'crossing.txt').read_bytes()


def test_workers_change_nothing(track, scenes, tmp_path):
    track(BYTETRACK, scenes, tmp_path / 'one')
    assert track(BYTETRACK, scenes, tmp_path / 'two', '--workers', 2).returncode == 0
    for name in ('crossing.txt', 'square.txt'):
        assert (tmp_path / 'one' / name).read_bytes() == (tmp_path / 'two' / name).read_bytes()


def test_halves_start_fresh_and_count_from_one(track, scenes, tmp_path):
    # 60 frames: the second half is frames > 60 // 2 + 1 = 31, that is 32 to 60, so 29 frames.
    detections = read_detections(scenes / 'crossing' / 'det' / 'det.txt')
    for half, span in (('first-half', (0, 31)), ('second-half', (31, 60))):
        track(BYTETRACK, scenes, tmp_path / half, '--frames', half)
        tracker = ByteTracker()
        expected = [tracker.update(detections[t]).ids.tolist() for t in range(*span)]
        results = read_results(tmp_path / half / 'crossing.txt')
        by_frame = [results.ids[results.frames == t].tolist() for t in range(len(expected))]
        assert by_frame == expected


def test_options_filter_detections_and_change_the_config(track, scenes, tmp_path):
    track(BYTETRACK, scenes, tmp_path / 'a', '--min-score', 0.8)
    track(BYTETRACK, scenes, tmp_path / 'b', '--cfg-options', 'model.tracker.min_score=0.8')
    same = [(tmp_path / folder / 'square.txt').read_bytes() for folder in 'ab']
    assert same[0] == same[1]
    assert read_results(tmp_path / 'a' / 'square.txt').scores.min() >= 0.8
    finished = track(BYTETRACK, scenes, tmp_path / 'c', '--classes', 1)
    assert finished.returncode == 0
    assert len(read_results(tmp_path / 'c' / 'square.txt').frames) == 0  # all are of class 0
    assert 'warning: square: the options leave no detections' in finished.stderr
    assert_refused(track(BYTETRACK, scenes, tmp_path / 'd', '--min-score', 'nan'), '--min-score')
    assert_refused(track(BYTETRACK, scenes, tmp_path / 'd', '--workers', 0), '--workers')


def test_interpolation_fills_gaps(track, scenes, tmp_path):
    track(BYTETRACK, scenes, tmp_path / 'online')
    for method in ('linear', 'gaussian'):
        track(BYTETRACK, scenes, tmp_path / method, '--interpolate', method)
        online, filled = (
            read_results(tmp_path / folder / 'square.txt') for folder in ('online', method)
        )
        assert len(filled.ids) > len(online.ids)
        assert set(filled.ids) == set(online.ids)
        for track_id in set(filled.ids):
            steps = np.diff(filled.frames[filled.ids == track_id])
            assert not ((steps > 1) & (steps < 20)).any()


def test_runs_without_networks(scenes, root, tmp_path):
    blocker = (
        'import runpy, sys\n'
        'class Blocker:\n'
        '    def find_spec(self, name, path=None, target=None):\n'
        "        if name.split('.')[0] in ('torch', 'mmcv', 'mmdet', 'cv2'):\n"
        "            raise ImportError(f'{name} is blocked')\n"
        'sys.meta_path.insert(0, Blocker())\n'
        'sys.argv = sys.argv[1:]\n'
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    tool = root / 'tools' / 'track_detections.py'
    command = [sys.executable, '-c', blocker, tool, root / BYTETRACK, scenes, tmp_path]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert (tmp_path / 'square.txt').stat().st_size > 0


def test_missing_files_are_named(track, scenes, tmp_path):
    assert_refused(track('configs/no.py', scenes, tmp_path), 'configs/no.py', 'no such file')
    assert_refused(track(BYTETRACK, tmp_path / 'no', tmp_path), tmp_path / 'no', 'no such file')
    (tmp_path / 'empty').mkdir()
    assert_refused(track(BYTETRACK, tmp_path / 'empty', tmp_path), 'no detections; expected')
    finished = track(BYTETRACK, scenes, tmp_path / 'out', '--sequences-dir', tmp_path / 'no')
    assert_refused(finished, tmp_path / 'no', 'no such folder')
    assert not (tmp_path / 'out').exists()
    (tmp_path / 'file').write_text('')
    assert_refused(track(BYTETRACK, scenes, tmp_path / 'file'), tmp_path / 'file', 'is a file')


@pytest.mark.parametrize(
    ('option', 'words'),
    [
        ('model.tracker.max_agee=3', ("ByteTracker has no argument 'max_agee'", "'max_age'?")),
        ('model.tracker.type=ByteTrack', ("'ByteTrack'", "Did you mean 'ByteTracker'?")),
        ('model.tracker.max_age=-1', ("'max_age' parameter of ByteTracker", 'Got -1')),
        ('model.tracker=3', ('model.tracker',)),
        ('model=3', ('model.tracker',)),
        ('model.trakcer.max_age=4', ("no 'trakcer'", "did you mean 'tracker'?")),
        ('modle=4', ("no 'modle'", "did you mean 'model'?")),
        ('model.tracker.per_sequence=3', ("'per_sequence' must be a dict",)),
        ('max_age', ('--cfg-options takes key=value',)),
    ],
)
def test_config_mistakes_are_named(track, scenes, tmp_path, option, words):
    finished = track(BYTETRACK, scenes, tmp_path / 'out', '--cfg-options', option)
    assert_refused(finished, *words)
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('model = dict(', ('config.py', 'line 1')),
        ('model = dict(tracker=undefined)', ('config.py', 'undefined')),
        ('x = 1', ('config.py', 'model.tracker')),
        ("_base_ = 'no.py'", ('no.py',)),
    ],
)
def test_broken_configs_are_named(run_tool, scenes, tmp_path, text, words):
    (tmp_path / 'config.py').write_text(text)
    finished = run_tool('track_detections.py', tmp_path / 'config.py', scenes, tmp_path / 'out')
    assert_refused(finished, *words)


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('', ('no detections',)),
        ('\n\n', ('no detections',)),
        ('0,-1,10,20,30,40,0.9,-1,-1,-1\n', ('line 1', 'frame numbers start at 1, got 0')),
        ('1,-1,10,20,-30,40,0.9,-1,-1,-1\n', ('line 1', 'negative size, -30 x 40')),
        ('1,-1,10,20,30,40,nan,-1,-1,-1\n', ('line 1', 'NaN')),
        ('1,-1,10,20,30,40,0.9,-1,-1,-1\n9,-1,1,2,3,4,1,-1,-1,-1\n', ('frame 9', 'frame 5')),
        ('1,-1,10,20,30,40,0.9,-1,-1,-1\n1,-1,10\n', ('line 2', '3 columns')),
    ],
)
def test_bad_detections_are_named_and_nothing_is_written(track, tmp_path, text, words):
    folder = tmp_path / 'SEQ' / 'det'
    folder.mkdir(parents=True)
    (folder / 'det.txt').write_text(text)
    (tmp_path / 'SEQ' / 'seqinfo.ini').write_text('[Sequence]\nseqLength=5\n')
    finished = track(BYTETRACK, tmp_path, tmp_path / 'out')
    assert_refused(finished, folder / 'det.txt', *words)
    assert not (tmp_path / 'out').exists()


def test_sequence_without_known_length_is_tracked_with_a_warning(track, tmp_path):
    (tmp_path / 'SEQ.txt').write_text('3,-1,10,20,30,40,0.9,-1,-1,-1\n')
    finished = track(BYTETRACK, tmp_path / 'SEQ.txt', tmp_path / 'out')
    assert finished.returncode == 0
    assert 'warning: SEQ: no seqinfo.ini' in finished.stderr
    assert 'last detected frame, 3' in finished.stderr


def test_length_comes_from_the_cache_then_the_folder_then_beside(track, tmp_path):
    def track_with_length(*options):
        finished = track(BYTETRACK, tmp_path / 'SEQ.txt', tmp_path / 'out', *options)
        assert finished.returncode == 0, finished.stderr
        return int(finished.stdout.split(' sequences, ')[1].split()[0]), finished.stderr

    (tmp_path / 'SEQ.txt').write_text('3,-1,10,20,30,40,0.9,-1,-1,-1\n')
    assert track_with_length('--sequences-dir', tmp_path / '..')[0] == 3  # nothing there: a warning
    (tmp_path / 'seqinfo.ini').write_text('[Sequence]\nseqLength=5\n')
    assert track_with_length() == (5, '')
    (tmp_path / 'SEQ').mkdir()
    (tmp_path / 'SEQ' / 'seqinfo.ini').write_text('[Sequence]\nseqLength=6\n')
    assert track_with_length() == (6, '')
    (tmp_path / 'D' / 'SEQ').mkdir(parents=True)
    assert track_with_length('--sequences-dir', tmp_path / 'D') == (6, '')
    (tmp_path / 'D' / 'SEQ' / 'seqinfo.ini').write_text('[Sequence]\nseqLength=7\n')
    assert track_with_length('--sequences-dir', tmp_path / 'D') == (7, '')
    detections = read_detections(tmp_path / 'SEQ.txt')
    write_detections(tmp_path / 'SEQ.npz', detections)
    finished = track(BYTETRACK, tmp_path / 'SEQ.npz', tmp_path / 'out')
    assert (finished.stderr, finished.stdout.split(', ')[1]) == ('', '3 frames')


def test_arguments_for_other_sequences_are_mentioned(run_tool, scenes, tmp_path):
    (tmp_path / 'config.py').write_text(
        "model = dict(tracker=dict(type='SORTTracker', per_sequence=dict(squar=dict(max_age=9))))"
    )
    finished = run_tool('track_detections.py', tmp_path / 'config.py', scenes, tmp_path / 'out')
    assert finished.returncode == 0
    assert finished.stderr == (
        'warning: per_sequence has arguments for squar: not among these detections\n'
    )


def test_many_others_are_counted(run_tool, scenes, tmp_path):
    (tmp_path / 'config.py').write_text(
        "model = dict(tracker=dict(type='SORTTracker', "
        'per_sequence={name: dict(max_age=9) for name in "abcde"}))'
    )
    finished = run_tool('track_detections.py', tmp_path / 'config.py', scenes, tmp_path / 'out')
    assert finished.stderr == (
        'warning: per_sequence has arguments for a, b, c and 2 more: not among these detections\n'
    )


def test_another_tracker_whole(run_tool, track, scenes, tmp_path):
    config, other = tmp_path / 'config.py', tmp_path / 'other.py'
    config.write_text(
        "model = dict(tracker=dict(type='ByteTracker', high_min_score=0.9, init_min_score=0.9, "
        'per_sequence=dict(square=dict(max_age=1))))'
    )
    other.write_text(
        "model = dict(tracker=dict(type='SORTTracker', per_sequence=dict(square=dict(min_hits=5))))"
    )

    def rows(*arguments):
        finished = run_tool('track_detections.py', arguments[0], scenes, *arguments[1:])
        assert finished.returncode == 0, finished.stderr
        return (tmp_path / arguments[1] / 'square.txt').read_bytes()

    swapped = rows(config, tmp_path / 'a', '--tracker', other)
    assert swapped == rows(other, tmp_path / 'b')
    assert swapped != rows(config, tmp_path / 'c')
    # The options change the tracker that is used.
    options = ('--cfg-options', 'model.tracker.per_sequence.square.min_hits=3')
    assert rows(config, tmp_path / 'd', '--tracker', other, *options) != swapped
    config.write_text("model = dict(tracker=dict(type='SORTTracker'))")
    assert rows(config, tmp_path / 'e') == rows(other, tmp_path / 'd', *options)


def test_another_tracker_mistakes_are_named(track, root, scenes, tmp_path):
    def refused(other, *words):
        finished = track(BYTETRACK, scenes, tmp_path / 'out', '--tracker', other)
        assert_refused(finished, *words)

    detector = root / 'configs/nanodet/nanodet-plus-m_synthmot.py'
    refused(tmp_path / 'no.py', 'no.py: no such file')
    refused(detector, 'nanodet-plus-m_synthmot.py: there is no model.tracker')
    (tmp_path / 'a.py').write_text("model = dict(tracker=dict(type='SORTTracker', max_aeg=1))")
    refused(tmp_path / 'a.py', "SORTTracker has no argument 'max_aeg'. Did you mean 'max_age'?")
    finished = track(detector, scenes, tmp_path / 'out', '--tracker', root / BYTETRACK)
    assert_refused(finished, 'this model has no tracker to be replaced')


def test_archive_for_the_server(track, scenes, tmp_path):
    source = tmp_path / 'source'
    source.mkdir()
    text = (scenes / 'square' / 'det' / 'det.txt').read_bytes()
    for name in ('MOT17-01-FRCNN', 'MOT17-03-FRCNN'):
        (source / f'{name}.txt').write_bytes(text)
    finished = track(BYTETRACK, source, tmp_path / 'out', '--zip', tmp_path / 'a.zip')
    assert finished.returncode == 0, finished.stderr
    assert f'Wrote {tmp_path / "a.zip"}: 6 sequences; 4 of them are copies' in finished.stdout
    with zipfile.ZipFile(tmp_path / 'a.zip') as archive:
        written = (tmp_path / 'out' / 'MOT17-03-FRCNN.txt').read_bytes()
        assert archive.read('MOT17-03-SDP.txt') == written
    (source / 'MOT17-03-SDP.txt').write_bytes(text)
    finished = track(BYTETRACK, source, tmp_path / 'no', '--zip', tmp_path / 'b.zip')
    assert_refused(finished, 'MOT17-03-FRCNN, MOT17-03-SDP: test all three, or one')
    assert not (tmp_path / 'no').exists()
    assert_refused(track(BYTETRACK, source, tmp_path / 'no', '--zip', 'a.tar'), 'must end in .zip')


def test_several_classes_are_written_from_one(track, tmp_path):
    rows = [f'1,-1,{100 * c},0,50,90,0.9,{c},-1,-1' for c in (1, 2, 3)]
    source = tmp_path / 'source'
    source.mkdir()
    (source / 'all.txt').write_text('\n'.join(rows))
    (source / 'first.txt').write_text(rows[0])
    track(BYTETRACK, source, tmp_path)
    assert read_results(tmp_path / 'all.txt').classes.tolist() == [1, 2, 3]
    track(BYTETRACK, source, tmp_path / 'one-class', '--classes', 0)
    assert read_results(tmp_path / 'one-class' / 'all.txt').classes.tolist() == [1]
    # Sequences of one run agree, also where only the first class occurs.
    assert read_results(tmp_path / 'first.txt').classes.tolist() == [1]


def test_nothing_is_written_if_a_later_sequence_is_bad(track, tmp_path):
    source = tmp_path / 'source'
    source.mkdir()
    (source / 'a.txt').write_text('1,-1,10,20,30,40,0.9,-1,-1,-1\n')
    (source / 'b.txt').write_text('0,-1,10,20,30,40,0.9,-1,-1,-1\n')
    finished = track(BYTETRACK, source, tmp_path / 'out')
    assert finished.returncode == 2
    assert 'b.txt, line 1: frame numbers start at 1, got 0' in finished.stderr
    assert not (tmp_path / 'out').exists()
