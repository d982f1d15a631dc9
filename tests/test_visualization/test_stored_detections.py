"""Detections of a file for the frames of a video."""

from __future__ import annotations

import numpy as np
import pytest

from mmtrack_ext.fileio import write_detections
from mmtrack_ext.visualization import FrameSource, stored_detections

ROW = '{frame},-1,10,20,30,40,0.9\n'


@pytest.fixture
def text(tmp_path):
    """Boxes in frames 1 and 3."""
    path = tmp_path / 'a.txt'
    path.write_text(ROW.format(frame=1) + ROW.format(frame=3))
    return path


def video(count, *, known=True):
    frames = iter([np.zeros((48, 64, 3), np.uint8)] * count)
    return FrameSource('a', frames, num_frames=count if known else None, frame_rate=12.5)


def test_what_a_text_does_not_say_is_the_videos(text):
    found = stored_detections(text, video(5))
    assert (len(found), found.width, found.height, found.frame_rate) == (5, 64, 48, 12.5)
    assert found.frames.tolist() == [0, 2]
    assert found.boxes.tolist() == [[10, 20, 40, 60]] * 2


def test_other_lengths_are_refused(text, tmp_path):
    write_detections(tmp_path / 'a.npz', stored_detections(text, video(5)))
    assert len(stored_detections(tmp_path / 'a.npz', video(5))) == 5
    with pytest.raises(ValueError, match=r'a\.npz: detections of 5 frames, the video has 4'):
        stored_detections(tmp_path / 'a.npz', video(4))


def test_a_camera_has_no_length(text):
    with pytest.raises(ValueError, match='a video of known length, a has none'):
        stored_detections(text, video(5, known=False))
