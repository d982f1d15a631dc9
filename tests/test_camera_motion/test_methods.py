"""Known motions of a textured world, found again."""

from __future__ import annotations

import hashlib
import itertools
import subprocess
import sys

import cv2
import numpy as np
import pytest

from mmtrack_ext.camera_motion import ECC, SparseOpticalFlow

HALF = (240, 160)  # the middle of the image, 480 x 320
CORNERS = np.array([[0, 0], [480, 0], [0, 320], [480, 320]])


def similarity(degrees=0.0, zoom=1.0, shift=(0, 0)):
    """About the middle of the image, then a shift."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = zoom * np.array([[cosine, -sine], [sine, cosine]])
    return np.column_stack([matrix, np.add(shift, HALF) - matrix @ HALF])


def gray(image):
    return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)


def error(warp, truth):
    """Pixels between where the two put a corner of the image, at most."""
    points = np.column_stack([CORNERS, np.ones(4)])
    return np.linalg.norm(points @ warp.T - points @ truth.T, axis=1).max()


MOTIONS = {
    'none': similarity(),
    'right': similarity(shift=(9, 0)),
    'up, between pixels': similarity(shift=(0.5, -6.3)),
    'far': similarity(shift=(-70, 30)),
    'turn': similarity(degrees=2),
    'turn back and shift': similarity(degrees=-1, shift=(12, 5)),
    'zoom in': similarity(zoom=1.05),
    'zoom out': similarity(zoom=0.97, shift=(-4, 8)),
}
METHODS = {
    'sparse flow': SparseOpticalFlow(),
    'ecc': ECC(),
    'ecc affine': ECC(motion='affine'),
}


CASES = [(name, motion) for name in METHODS for motion in MOTIONS]
CASES = [case for case in CASES if case[0] != 'ecc' or 'zoom' not in case[1]]  # it knows no zoom


@pytest.mark.parametrize(('name', 'motion'), CASES)
def test_known_motions_are_found(world, look, still, name, motion):
    images = gray(look(world, still)), gray(look(world, MOTIONS[motion]))
    # In a quarter of the image's size; half a pixel is an eighth of a pixel there.
    assert error(METHODS[name].warp(*images), MOTIONS[motion]) < 0.5


@pytest.mark.parametrize('name', METHODS)
def test_the_whole_image_is_no_worse(world, look, still, name):
    method = type(METHODS[name])(**{**vars(METHODS[name]), 'scale': 1})
    truth = similarity(degrees=0.5, shift=(3, -2))
    assert error(method.warp(gray(look(world, still)), gray(look(world, truth))), truth) < 0.1


def test_people_who_walk_are_outvoted(world, look, still):
    truth = similarity(shift=(8, 0))
    images = look(world, still), look(world, truth)
    for number, image in enumerate(images):  # a fifth of the picture goes the other way
        patch = look(world, similarity(shift=(-150, -90)))[40:280, 20:150]
        left = 200 - 12 * number
        image[40:280, left : left + 130] = patch
    assert error(SparseOpticalFlow().warp(*map(gray, images)), truth) < 0.5


@pytest.mark.parametrize('name', METHODS)
def test_nothing_is_found_in_images_of_different_things(world, other_world, look, still, name):
    images = gray(look(world, still)), gray(look(other_world, still))
    flat = np.full_like(images[0], 90)
    for pair in (images, (flat, flat), (images[0], flat), (flat, images[0])):
        np.testing.assert_array_equal(METHODS[name].warp(*pair), np.eye(2, 3))


@pytest.mark.parametrize(
    ('method', 'name', 'value'),
    [
        (SparseOpticalFlow, 'max_points', 3),
        (SparseOpticalFlow, 'quality', 0),
        (SparseOpticalFlow, 'min_distance', -1),
        (SparseOpticalFlow, 'window', 2),
        (SparseOpticalFlow, 'max_residual', 0),
        (SparseOpticalFlow, 'min_inlier_ratio', 1.5),
        (ECC, 'motion', 'homography'),
        (ECC, 'max_iterations', 0),
        (ECC, 'min_increment', 0),
        (ECC, 'min_correlation', 2),
    ],
)
def test_arguments_are_checked(method, name, value):
    with pytest.raises(
        ValueError, match=rf"'{name}' parameter of {method.__name__} .*Got {value!r}"
    ):
        method(**{name: value})


def fingerprint():
    """Of warps between views of a world that needs no file; another process makes the same."""
    rng = np.random.default_rng(5)
    noise = rng.integers(0, 256, (40, 60), dtype=np.uint8)
    image = cv2.resize(noise, (600, 400), interpolation=cv2.INTER_CUBIC)
    views = [
        image[y : y + 360, x : x + 560].copy() for x, y in ((0, 0), (9, 4), (30, 22), (17, 40))
    ]
    for number, picture in enumerate(views):  # something that many corners disagree about
        picture[100:300, 50 + 17 * number : 250 + 17 * number] = views[0][60:260, 300:500]
    code = hashlib.sha256()
    for method in METHODS.values():
        for previous, current in itertools.pairwise(views):
            code.update(method.warp(previous, current).tobytes())
    return code.hexdigest()


def test_same_images_same_warps_bit_for_bit(root):
    """Again, with another seed of cv2, with one thread and two, and in another process."""
    expected = fingerprint()
    threads = cv2.getNumThreads()
    try:
        for number in (1, 2):
            cv2.setNumThreads(number)
            cv2.setRNGSeed(number)
            assert fingerprint() == expected
    finally:
        cv2.setNumThreads(threads)
    program = (
        'import runpy, sys\n'
        f'sys.path.insert(0, {str(root)!r})\n'
        f"print(runpy.run_path({str(__file__)!r})['fingerprint']())\n"
    )
    finished = subprocess.run(
        [sys.executable, '-c', program], capture_output=True, text=True, check=False
    )
    assert finished.stdout.strip() == expected, finished.stderr
