from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData

from mmtrack_ext.association.detections import TrackedBoxes
from mmtrack_ext.registry import VISUALIZERS
from mmtrack_ext.structures import tracked_to_instances
from mmtrack_ext.visualization import color_of
from mmtrack_ext.visualization.track_visualizer import TrackVisualizer, tracks_of

RED = (200, 0, 0)  # everything here is RGB


def rgb(track_id):
    return color_of(track_id)[::-1]


@pytest.fixture
def sample():
    from mmdet.structures import DetDataSample

    tracked = TrackedBoxes(
        np.array([2, 5]),
        np.array([[10.0, 30, 30, 60], [50, 30, 70, 60]]),
        np.array([0.9, 0.3]),
        np.array([0, 0]),
        np.array([0, 1]),
    )
    truth = InstanceData(
        bboxes=torch.tensor([[10.0, 30, 30, 60]]),
        labels=torch.tensor([0]),
        instances_id=torch.tensor([9]),
    )
    sample = DetDataSample()
    sample.pred_track_instances, sample.gt_instances = tracked_to_instances(tracked), truth
    return sample


def draw(tmp_path, sample, **options):
    visualizer = TrackVisualizer()
    image = np.full((80, 100, 3), RED, np.uint8)
    visualizer.add_datasample('x', image, sample, out_file=tmp_path / 'x.png', **options)
    assert (image == RED).all()
    drawn = cv2.imread(str(tmp_path / 'x.png'))[..., ::-1]
    assert drawn[5, 95].tolist() == list(RED)
    return drawn


def test_ground_truth_left_and_tracks_right(tmp_path, sample):
    drawn = draw(tmp_path, sample)
    assert drawn.shape == (80, 200, 3)
    assert drawn[45, 10].tolist() == list(rgb(9))
    assert drawn[45, 110].tolist() == list(rgb(2))
    assert drawn[45, 150].tolist() == list(rgb(5))


def test_parts_can_be_left_out(tmp_path, sample):
    assert draw(tmp_path, sample, draw_gt=False)[45, 10].tolist() == list(rgb(2))
    assert draw(tmp_path, sample, draw_pred=False)[45, 10].tolist() == list(rgb(9))
    confident = draw(tmp_path, sample, draw_gt=False, pred_score_thr=0.5)
    assert confident[45, 10].tolist() == list(rgb(2))
    assert confident[45, 50].tolist() == list(RED)
    assert draw(tmp_path, None).shape == (80, 100, 3)


def test_backends_get_the_image_in_rgb(tmp_path, sample):
    visualizer = VISUALIZERS.build(
        dict(
            type='TrackVisualizer',
            name=tmp_path.name,
            vis_backends=[dict(type='LocalVisBackend')],
            save_dir=str(tmp_path),
        )
    )
    visualizer.dataset_meta = {'classes': ('person', 'car')}
    image = np.zeros((80, 100, 3), np.uint8)
    visualizer.add_datasample('x', image, sample, draw_gt=False, step=3)
    (saved,) = tmp_path.rglob('x_3.png')
    assert cv2.imread(str(saved))[45, 10].tolist() == list(color_of(2))


def test_every_name_of_ids():
    boxes = torch.tensor([[0.0, 0, 4, 4]])
    for field in ('instances_id', 'instances_ids'):
        tracked = tracks_of(InstanceData(bboxes=boxes, **{field: torch.tensor([4])}))
        assert (tracked.ids.tolist(), tracked.scores.tolist()) == ([4], [1.0])
        assert tracked.boxes.tolist() == boxes.tolist()
    with pytest.raises(ValueError, match=r"needs 'instances_id'. There is bboxes\."):
        tracks_of(InstanceData(bboxes=boxes))


def test_boxes_of_mmdet():
    from mmdet.structures.bbox import HorizontalBoxes

    boxes = HorizontalBoxes(torch.tensor([[0.0, 0, 4, 4]]))
    tracked = tracks_of(InstanceData(bboxes=boxes, instances_id=torch.tensor([4])))
    assert tracked.boxes.tolist() == [[0, 0, 4, 4]]
