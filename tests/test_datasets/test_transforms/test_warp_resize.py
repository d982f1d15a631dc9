"""Pixel x becomes pixel s * x, and the detector's boxes find their way back."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mmtrack_ext.datasets.transforms import PackFrameInputs, RandomWarp, WarpResize  # isort: skip
from mmdet.structures.bbox import HorizontalBoxes


def ramp(width, height):
    """Each column ten brighter than the one to its left."""
    return np.tile(10 * np.arange(width, dtype=np.uint8)[None, :, None], (height, 1, 3))


def resized(image, scale, **options):
    return WarpResize(scale, **options)(dict(img=image, ori_shape=image.shape[:2]))


def test_pixel_x_becomes_pixel_twice_x():
    """mmdet's Resize would make column 2 of it 7.5 instead of 10."""
    results = resized(ramp(8, 6), (16, 6))
    row = results['img'][3, :, 0]
    assert row[:15].tolist() == [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70]
    assert results['img_shape'] == (6, 16)
    assert results['scale_factor'] == (2.0, 1.0)


def test_equals_a_direct_call():
    image = np.random.default_rng(0).integers(0, 256, (90, 160, 3), np.uint8)
    matrix = np.array([[64 / 160, 0, 0], [0, 64 / 90, 0], [0, 0, 1]])
    expected = cv2.warpPerspective(image, matrix, (64, 64))
    np.testing.assert_array_equal(resized(image, (64, 64))['img'], expected)
    warped = RandomWarp((64, 64))(dict(img=image))
    np.testing.assert_array_equal(warped['img'], expected)
    half = cv2.resize(image, (64, 64))
    assert abs(half.astype(int) - expected).mean() > 10  # the two are not to be mixed up


@pytest.mark.parametrize(
    ('size', 'scale', 'expected'),
    [
        ((1920, 1080), (416, 416), (416, 234)),
        ((640, 427), (320, 320), (320, 213)),  # 213.5
        ((427, 640), (320, 320), (213, 320)),
        ((500, 375), (416, 416), (416, 312)),
        ((100, 100), (320, 192), (192, 192)),
        ((2000, 2), (320, 320), (320, 1)),
    ],
)
def test_size_with_the_ratio_kept(size, scale, expected):
    width, height = size
    results = resized(np.zeros((height, width, 3), np.uint8), scale, keep_ratio=True)
    assert results['img'].shape == (expected[1], expected[0], 3)
    assert results['scale_factor'] == (expected[0] / width, expected[1] / height)


def test_boxes_follow_and_come_back():
    item = dict(img=ramp(20, 10), ori_shape=(10, 20), img_id=1)
    item['gt_bboxes'] = HorizontalBoxes(np.array([[2, 1, 12, 9], [-3, 0, 50, 10]], np.float32))
    item['gt_bboxes_labels'] = np.array([0, 0])
    item['gt_ignore_flags'] = np.array([False, False])
    results = WarpResize((40, 15))(item)
    sample = PackFrameInputs()(results)['data_samples']
    assert sample.img_shape == (15, 40)
    assert sample.ori_shape == (10, 20)
    boxes = sample.gt_instances.bboxes
    boxes = getattr(boxes, 'tensor', boxes).numpy()
    np.testing.assert_allclose(boxes, [[4, 1.5, 24, 13.5], [0, 0, 40, 15]])
    back = boxes / (2 * sample.scale_factor)
    np.testing.assert_allclose(back, [[2, 1, 12, 9], [0, 0, 20, 10]])


def test_wrong_scale():
    with pytest.raises(ValueError, match=r"'scale' parameter of WarpResize .* Got 416"):
        WarpResize(416)
