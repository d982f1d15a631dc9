"""Colours whose similarity can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mmtrack_ext.models.reid import ColorHistogram

RED, BLUE, GREEN, WHITE = (0, 0, 255), (255, 0, 0), (0, 255, 0), (255, 255, 255)  # BGR
BOX = [0, 0, 24, 48]  # of the default size, so that nothing is mixed by stretching


def image(*halves):
    """(48, 24 n, 3), side by side boxes; a half is a colour from top to bottom, or two of them."""
    frame = np.zeros((48, 24 * len(halves), 3), np.uint8)
    for number, colors in enumerate(halves):
        upper, lower = colors if isinstance(colors[0], tuple) else (colors, colors)
        frame[:24, 24 * number : 24 * (number + 1)] = upper
        frame[24:, 24 * number : 24 * (number + 1)] = lower
    return frame


def distances(*halves, **options):
    """(n, n) cosine distances of the boxes."""
    boxes = np.array([[24 * n, 0, 24 * n + 24, 48] for n in range(len(halves))])
    embeddings = ColorHistogram(**options)(image(*halves), boxes)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, rtol=1e-6)
    return 1 - embeddings @ embeddings.T


def test_red_is_as_far_from_blue_as_can_be_and_equal_to_red():
    expected = [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    np.testing.assert_allclose(distances(RED, BLUE, RED), expected, atol=1e-6)


def test_stripes_see_which_half_is_red():
    upright, upside_down = (RED, BLUE), (BLUE, RED)
    assert distances(upright, upside_down, num_stripes=2)[0, 1] == pytest.approx(1)
    assert distances(upright, upside_down, num_stripes=1)[0, 1] == pytest.approx(0, abs=1e-6)
    assert distances(upright, RED, num_stripes=2)[0, 1] == pytest.approx(0.5)


def test_the_cosine_is_the_bhattacharyya_coefficient():
    # In one stripe: half red, half blue against red alone has the sum sqrt(1/2 * 1).
    assert distances((RED, BLUE), RED, num_stripes=1)[0, 1] == pytest.approx(1 - np.sqrt(0.5))
    # A quarter green: sqrt(3/4 * 1).
    frame = image(RED, RED)
    frame[:12, :24] = GREEN
    first, second = ColorHistogram(num_stripes=1)(frame, np.array([BOX, [24, 0, 48, 48]]))
    assert first @ second == pytest.approx(np.sqrt(0.75))


def test_reds_on_both_sides_of_zero_hue_are_one_colour():
    # A trace of green or of blue turns the hue to 2 or to 253 of 256.
    assert distances((0, 10, 255), (10, 0, 255))[0, 1] == pytest.approx(0, abs=1e-6)
    assert distances((0, 10, 255), GREEN)[0, 1] == pytest.approx(1)


def test_bins_are_hue_saturation_and_value():
    crop = image(BLUE)
    embedder = ColorHistogram(num_stripes=3, bins=(8, 4, 2))
    (embedding,) = embedder(crop, np.array([BOX]))
    assert embedder.num_channels == len(embedding) == 3 * 8 * 4 * 2
    # Blue: hue 240 of 360 degrees = 5.33 of 8 bins, which start half a bin before red: 5; the last
    # saturation and value. Each stripe has all of its pixels there, each third of the length.
    cell = (5 * 4 + 3) * 2 + 1
    assert np.flatnonzero(embedding).tolist() == [cell, 64 + cell, 128 + cell]
    assert embedding[cell] == pytest.approx(np.sqrt(1 / 3))
    (embedding,) = embedder(image(WHITE), np.array([BOX]))
    assert np.flatnonzero(embedding).tolist() == [1, 65, 129]  # no hue, no saturation, bright


def test_many_boxes_are_as_one_by_one():
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 256, (120, 160, 3), dtype=np.uint8)
    corners = rng.uniform(0, 100, (70, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(5, 60, (70, 2))], axis=1)
    embedder = ColorHistogram()  # 70 boxes are three batches
    singly = np.concatenate([embedder(frame, box[None]) for box in boxes])
    np.testing.assert_array_equal(embedder(frame, boxes), singly)
    assert len(np.unique(singly, axis=0)) == 70


def test_nothing_to_see_is_the_zero_vector():
    boxes = np.array([[30.0, 5, 40, 9], BOX, [3, 3, 3, 9]])
    embeddings = ColorHistogram()(image(RED), boxes)
    assert np.linalg.norm(embeddings, axis=1).tolist() == pytest.approx([0, 1, 0])
    # A black box is seen, and is no other colour.
    assert np.linalg.norm(ColorHistogram()(np.zeros((48, 24, 3), np.uint8), boxes[1:2])) == 1
    assert ColorHistogram()(image(RED), np.empty((0, 4))).shape == (0, 6 * 8 * 4 * 4)


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        (dict(num_stripes=0), "'num_stripes' parameter of ColorHistogram must be a whole number"),
        (dict(num_stripes=49), '48 stripes'),
        (dict(bins=(8, 4)), "'bins' parameter of ColorHistogram must be 3 whole numbers above 0"),
        (dict(bins=(257, 1, 1)), 'up to 256 bins'),
        (dict(size=(48.5, 24)), "'size' parameter"),
    ],
)
def test_wrong_parameters_are_refused(options, words):
    with pytest.raises(ValueError, match=words.replace('(', r'\(')):
        ColorHistogram(**options)


def test_wrong_frames_are_refused():
    with pytest.raises(ValueError, match=r'\(H, W, 3\) uint8. Got \(3, 48, 24\)'):
        ColorHistogram()(image(RED).transpose(2, 0, 1), np.array([BOX]))
    with pytest.raises(ValueError, match='float32'):
        ColorHistogram()(image(RED).astype(np.float32), np.array([BOX]))
