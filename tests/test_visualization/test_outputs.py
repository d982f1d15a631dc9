from __future__ import annotations

import numpy as np
import pytest

from mmtrack_ext.association.detections import Detections, TrackedBoxes
from mmtrack_ext.fileio import read_detections, read_results
from mmtrack_ext.visualization.frame_source import FrameSource, open_frames
from mmtrack_ext.visualization.outputs import TrackingOutputs, check_writable

IMAGE = np.zeros((24, 32, 3), np.uint8)


def write_all(folder, num_frames, error=None, labels=(0, 0)):
    source = FrameSource('x', iter([IMAGE]), frame_rate=7)
    paths = {'video': 'a.mp4', 'images': 'i', 'text': 'a.txt', 'detections': 'a.npz'}
    paths = {name: folder / path for name, path in paths.items()}
    with TrackingOutputs(source, frame_rate=7, **paths) as outputs:
        for t in range(num_frames):
            boxes = np.array([[t, 0, t + 5, 8], [20, 0, 25, 8.125]])
            detections = Detections(boxes, [0.9, 0.125], labels)
            tracked = TrackedBoxes(
                np.array([3]), boxes[:1], np.array([0.9]), *np.zeros((2, 1), int)
            )
            outputs.add(detections, tracked, IMAGE)
        if error is not None:
            raise error
    return outputs


def contents(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob('*') if path.is_file())


def check(folder, num_frames):
    images = [f'i/{t + 1:06d}.jpg' for t in range(num_frames)]
    assert contents(folder) == ['a.mp4', 'a.npz', 'a.txt', *images]
    rows = (folder / 'a.txt').read_text().splitlines()
    assert rows == [f'{t + 1},3,{t}.00,0.00,5.00,8.00,0.90,-1,-1,-1' for t in range(num_frames)]
    stored = read_detections(folder / 'a.npz')
    assert (len(stored), stored.width, stored.height, stored.frame_rate) == (num_frames, 32, 24, 7)
    assert stored.boxes[1::2].tolist() == [[20, 0, 25, 8.125]] * num_frames
    assert len(list(open_frames(folder / 'a.mp4'))) == num_frames


def test_everything_is_written(tmp_path):
    outputs = write_all(tmp_path, 3)
    check(tmp_path, 3)
    assert outputs.written() == [
        str(tmp_path / 'a.mp4'),
        f'3 images to {tmp_path / "i"}',
        str(tmp_path / 'a.txt'),
        str(tmp_path / 'a.npz'),
    ]


def test_ctrl_c_keeps_what_is_done(tmp_path, capsys):
    with pytest.raises(KeyboardInterrupt):
        write_all(tmp_path, 4, KeyboardInterrupt())
    check(tmp_path, 4)
    (line,) = capsys.readouterr().err.splitlines()
    assert 'interrupted; the 4 frames so far are in' in line


def test_an_error_leaves_images_alone(tmp_path):
    with pytest.raises(RuntimeError):
        write_all(tmp_path, 2, RuntimeError())
    assert contents(tmp_path) == ['i/000001.jpg', 'i/000002.jpg']


def test_without_frames_nothing_is_written(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        write_all(tmp_path, 0, KeyboardInterrupt())
    assert contents(tmp_path) == []


def test_classes_are_written_if_any_detection_has_one(tmp_path):
    # As tools/track_detections.py does: of the whole file, whether tracked or not.
    write_all(tmp_path, 1, labels=(0, 2))
    assert read_results(tmp_path / 'a.txt').classes.tolist() == [1]


def test_paths_are_checked_before_the_work(tmp_path):
    (tmp_path / 'file').write_text('')
    check_writable(tmp_path / 'new' / 'folder' / 'a.txt')
    check_writable(tmp_path / 'new', is_folder=True)
    for path, is_folder, problem in (
        (tmp_path, False, 'this is a folder where a file is needed'),
        (tmp_path / 'file', True, 'this is a file where a folder is needed'),
        (tmp_path / 'file' / 'a.txt', False, 'this is a file where a folder is needed'),
        (tmp_path / 'file' / 'a' / 'b', True, 'this is a file where a folder is needed'),
    ):
        with pytest.raises(ValueError, match=problem):
            check_writable(path, is_folder=is_folder)
    assert contents(tmp_path) == ['file']
