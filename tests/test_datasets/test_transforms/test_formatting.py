"""PackFrameInputs without an image."""

from __future__ import annotations

import numpy as np

from mmtrack_ext.association import Detections
from mmtrack_ext.datasets.transforms import PackFrameInputs


def test_what_an_item_lacks_is_left_out():
    packed = PackFrameInputs()(dict(img_id=3, video_name='A', frame_id=0))
    assert list(packed) == ['data_samples']
    assert packed['data_samples'].metainfo == dict(img_id=3, video_name='A', frame_id=0)
    assert 'detections' not in packed['data_samples']


def test_size_without_an_image_is_that_of_the_dataset():
    results = dict(img_id=3, height=24, width=32)
    sample = PackFrameInputs()(results)['data_samples']
    assert (sample.ori_shape, sample.img_shape) == ((24, 32), (24, 32))
    assert results == dict(img_id=3, height=24, width=32)


def test_detections_are_passed_on_as_they_are():
    detections = Detections([[0.25, 0, 10, 20]], [0.9])
    warp = np.eye(2, 3)
    packed = PackFrameInputs()(dict(img_id=1, detections=detections, camera_motion=warp))
    assert packed['data_samples'].detections is detections
    assert packed['data_samples'].camera_motion is warp


def test_meta_keys_can_be_chosen():
    sample = PackFrameInputs(meta_keys=('img_id',))(dict(img_id=3, frame_id=0))['data_samples']
    assert sample.metainfo == dict(img_id=3)
