from __future__ import annotations

import itertools
import math
import subprocess
import sys

import cv2
import numpy as np
import pytest

from mmtrack_ext.visualization.colors import color_of, luminance, mix, text_color_on

IDS = range(600)


def lab(colors):
    """(N, 3) CIE Lab of BGR colours, by OpenCV."""
    return cv2.cvtColor(np.float32([colors]) / 255, cv2.COLOR_BGR2Lab)[0]


def contrast(color, other):
    lighter, darker = sorted([luminance(color), luminance(other)], reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_hues_walk_by_the_golden_ratio():
    assert color_of(0) == (0, 0, 255)  # hue 0: red
    # Id 1: hue .618 lies between cyan (3/6) and blue (4/6), at .708 of the way; saturation .5
    # halves the distance to white: green = 255 (1 - .5 * .708) = 165, red = 127.5.
    assert color_of(1) == (255, 165, 128)
    # Id 2: hue 2 * .618 - 1 = .236, between yellow (1/6) and green (2/6), at .416 of the way, so
    # red = .7 * 255 * (1 - .416) = 104, green = .7 * 255 = 178.5.
    assert color_of(2) == (0, 178, 104)


def test_neighbours_are_far_apart():
    colors = lab([color_of(i) for i in IDS])
    for gap, least in ((1, 70), (2, 22), (5, 15), (12, 14)):
        for i in IDS[:-gap]:
            assert math.dist(colors[i], colors[i + gap]) > least
    for gap, i in itertools.product(range(1, 13), IDS[:-13]):
        assert math.dist(colors[i], colors[i + gap]) > 14  # 2.3 can just be told apart


def test_the_same_in_every_process_and_for_every_integer():
    program = (
        'from mmtrack_ext.visualization.colors import color_of\n'
        'print([color_of(i) for i in range(9)])'
    )
    finished = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True)
    assert finished.stdout.strip() == str([color_of(i) for i in range(9)]), finished.stderr
    assert color_of(np.int64(7)) == color_of(7)
    assert all(0 <= value <= 255 for value in color_of(10**15))


def test_text_can_be_read_on_every_colour():
    for track_id in IDS:
        color = color_of(track_id)
        chosen = text_color_on(color)
        other = tuple(255 - value for value in chosen)
        assert contrast(color, chosen) >= contrast(color, other)
        assert contrast(color, chosen) > 4.5  # WCAG 2.1, level AA


def test_luminance_of_the_primaries():
    """WCAG 2.1: .2126 R + .7152 G + .0722 B of linear light."""
    assert luminance((255, 0, 0)) == pytest.approx(0.0722)
    assert luminance((0, 255, 0)) == pytest.approx(0.7152)
    assert luminance((0, 0, 255)) == pytest.approx(0.2126)
    assert luminance((128, 128, 128)) == pytest.approx(0.2159, abs=1e-4)
    assert text_color_on((0, 255, 255)) == (0, 0, 0)  # yellow
    assert text_color_on((255, 0, 0)) == (255, 255, 255)  # blue


def test_mix():
    assert mix((200, 100, 0), (0, 0, 40), 0.25) == (50, 25, 30)
