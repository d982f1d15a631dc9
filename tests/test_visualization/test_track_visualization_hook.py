"""The hook of ``engine/hooks/track_visualization.py``."""

from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from mmtrack_ext.association.detections import Detections, TrackedBoxes
from mmtrack_ext.engine.hooks.track_visualization import TrackVisualizationHook
from mmtrack_ext.structures import detections_to_instances, tracked_to_instances
from mmtrack_ext.visualization import color_of, open_frames

RUNNER = SimpleNamespace(
    test_dataloader=SimpleNamespace(dataset=SimpleNamespace(metainfo={'classes': ('person',)}))
)


@pytest.fixture
def sample(tmp_path):
    """A data sample of one frame, as a model returns it; its only box moves."""
    from mmdet.structures import DetDataSample

    def make(video, frame, **meta):
        path = tmp_path / 'images' / video / f'{frame}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.full((96, 128, 3), 40, np.uint8))
        box = np.array([[20.0 + frame, 30, 60 + frame, 80]])
        zero = np.zeros(1, np.int64)
        tracked = TrackedBoxes(zero + 6, box, np.array([0.9]), zero, zero)
        sample = DetDataSample(
            metainfo=dict(img_path=str(path), video_name=video, frame_id=frame, **meta)
        )
        sample.pred_track_instances = tracked_to_instances(tracked)
        sample.pred_instances = detections_to_instances(Detections([[90, 30, 120, 80]], [0.1]))
        return sample

    return make


def run(hook, *batches):
    hook.before_test_epoch(RUNNER)
    for number, batch in enumerate(batches):
        hook.after_test_iter(RUNNER, number, None, batch)
    hook.after_test_epoch(RUNNER)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_one_video_each(tmp_path, sample):
    out = tmp_path / 'out'
    hook = TrackVisualizationHook(out)
    first = [sample('A', t, frame_rate=14) for t in range(5)]
    second = [sample('B', t) for t in range(3)]
    run(hook, first[:3], first[3:] + second[:1], second[1:])
    assert names(out) == ['A.mp4', 'B.mp4']
    with open_frames(out / 'A.mp4') as source:
        assert source.frame_rate == 14
        frames = list(source)
    assert len(frames) == 5
    for t, frame in enumerate(frames):
        assert color_of(6) == (255, 0, 64)  # mostly blue; the codec blurs it
        assert frame[60, 19 + t : 21 + t, 0].min() > 100
        assert frame[60, 40].tolist() == pytest.approx([40] * 3, abs=15)
    with open_frames(out / 'B.mp4') as source:
        assert (source.frame_rate, source.num_frames) == (30, 3)
    run(hook, second)  # a second test writes again
    assert names(out) == ['A.mp4', 'B.mp4']


def test_options(tmp_path, sample):
    frames = [sample('A', t, frame_rate=14) for t in range(3)]
    for options in ({}, {'draw_detections': True, 'frame_rate': 5, 'trails': 0}):
        run(TrackVisualizationHook(tmp_path / 'out', **options), frames)
        with open_frames(tmp_path / 'out' / 'A.mp4') as source:
            assert source.frame_rate == options.get('frame_rate', 14)
            last = list(source)[-1].astype(int)
        has_grey = last[60, 90].min() > 90
        assert has_grey == ('draw_detections' in options)


def test_what_cannot_be_drawn(tmp_path, sample):
    frame = sample('A', 0)
    hook = TrackVisualizationHook(tmp_path / 'out')
    with pytest.raises(ValueError, match=r"of A do not come one after the other.*'VideoSampler'"):
        run(hook, [frame, sample('B', 0), sample('A', 1)])
    hook = TrackVisualizationHook(tmp_path / 'other')
    (tmp_path / 'images' / 'A' / '0.png').unlink()
    with pytest.raises(FileNotFoundError, match=r'0\.png \(A\): no image to draw on'):
        run(hook, [frame])
    with pytest.raises(ValueError, match='Got -1'):
        TrackVisualizationHook(tmp_path, trails=-1)
