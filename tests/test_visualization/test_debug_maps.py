"""What a network saw, laid over the frame; pixels counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mmtrack_ext.association.detections import Detections
from mmtrack_ext.visualization.debug_maps import ARROW, blend, debug_picture, on_frame

IMAGE = np.full((96, 128, 3), 100, np.uint8)
# The network sees the frame at half its size, 10 pixels to the right; maps have stride 4.
WARP = np.array([[0.5, 0, 10], [0, 0.5, 0]])


def maps(**changes):
    return {'warp_matrix': WARP, 'input_shape': (48, 80)} | changes


def test_a_cell_lies_where_it_came_from():
    heat = np.zeros((12, 20), np.float32)
    heat[6, 10] = 1  # x: (4 * 10 - 10) / 0.5 = 60, y: 4 * 6 / 0.5 = 48
    warped = on_frame(maps(heatmap=heat), 'heatmap', IMAGE)
    assert warped.shape == (96, 128)
    assert np.unravel_index(warped.argmax(), warped.shape) == (48, 60)
    assert warped[48, 60] == 1
    assert warped[48, 64] == pytest.approx(0.5, abs=0.02)  # half a cell away
    assert warped[48, 69] == 0


def test_heat_covers_the_frame():
    heat = np.array([[0, 1, 0.5]])
    image = np.full((1, 3, 3), 100, np.uint8)
    blended = blend(image, heat)
    assert blended[0, 0].tolist() == [100, 100, 100]
    assert blended[0, 1].tolist() == [0, 0, 128]  # the red end of OpenCV's jet
    assert blended[0, 2].max() > 100


def test_four_panels_and_an_arrow_to_the_past():
    detections = Detections(
        [[40, 40, 60, 60]], [0.9], displacements=[[-30.0, 0]], centers=[[50.0, 48.0]]
    )
    heat = np.zeros((12, 20), np.float32)
    drawn = np.full_like(IMAGE, 7)
    picture = debug_picture(drawn, IMAGE, maps(heatmap=heat), detections)
    assert picture.shape == IMAGE.shape
    assert (picture[:30, :64] == 7).all()  # tracks, above the caption
    along = picture[24, 64 + 11 : 64 + 25]  # y 48 / 2, x (20 to 50) / 2, in the second panel
    assert (np.abs(along.astype(int) - ARROW).max(axis=1) < 60).all()
    assert (picture[24, 64 + 27 :] == 100).all()
    assert (picture[48:78] == 0).all()  # no prior heat map, no embeddings


def test_a_picture_of_odd_size_keeps_it():
    image = np.zeros((95, 127, 3), np.uint8)
    assert debug_picture(image, image, maps(), Detections.empty()).shape == (95, 127, 3)


def test_centres_of_boxes_do_where_there_are_no_others():
    detections = Detections([[40, 38, 60, 58]], [0.9], displacements=[[-30.0, 0]])
    heat = np.zeros((12, 20), np.float32)
    with_centers = Detections(
        detections.boxes, [0.9], displacements=[[-30.0, 0]], centers=[[50.0, 48.0]]
    )
    pictures = [
        debug_picture(IMAGE, IMAGE, maps(heatmap=heat), d) for d in (detections, with_centers)
    ]
    assert (pictures[0] == pictures[1]).all()
