"""Frames: actors and obstacles pasted from far to near, then light, blur and noise."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from mmtrack_ext.association.arrays import FloatArray, IntArray
from mmtrack_ext.datasets.synthetic.pen import OPAQUE, Image, Sprite

SHUTTER = 0.5  # share of the frame time for which the shutter is open: the film maker's 180 degrees
NOISE = 3.0  # standard deviation of the sensor noise in grey levels


@dataclass(frozen=True, eq=False)
class Placement:
    """A sprite on the image.

    Attributes:
        sprite: what to show.
        x, y: image point where its anchor lies.
        unit: length of its unit in pixels.
        mirrored: left and right exchanged.
        motion: own horizontal movement in pixels by frame, for blur.
    """

    sprite: Sprite
    x: float
    y: float
    unit: float
    mirrored: bool = False
    motion: float = 0.0

    @property
    def scale(self) -> float:
        """Image pixels by sprite pixel."""
        return self.unit / self.sprite.pixels

    @property
    def flip(self) -> int:
        """Direction of the sprite's x axis on the image."""
        return -1 if self.mirrored else 1

    @property
    def box(self) -> FloatArray:
        """``x1, y1, x2, y2`` of its opaque pixels, wherever the image ends."""
        x1, y1, x2, y2 = self.unit * self.sprite.extent
        if self.mirrored:
            x1, x2 = -x2, -x1
        return np.array([self.x + x1, self.y + y1, self.x + x2, self.y + y2])


class Canvas:
    """An image that sprites are pasted on, and whose sprite is seen at each pixel.

    Args:
        background: (H, W, 3) uint8 BGR; drawn on.
    """

    def __init__(self, background: Image) -> None:
        self.image = background
        self.owners = np.zeros(background.shape[:2], np.uint16)  # number + 1
        self.areas: list[int] = []

    def paste(self, placement: Placement) -> None:
        """Put a sprite in front of all before; it gets the next number, 0, 1, 2, ..."""
        self.areas.append(1)
        left, top, right, bottom = _bounds(placement)
        height, width = self.owners.shape
        rows = slice(max(0, top), min(height, bottom))
        columns = slice(max(0, left), min(width, right))
        if rows.stop <= rows.start or columns.stop <= columns.start:
            return
        patch = _warp(placement, (left, top, right, bottom))
        opaque = cv2.compare(cv2.extractChannel(patch, 3), OPAQUE, cv2.CMP_GT)
        self.areas[-1] = max(1, cv2.countNonZero(opaque))
        inner = (
            slice(rows.start - top, rows.stop - top),
            slice(columns.start - left, columns.stop - left),
        )
        np.copyto(self.owners[rows, columns], len(self.areas), where=opaque[inner].view(np.bool_))
        _blend(self.image[rows, columns], _blurred(patch, placement.motion)[inner])

    def visibilities(self) -> FloatArray:
        """(N,) share of each sprite's opaque pixels that are in the image and not hidden."""
        count = len(self.areas)
        seen = cv2.calcHist([self.owners], [0], None, [count + 1], [0, count + 1])
        seen = np.ravel(seen)[1:]  # without the background; one column in cv2 4, none in 5
        return np.asarray(seen / np.array(self.areas), np.float64)


def _bounds(placement: Placement) -> tuple[int, int, int, int]:
    """``left, top, right, bottom`` in whole pixels around the sprite with its soft edges."""
    height, width = placement.sprite.image.shape[:2]
    anchor_x, anchor_y = placement.sprite.anchor
    scale, flip = placement.scale, placement.flip
    ends = sorted(placement.x + flip * scale * (end - anchor_x) for end in (0, width))
    top = placement.y - scale * anchor_y
    blur = _blur_length(placement.motion) // 2
    return (
        math.floor(ends[0]) - blur,
        math.floor(top),
        math.ceil(ends[1]) + 1 + blur,
        math.ceil(top + scale * height) + 1,
    )


def _warp(placement: Placement, bounds: tuple[int, int, int, int]) -> Image:
    """The sprite as large as on the image."""
    left, top, right, bottom = bounds
    anchor_x, anchor_y = placement.sprite.anchor
    scale, flip = placement.scale, placement.flip
    # cv2 counts from the centre of a pixel, half a pixel from its edge.
    warp = np.array(
        [
            [flip * scale, 0, placement.x - left + flip * scale * (0.5 - anchor_x) - 0.5],
            [0, scale, placement.y - top + scale * (0.5 - anchor_y) - 0.5],
        ]
    )
    size = (right - left, bottom - top)
    return np.asarray(cv2.warpAffine(placement.sprite.image, warp, size, flags=cv2.INTER_LINEAR))


def _blurred(image: Image, motion: float) -> Image:
    length = _blur_length(motion)
    return image if length < 3 else np.asarray(cv2.blur(image, (length, 1)))


def _blur_length(motion: float) -> int:
    """The odd number of pixels nearest to what passes while the shutter is open."""
    return 2 * round((SHUTTER * abs(motion) - 1) / 2) + 1 if SHUTTER * abs(motion) > 1 else 1


def _blend(image: Image, patch: Image) -> None:
    """In place: the patch, whose colours are multiplied by alpha, over the image."""
    rest = cv2.cvtColor(cv2.bitwise_not(cv2.extractChannel(patch, 3)), cv2.COLOR_GRAY2BGR)
    below = cv2.multiply(image, rest, scale=1 / 255)
    image[:] = cv2.add(below, cv2.cvtColor(patch, cv2.COLOR_BGRA2BGR))


def expose(
    image: Image, *, exposure: float, warmth: float, motion: float, noise: IntArray
) -> Image:
    """What the camera makes of the light.

    Args:
        image: (H, W, 3) uint8 BGR.
        exposure: brightness, 1 = as drawn.
        warmth: share by which red gains and blue loses.
        motion: horizontal movement of the camera in pixels by frame.
        noise: (H, W, 3) int16 to add.
    """
    gains = np.diag(exposure * np.array([1 - warmth, 1, 1 + warmth]))
    return np.asarray(
        cv2.add(cv2.transform(_blurred(image, motion), gains), noise, dtype=cv2.CV_8U)
    )
