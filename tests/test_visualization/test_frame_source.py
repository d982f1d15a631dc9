from __future__ import annotations

import cv2
import numpy as np
import pytest

from mmtrack_ext.visualization import VideoWriter, open_frames
from mmtrack_ext.visualization.frame_source import FrameSource


def save_images(folder, names, size=(32, 24)):
    """Image number i has the value 10 i everywhere."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        cv2.imwrite(str(folder / name), np.full((size[1], size[0], 3), 10 * number, np.uint8))


def values(source):
    with source:
        return [int(frame[0, 0, 0]) for frame in source]


def test_a_folder_is_read_in_natural_order(tmp_path):
    save_images(tmp_path / 'cam', ['1.png', '2.png', '10.png', 'x9.png', 'x10.png'])
    (tmp_path / 'cam' / 'notes.txt').write_text('no image')
    (tmp_path / 'cam' / '._1.png').write_bytes(b'left by macOS')
    source = open_frames(tmp_path / 'cam')
    assert (source.name, source.num_frames, source.size) == ('cam', 5, (32, 24))
    assert source.frame_rate is None
    assert values(source) == [0, 10, 20, 30, 40]


def test_a_glob_is_read_in_natural_order(tmp_path):
    save_images(tmp_path / 'cam', ['a1.png', 'a2.png', 'a10.png', 'b1.png'])
    source = open_frames(f'{tmp_path}/cam/a*.png')
    assert (source.name, source.num_frames) == ('cam', 3)
    assert values(source) == [0, 10, 20]


def test_one_image(tmp_path):
    save_images(tmp_path, ['one.png'])
    source = open_frames(tmp_path / 'one.png')
    assert (source.name, values(source)) == ('one', [0])


@pytest.mark.parametrize('given', ['SEQ', 'SEQ/img1', 'SEQ/img1/*.png'])
def test_a_sequence_brings_its_name_and_frame_rate(tmp_path, given):
    save_images(tmp_path / 'SEQ' / 'img1', ['000001.png', '000002.png'])
    (tmp_path / 'SEQ' / 'seqinfo.ini').write_text('[Sequence]\nseqLength=2\nframeRate=14\n')
    source = open_frames(str(tmp_path / given))
    assert source.name == 'SEQ'
    assert source.frame_rate == (None if '*' in given else 14)
    assert values(source) == [0, 10]


def test_for_a_damaged_image_the_one_before_stands_in(tmp_path, capfd):
    save_images(tmp_path, [f'{i}.png' for i in range(1, 7)])
    (tmp_path / '3.png').write_bytes(b'\x89PNG\r\n\x1a\n damaged')
    (tmp_path / '4.png').write_bytes(b'')
    assert values(open_frames(tmp_path)) == [0, 10, 10, 10, 40, 50]
    printed = capfd.readouterr()  # OpenCV's own complaints, too, were they printed
    assert printed.out == ''
    assert printed.err.splitlines() == [
        f'warning: {tmp_path.name}: frames 3 to 4 are damaged; frame 2 stands in'
    ]


def test_for_a_damaged_frame_of_a_video_the_one_before_stands_in(tmp_path, capfd):
    rng = np.random.default_rng(0)
    texture = rng.integers(0, 255, (96, 128, 3), np.uint8)
    with VideoWriter(tmp_path / 'a.mp4', 10) as writer:
        for shift in range(40):
            writer.write(np.roll(texture, 3 * shift, axis=1))
    whole = list(open_frames(tmp_path / 'a.mp4'))
    data = bytearray((tmp_path / 'a.mp4').read_bytes())
    at = int(0.3 * len(data))
    data[at : at + len(data) // 50] = bytes(len(data) // 50)
    (tmp_path / 'a.mp4').write_bytes(data)
    frames = list(open_frames(tmp_path / 'a.mp4'))
    assert len(frames) == 40
    (repeated,) = (t for t in range(1, 40) if (frames[t] == frames[t - 1]).all())
    # The damage begins in the frame before, which the decoder conceals; after the next key frame
    # (every 12th) all is as it was, in its place.
    for t in (*range(repeated - 1), *range(24, 40)):
        assert (frames[t] == whole[t]).all()
    assert capfd.readouterr().err.splitlines() == [
        f'warning: a: frame {repeated + 1} is damaged; frame {repeated} stands in'
    ]


def test_a_video_that_breaks_off_says_so(tmp_path, capfd):
    with VideoWriter(tmp_path / 'a.avi', 10) as writer:
        for value in range(40):
            writer.write(np.full((96, 128, 3), 5 * value, np.uint8))
    data = (tmp_path / 'a.avi').read_bytes()
    (tmp_path / 'a.avi').write_bytes(data[: 3 * len(data) // 4])
    frames = list(open_frames(tmp_path / 'a.avi'))
    assert 0 < len(frames) < 40
    assert capfd.readouterr().err.splitlines() == [
        f'warning: a: nothing can be read after frame {len(frames)}; 40 were expected'
    ]


def test_damaged_reads_by_hand(capsys):
    image = np.zeros((2, 2, 3), np.uint8)
    reads = [image, None, image + 1, None, None, image + 2, None]
    source = FrameSource('x', iter(reads), num_frames=7)
    assert [int(frame[0, 0, 0]) for frame in source] == [0, 0, 1, 1, 1, 2]
    assert capsys.readouterr().err.splitlines() == [
        'warning: x: frame 2 is damaged; frame 1 stands in',
        'warning: x: frames 4 to 5 are damaged; frame 3 stands in',
        'warning: x: nothing can be read after frame 6; 7 were expected',
    ]


def test_a_broken_source_is_one_line(tmp_path, capfd):
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'empty.mp4').write_bytes(b'')
    (tmp_path / 'text.mp4').write_text('no video\n' * 100)
    (tmp_path / 'det.txt').write_text('1,-1,0,0,10,10,0.9\n' * 100)
    (tmp_path / 'noise.mp4').write_bytes(np.random.default_rng(0).bytes(10_000))
    (tmp_path / 'bad').mkdir()
    (tmp_path / 'bad' / '1.jpg').write_bytes(b'no image')
    for source, problem in (
        ('empty', 'no images'),
        ('empty.mp4', 'cannot read this as a video'),
        ('text.mp4', 'this is a text file, not a video'),
        ('det.txt', 'this is a text file, not a video'),  # FFmpeg would render its letters
        ('noise.mp4', 'cannot read this as a video'),
        ('bad', 'this image cannot be read'),
        ('empty/*.jpg', 'no images match'),
    ):
        with pytest.raises(ValueError, match=problem) as error:
            open_frames(str(tmp_path / source))
        assert str(tmp_path / source) in str(error.value)
        assert '\n' not in str(error.value)
    with pytest.raises(FileNotFoundError) as error:
        open_frames(tmp_path / 'absent.mp4')
    assert error.value.filename == str(tmp_path / 'absent.mp4')
    for source in ('97', 'rtsp://127.0.0.1:9/live', 'http://127.0.0.1:9/a.mp4'):
        with pytest.raises(ValueError, match='cannot be opened, or gives no frame'):
            open_frames(source)
    assert capfd.readouterr() == ('', '')  # OpenCV and FFmpeg keep quiet


def test_names_of_streams(monkeypatch):
    image = np.zeros((2, 2, 3), np.uint8)

    class Capture:
        def __init__(self, *_):
            self.left = 3

        def get(self, _):
            return 90000.0  # the ticks of a clock, not frames a second

        def read(self):
            self.left -= 1
            return self.left >= 0, image

        def release(self):
            self.left = 0

    monkeypatch.setattr(cv2, 'VideoCapture', Capture)
    for address, name in (
        ('0', 'camera-0'),
        ('rtsp://me:secret@cam.example:554/live?token=1', 'cam-example-554-live'),
    ):
        with open_frames(address) as source:
            assert (source.name, source.is_live) == (name, True)
            assert (source.num_frames, source.frame_rate) == (None, None)
            assert len(list(source)) == 3


def test_real_video(shared_data):
    with open_frames(shared_data / 'PETS09-S2L1' / 'PETS09-S2L1.mp4') as source:
        assert (source.num_frames, source.size, source.frame_rate) == (795, (480, 360), 10)
        assert sum(1 for _ in source) == 795
