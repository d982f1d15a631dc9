"""LoadDetections: the right file, the right frame."""

from __future__ import annotations

import numpy as np
import pytest

from mmtrack_ext.association import ByteTracker
from mmtrack_ext.datasets import transforms
from mmtrack_ext.datasets.mot_sequences import MOTSequenceDataset
from mmtrack_ext.datasets.transforms import LoadDetections
from mmtrack_ext.fileio import (
    SequenceDetections,
    read_detections,
    read_sequence_info,
    write_detections,
)


def write_text(path, frames):
    """One detection a frame, its left edge the frame number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(''.join(f'{n},-1,{n},2,3,4,0.9,-1,-1,-1\n' for n in frames))


def write_npz(path, num_frames, **columns):
    frames = np.arange(num_frames)
    boxes = np.stack([frames + 1, frames + 2, frames + 3, frames + 4], axis=1)
    scores = np.ones(num_frames)
    labels = np.zeros(num_frames, int)
    write_detections(path, SequenceDetections(frames, boxes, scores, labels, num_frames, **columns))


def lefts(transform, length, offset=0, name='A', original=True):
    """The left edge of each frame's first detection, None without any."""
    found = []
    for frame in range(length):
        item = dict(video_name=name, video_length=length, frame_id=frame)
        if original:
            item['mot_frame_id'] = frame + offset + 1
        detections = transform(item)['detections']
        found.append(detections.boxes[0, 0] if len(detections) else None)
    return found


def test_frames_of_a_whole_sequence(tmp_path):
    write_text(tmp_path / 'A.txt', [4, 1])
    assert lefts(LoadDetections(tmp_path), 5) == [1, None, None, 4, None]
    assert lefts(LoadDetections(tmp_path), 5, original=False) == [1, None, None, 4, None]


def test_a_file_without_detections(tmp_path):
    (tmp_path / 'A.txt').touch()
    assert lefts(LoadDetections(tmp_path), 2, offset=3) == [None, None]


# A sequence of 10 frames; its second half are the 4 frames 7 to 10.
@pytest.mark.parametrize('suffix', ['txt', 'npz'])
@pytest.mark.parametrize(
    ('frames', 'numbering', 'expected'),
    [
        (10, 'auto', [7, 8, 9, 10]),
        (4, 'auto', [1, 2, 3, 4]),
        (10, 'original', [7, 8, 9, 10]),
        (4, 'split', [1, 2, 3, 4]),
    ],
)
def test_second_half_from_whole_and_half_files(tmp_path, suffix, frames, numbering, expected):
    if suffix == 'npz':
        write_npz(tmp_path / 'A.npz', frames)
    else:
        write_text(tmp_path / 'A.txt', range(1, frames + 1))
    assert lefts(LoadDetections(tmp_path, numbering=numbering), 4, offset=6) == expected


def test_first_half_is_the_start_of_a_whole_file(tmp_path):
    write_npz(tmp_path / 'A.npz', 10)
    assert lefts(LoadDetections(tmp_path), 6) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ('suffix', 'frames', 'numbering', 'length', 'offset', 'problem'),
    [
        # Frames 4 to 10: detections up to 5 may be frames 4 and 5, or the first 5 of these 7.
        ('txt', 5, 'auto', 7, 3, 'fit both the whole sequence and its frames 4 to 10'),
        ('npz', 8, 'auto', 4, 6, 'fit neither the whole sequence nor its frames 7 to 10'),
        ('npz', 4, 'auto', 10, 0, 'holds 4 frames, where 10 are expected'),
        ('npz', 4, 'original', 4, 6, "holds 4 frames, where 10 .* numbering='original'"),
        ('npz', 10, 'split', 4, 6, "holds 10 frames, where 4 .* numbering='split'"),
        ('txt', 10, 'split', 4, 6, "holds 10 frames, where 4 .* numbering='split'"),
    ],
)
def test_unclear_or_unfitting_lengths_are_refused(
    tmp_path, suffix, frames, numbering, length, offset, problem
):
    path = tmp_path / f'A.{suffix}'
    if suffix == 'npz':
        write_npz(path, frames)
    else:
        write_text(path, range(1, frames + 1))
    with pytest.raises(ValueError, match=problem) as error:
        lefts(LoadDetections(tmp_path, numbering=numbering), length, offset)
    assert str(error.value).startswith(f'{path}: ')
    assert '\n' not in str(error.value)


def test_camera_motion_is_that_of_the_frame(tmp_path):
    warps = np.stack([np.eye(2, 3) * n for n in range(10)])
    write_npz(tmp_path / 'A.npz', 10, camera_motion=warps)
    item = dict(video_name='A', video_length=4, frame_id=1, mot_frame_id=8)
    np.testing.assert_array_equal(LoadDetections(tmp_path)(dict(item))['camera_motion'], warps[7])
    write_npz(tmp_path / 'B.npz', 10)
    assert 'camera_motion' not in LoadDetections(tmp_path)(item | dict(video_name='B'))


def test_each_file_is_read_once(tmp_path, monkeypatch):
    for name in 'AB':
        write_text(tmp_path / name / 'det' / 'det.txt', [1, 2])
    read = []
    monkeypatch.setattr(
        transforms.loading,
        'read_detections',
        lambda path, **options: read.append(path.parts[-3]) or read_detections(path, **options),
    )
    transform = LoadDetections(tmp_path)
    for name in 'ABAB':
        lefts(transform, 3, name=name)
    assert read == ['A', 'B']


def test_a_single_file_serves_one_sequence(tmp_path):
    write_text(tmp_path / 'nanodet.txt', [1, 2])
    transform = LoadDetections(tmp_path / 'nanodet.txt')
    assert lefts(transform, 2, name='A') == [1, 2]
    with pytest.raises(ValueError, match='no detections of sequence B, only of A'):
        lefts(transform, 2, name='B')


def test_errors(tmp_path):
    write_text(tmp_path / 'A.txt', [1])
    with pytest.raises(ValueError, match=f'{tmp_path}: no detections of sequence C, only of A'):
        lefts(LoadDetections(tmp_path), 2, name='C')
    with pytest.raises(FileNotFoundError):
        lefts(LoadDetections(tmp_path / 'nowhere'), 2)
    with pytest.raises(ValueError, match=r"'numbering' .*Got 'half'"):
        LoadDetections(tmp_path, numbering='half')


def test_tracking_through_the_pipeline_equals_tracking_the_file(shared_data):
    """The second half of a real sequence, from the file of the whole one."""
    name = 'MOT17-09-FRCNN'
    path = shared_data / 'MOT17' / 'yolox_x_detections'
    dataset = MOTSequenceDataset(
        shared_data / 'MOT17' / 'train',
        sequences=[name],
        frames='second-half',
        pipeline=[dict(type='LoadDetections', path=str(path)), dict(type='PackFrameInputs')],
    )
    info = read_sequence_info(shared_data / 'MOT17' / 'train' / name / 'seqinfo.ini')
    direct = read_detections(path / f'{name}.txt', info=info).span(263, 525)
    assert len(dataset) == len(direct) == 262
    ours, theirs = ByteTracker(), ByteTracker()
    for frame, (detections, _) in enumerate(direct):
        sample = dataset[frame]['data_samples']
        assert sample.mot_frame_id == frame + 264
        expected = theirs.update(detections)
        tracked = ours.update(sample.detections)
        np.testing.assert_array_equal(tracked.ids, expected.ids)
        np.testing.assert_array_equal(tracked.boxes, expected.boxes)
