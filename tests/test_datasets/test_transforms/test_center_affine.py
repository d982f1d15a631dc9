"""The warp of one frame and of pairs, by hand and against a recorded image."""

from __future__ import annotations

import numpy as np
import pytest

from mmtrack_ext.datasets.transforms import CenterResize, PairedCenterAffine
from mmtrack_ext.datasets.transforms.center_affine import _draw_middle
from mmtrack_ext.structures import to_numpy
from mmtrack_ext.structures.center_warp import warp_boxes, warp_points
from mmtrack_ext.structures.heatmaps import draw_prior_heatmap

SIZE = WIDTH, HEIGHT = 100, 60


class Draws:
    """In place of NumPy's state: what each call is to give."""

    def __init__(self, *, ratio=1.0, middles=(50, 30), normals=(), uniforms=()):
        self.ratio, self.middles = ratio, list(middles)
        self.normals, self.uniforms = list(normals), list(uniforms)
        self.ranges = []

    def choice(self, values):
        assert values == (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3)
        return self.ratio

    def randint(self, low, high):
        self.ranges.append((low, high))
        return self.middles.pop(0)

    def standard_normal(self):
        return self.normals.pop(0) if self.normals else 0.0

    def random_sample(self):
        return self.uniforms.pop(0) if self.uniforms else 0.999


def item(x=60, *boxes, frame_id=0):
    """A black image with one white pixel at (x, 35)."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[35, x] = 255
    boxes = np.array(boxes, np.float32).reshape(-1, 4)
    return dict(img=image, img_shape=(HEIGHT, WIDTH), gt_bboxes=boxes, frame_id=frame_id)


def pair(first, second):
    return {name: [first[name], second[name]] for name in first}


def white(image):
    """x, y of the white pixel."""
    (y,), (x,) = np.nonzero(image[..., 0] == 255)
    return x, y


def test_resize_equals_the_recorded_warp(root):
    recorded = np.load(root / 'tests' / 'data' / 'jointtracknet' / 'decode.npz')
    frame = CenterResize((192, 128), mode='width')(dict(img=recorded['image']))
    np.testing.assert_allclose(frame['warp_matrix'], recorded['trans_input'], atol=1e-9)
    difference = frame['img'].astype(int) - recorded['warped']
    assert np.abs(difference).max() <= 2
    assert frame['img_shape'] == (128, 192)
    boxes = warp_boxes(recorded['prior_boxes'], frame['warp_matrix'])
    heatmap = draw_prior_heatmap(boxes[recorded['prior_scores'] >= 0.5], (128, 192))
    np.testing.assert_allclose(heatmap, recorded['prior_hm'], atol=1e-6)


def test_resize_takes_boxes_along_and_leaves_bars_black():
    """From 100 x 60 to 200 x 130: twice as large, 5 pixels of bars."""
    frame = item(60, [10, 20, 30, 40], [-10, 50, 5, 80])
    frame['img'][:] = 255
    frame = CenterResize((200, 130))(frame)
    expected = [[20, 45, 60, 85], [-20, 105, 10, 165]]  # not clipped
    np.testing.assert_allclose(to_numpy(frame['gt_bboxes']), expected)
    assert frame['img'][:4].max() == frame['img'][-4:].max() == 0
    assert frame['img'][6:-6, :-1].min() == 255  # the last column is half outside


def test_pair_without_draws_is_resized():
    step = PairedCenterAffine((200, 130), rng=Draws())
    warped = step(pair(item(60, [10, 20, 30, 40]), item(61, frame_id=1)))
    alone = CenterResize((200, 130))(item(60, [10, 20, 30, 40]))
    np.testing.assert_array_equal(warped['img'][0], alone['img'])
    np.testing.assert_array_equal(warped['warp_matrix'][1], alone['warp_matrix'])
    np.testing.assert_array_equal(to_numpy(warped['gt_bboxes'][0]), to_numpy(alone['gt_bboxes']))
    assert [white(image)[0] for image in warped['img']] == [120, 122]


def test_crop_shows_its_middle_in_the_middle_in_both_frames():
    """A crop 50 pixels wide around (60, 35), shown 200 wide: one pixel becomes four."""
    draws = Draws(ratio=0.5, middles=(60, 35))
    step = PairedCenterAffine((200, 120), random_crop=True, rng=draws)
    warped = step(pair(item(60, [60, 35, 110, 80]), item(58, frame_id=2)))
    assert white(warped['img'][0]) == (100, 60)
    assert white(warped['img'][1]) == (92, 60)
    np.testing.assert_allclose(to_numpy(warped['gt_bboxes'][0]), [[100, 60, 300, 240]])
    assert draws.ranges == [(32, 68), (16, 44)]  # 128, halved until something is left between


def test_border_of_crops():
    draws = Draws(middles=[300, 200, 1, 0])
    assert [_draw_middle(side, draws) for side in (1920, 256, 2, 1)] == [300, 200, 1, 0]
    assert draws.ranges == [(128, 1792), (64, 192), (0, 2), (0, 1)]


def test_flip_is_joint_and_follows_the_pixel():
    step = PairedCenterAffine(SIZE, rng=Draws(uniforms=[0.999, 0.49]))
    warped = step(pair(item(60, [60, 35, 61, 36]), item(40, frame_id=1)))
    assert white(warped['img'][0]) == (39, 35)
    assert white(warped['img'][1]) == (59, 35)
    # As the original has it: 100 - 1 - 60 - 1, one pixel further left than that of the pixel.
    np.testing.assert_allclose(to_numpy(warped['gt_bboxes'][0]), [[38, 35, 39, 36]])
    assert warp_points([60, 35], warped['warp_matrix'][0]).tolist() == [39, 35]


def test_shift_and_scale_of_the_key_frame():
    """0.1 of 100 pixels to the right, cut at 0.2 downwards; scale 1 - 0.25, cut from 0.5."""
    draws = Draws(normals=[1, 9, -2])
    step = PairedCenterAffine(SIZE, random_crop=False, shift=0.1, scale_noise=0.25, rng=draws)
    matrices = step.draw_matrices(SIZE, is_still=False)
    expected = [[1 / 0.75, 0, 50 - 60 / 0.75], [0, 1 / 0.75, 30 - 50 / 0.75]]
    np.testing.assert_allclose(matrices[0], expected, atol=1e-12)
    np.testing.assert_array_equal(*matrices)


def test_static_image_gets_its_motion_from_a_second_warp():
    """The reference frame is moved by 0.05 of the 50 pixels of the crop: 2.5, shown as 5."""
    draws = Draws(ratio=0.5, normals=[1, 0, 0])
    step = PairedCenterAffine(SIZE, shift=0.05, scale_noise=0.05, rng=draws)
    box = [50, 30, 60, 40]
    warped = step(pair(item(60, box), item(60, box)))
    np.testing.assert_allclose(to_numpy(warped['gt_bboxes'][0]), [[50, 30, 70, 50]])
    np.testing.assert_allclose(to_numpy(warped['gt_bboxes'][1]), [[45, 30, 65, 50]], rtol=1e-6)


@pytest.mark.parametrize('same_warp', [True, False])
def test_frames_of_a_video_have_one_warp_if_asked(same_warp):
    rng = np.random.RandomState(3)
    step = PairedCenterAffine(SIZE, shift=0.05, scale_noise=0.05, same_warp=same_warp, rng=rng)
    moving = step.draw_matrices(SIZE, is_still=False)
    assert (np.abs(moving[0] - moving[1]).max() == 0) == same_warp
    first, second = step.draw_matrices(SIZE, is_still=True)
    assert np.abs(first - second).max() > 0.1


def test_rotation_turns_both_frames():
    draws = Draws(uniforms=[0.1], normals=[3.0])  # 3 deviations, cut at 2: 30 degrees
    step = PairedCenterAffine(SIZE, rotate_prob=0.2, rotate=15, rng=draws)
    for matrix in step.draw_matrices(SIZE, is_still=False):
        np.testing.assert_allclose(matrix[0, :2], [np.cos(np.pi / 6), 0.5])


def test_two_corners_are_for_the_reference_frame_alone():
    """A quarter turn of a box around the middle, 20 wide and 10 high, gives one of 10 x 20."""
    boxes = ([40, 25, 60, 35],)
    frames = pair(item(60, *boxes), item(60, *boxes, frame_id=1))
    found = []
    for corners in (4, 2):
        draws = Draws(uniforms=[0.0], normals=[1.0])
        step = PairedCenterAffine(
            SIZE, rotate_prob=1, rotate=90, reference_corners=corners, rng=draws
        )
        found.append([to_numpy(boxes)[0] for boxes in step(dict(frames))['gt_bboxes']])
    np.testing.assert_allclose(found[0], [[45, 20, 55, 40]] * 2, atol=1e-5)
    np.testing.assert_allclose(found[1], [[45, 20, 55, 40], [45, 40, 55, 20]], atol=1e-5)


def test_draws_are_the_workers():
    state = np.random.get_state()  # noqa: NPY002
    try:
        drawn = []
        for seed in (1, 1, 2):
            np.random.seed(seed)  # noqa: NPY002  # what mmengine does in a worker
            step = PairedCenterAffine()
            drawn.append([step.draw_matrices((1920, 1080), is_still=False)[0] for _ in range(2)])
    finally:
        np.random.set_state(state)  # noqa: NPY002
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])
    assert not np.array_equal(drawn[0][0], drawn[0][1])


@pytest.mark.parametrize(
    ('arguments', 'complaint'),
    [
        (dict(mode='cover'), "'mode' parameter of PairedCenterAffine must be one of 'contain'"),
        (dict(scale=(960,)), r"'scale' parameter of PairedCenterAffine must be \(width, height\)"),
        (dict(reference_corners=3), "'reference_corners' parameter .* must be 2 or 4. Got 3"),
    ],
)
def test_arguments_are_checked(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        PairedCenterAffine(**arguments)
