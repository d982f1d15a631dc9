from __future__ import annotations

import cv2
import numpy as np
import pytest

from mmtrack_ext.visualization import VideoWriter, open_frames
from mmtrack_ext.visualization.video import write_image


def plain(value, height=48, width=64):
    return np.full((height, width, 3), value, np.uint8)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize('suffix', ['.mp4', '.avi', '.MP4'])
def test_round_trip(tmp_path, suffix):
    path = tmp_path / 'new' / f'a{suffix}'
    colors = [(20 * i, 255 - 20 * i, 100) for i in range(12)]
    with VideoWriter(path, 12.5) as writer:
        for color in colors:
            writer.write(plain(color))
        assert not path.exists()
    assert names(path.parent) == [path.name]
    with open_frames(path) as source:
        assert (source.num_frames, source.frame_rate, source.size) == (12, 12.5, (64, 48))
        assert (source.name, source.is_live) == ('a', False)
        frames = list(source)
    assert len(frames) == 12
    for frame, color in zip(frames, colors, strict=True):
        assert frame.mean(axis=(0, 1)) == pytest.approx(color, abs=6)  # lossy


@pytest.mark.parametrize(('height', 'width'), [(47, 63), (47, 64), (1, 1), (33, 2)])
def test_odd_sizes_are_made_even_by_repeating_the_edge(tmp_path, height, width):
    # OpenCV would cut the last row and column; 63 x 47 would become 62 x 46.
    image = plain(0, height, width)
    image[:, -1] = image[-1] = 200
    with VideoWriter(tmp_path / 'a.mp4', 10) as writer:
        writer.write(image)
    with open_frames(tmp_path / 'a.mp4') as source:
        (frame,) = source
    assert frame.shape == (height + height % 2, width + width % 2, 3)
    assert frame[-1, -1].mean() > 150


def test_nothing_is_left_after_an_error(tmp_path):
    def fail():
        with VideoWriter(tmp_path / 'a.mp4', 10) as writer:
            writer.write(plain(1))
            raise RuntimeError('stop')

    (tmp_path / 'a.mp4').write_bytes(b'old')
    with pytest.raises(RuntimeError):
        fail()
    assert names(tmp_path) == ['a.mp4']
    assert (tmp_path / 'a.mp4').read_bytes() == b'old'


def test_what_is_there_is_kept_on_ctrl_c(tmp_path, capsys):
    def interrupt():
        with VideoWriter(tmp_path / 'a.mp4', 10) as writer:
            for value in (1, 2, 3):
                writer.write(plain(value))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    with open_frames(tmp_path / 'a.mp4') as source:
        assert len(list(source)) == 3
    error = capsys.readouterr().err
    assert error.count('\n') == 1
    assert 'holds the 3 frames' in error


def test_a_forgotten_writer_leaves_nothing(tmp_path):
    writer = VideoWriter(tmp_path / 'a.mp4', 10)
    writer.write(plain(1))
    assert len(names(tmp_path)) == 1
    del writer
    assert names(tmp_path) == []


def test_without_frames_there_is_no_video(tmp_path):
    with VideoWriter(tmp_path / 'a.mp4', 10):
        pass
    assert names(tmp_path) == []


def test_images_of_another_size_are_refused(tmp_path):
    writer = VideoWriter(tmp_path / 'a.mp4', 10)
    writer.write(plain(1))
    with pytest.raises(ValueError, match=r'a\.mp4: frame 2 is 64x46, but the video is 64x48'):
        writer.write(plain(1, 46))
    with pytest.raises(ValueError, match='float64'):
        writer.write(plain(1) / 2)
    with pytest.raises(ValueError, match='8191 pixels'):
        VideoWriter(tmp_path / 'b.mp4', 10).write(plain(1, 2, 8192))


@pytest.mark.parametrize(
    ('name', 'frame_rate', 'problem'),
    [
        ('a.mov', 10, r'end in \.mp4 or \.avi'),
        ('a', 10, r'end in \.mp4 or \.avi'),
        ('a.mp4', 0, 'Got 0'),
        ('a.mp4', -1, 'Got -1'),
        ('a.mp4', float('nan'), 'Got nan'),
        ('a.mp4', 1e6, 'Got 1000000'),
    ],
)
def test_wrong_arguments(tmp_path, name, frame_rate, problem):
    with pytest.raises(ValueError, match=problem):
        VideoWriter(tmp_path / name, frame_rate)
    assert names(tmp_path) == []


def test_a_video_that_did_not_arrive_is_an_error(tmp_path, monkeypatch):
    writer = VideoWriter(tmp_path / 'a.mp4', 10)
    for _ in range(4):
        writer.write(plain(1))
    writer.num_frames = 9
    with pytest.raises(OSError, match='4 of 9 frames could be written; the disk may be full'):
        writer.close()
    assert names(tmp_path) == []


def test_images(tmp_path):
    image = plain((10, 200, 30))
    write_image(tmp_path / 'x' / 'a.png', image)
    assert (cv2.imread(str(tmp_path / 'x' / 'a.png')) == image).all()
    with pytest.raises(ValueError, match='no images with this suffix'):
        write_image(tmp_path / 'x' / 'a.txt', image)
    assert names(tmp_path / 'x') == ['a.png']
