"""Text on a filled background that stays inside the image."""

from __future__ import annotations

import functools

import cv2
import numpy as np

from mmtrack_ext.visualization.colors import Color, text_color_on

FONT = cv2.FONT_HERSHEY_SIMPLEX
MIN_DIGIT_HEIGHT = 8  # pixels; below, digits run together (looked at, at 480 x 360)


def draw_label(image: np.ndarray, text: str, corner: tuple[int, int], color: Color) -> None:
    """Write ``text`` on ``image`` with its lower left end at ``corner``, above a box.

    Where there is no room above, the label goes below the corner; where it would leave the image,
    it is moved inside. Of a label larger than the image, what fits is drawn.

    Args:
        image: (H, W, 3) BGR uint8, changed.
        text: one line.
        corner: x and y, in pixels.
        color: of the background; the text is black or white.
    """
    height, width = image.shape[:2]
    scale, pad = font_scale(image), 2
    stroke = max(1, round(scale))
    (text_width, text_height), baseline = cv2.getTextSize(text, FONT, scale, stroke)
    label_width, label_height = text_width + 2 * pad, text_height + baseline + 2 * pad
    x, y = corner
    top = y - label_height if y >= label_height else y
    left = max(0, min(x, width - label_width))
    top = max(0, min(top, height - label_height))
    image[top : top + label_height, left : left + label_width] = color
    origin = (left + pad, top + pad + text_height)
    cv2.putText(image, text, origin, FONT, scale, text_color_on(color), stroke, cv2.LINE_AA)


def font_scale(image: np.ndarray) -> float:
    """The scale at which digits are a sixtieth of the image's shorter side high, or 8 pixels."""
    return max(MIN_DIGIT_HEIGHT, min(image.shape[:2]) / 60) / _digit_height()


@functools.cache
def _digit_height() -> int:
    """Pixels at scale 1, looked at: 22 in OpenCV 5, whose ``getTextSize`` says 27."""
    canvas = np.zeros((60, 60), np.uint8)
    cv2.putText(canvas, '0', (5, 50), FONT, 1.0, 255)
    return int(np.count_nonzero(canvas.any(axis=1)))
