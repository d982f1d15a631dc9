"""Drawing figures: a picture of labels becomes a sprite with colours, textures and transparency."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from mmtrack_ext.association.arrays import FloatArray

Image: TypeAlias = NDArray[np.uint8]
Point: TypeAlias = tuple[float, float]
Color: TypeAlias = tuple[int, int, int]

OPAQUE = 127  # a pixel belongs to the object if it covers more than half of it
SHADOW_ALPHA = 90  # below OPAQUE, so that a shadow on the ground is never part of the object
SUPERSAMPLING = 2  # label pixels by sprite pixel, each way: smooth edges
MARGIN = 0.06  # room below the ground and above the top for shadow and soft edges, in units

SHADOW = 1  # label of shadows; 0 is transparent
_SHIFT = 4  # fractional bits of the coordinates given to cv2


@dataclass(frozen=True, eq=False)
class Sprite:
    """A picture of an object that stands on the ground.

    Attributes:
        image: (h, w, 4) uint8 BGRA, colours multiplied by alpha.
        anchor: the point that touches the ground, in pixels from the upper left corner.
        pixels: sprite pixels by unit; one unit is the nominal height of the object.
    """

    image: Image
    anchor: Point
    pixels: float

    @cached_property
    def extent(self) -> FloatArray:
        """``x1, y1, x2, y2`` of the opaque pixels from the anchor, in units; y points down."""
        opaque = self.image[..., 3] > OPAQUE
        columns, rows = opaque.any(axis=0).nonzero()[0], opaque.any(axis=1).nonzero()[0]
        corners = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float64)
        return (corners - np.tile(self.anchor, 2)) / self.pixels


class Pen:
    """Draws labelled shapes in units: x to the right, y up, (0, 0) where the object stands.

    Args:
        width: of the picture in units, centred on x = 0.
        height: of the picture above the ground in units.
        pixels: sprite pixels by unit.
    """

    def __init__(self, width: float, height: float, pixels: float) -> None:
        self.width, self.pixels = width, pixels
        self.top = height + MARGIN
        shape = (math.ceil(pixels * (self.top + MARGIN)), math.ceil(pixels * width))
        self.labels: Image = np.zeros([SUPERSAMPLING * side for side in shape], np.uint8)

    def limb(self, points: Sequence[Point], thickness: float, label: int) -> None:
        """A chain of thick lines with round ends."""
        corners = [self._place(point) for point in points]
        width = max(1, round(thickness * self.pixels * SUPERSAMPLING))
        for start, stop in itertools.pairwise(corners):
            cv2.line(self.labels, start, stop, label, width, cv2.LINE_8, _SHIFT)

    def polygon(self, points: Sequence[Point], label: int) -> None:
        """A filled polygon."""
        corners = np.array([self._place(point) for point in points], np.int32)
        cv2.fillPoly(self.labels, [corners], label, cv2.LINE_8, _SHIFT)

    def blob(self, center: Point, radii: Point, label: int, *, angle: float = 0) -> None:
        """A filled ellipse, turned by ``angle`` degrees clockwise."""
        scale = self.pixels * SUPERSAMPLING * (1 << _SHIFT)
        axes = (round(radii[0] * scale), round(radii[1] * scale))
        place = self._place(center)
        cv2.ellipse(self.labels, place, axes, angle, 0, 360, label, -1, cv2.LINE_8, _SHIFT)

    def ring(self, center: Point, radius: float, thickness: float, label: int) -> None:
        """A circle."""
        scale = self.pixels * SUPERSAMPLING
        width = max(1, round(thickness * scale))
        size = round(radius * scale * (1 << _SHIFT))
        cv2.circle(self.labels, self._place(center), size, label, width, cv2.LINE_8, _SHIFT)

    def shadow(self, center: float, radius: float) -> None:
        """A flat dark patch on the ground."""
        self.blob((center, 0), (radius, 0.025), SHADOW)

    def sprite(
        self, palette: Mapping[int, Color], textures: Mapping[int, Image] | None = None
    ) -> Sprite:
        """Colour what was drawn.

        Args:
            palette: BGR colour of each label.
            textures: pictures that replace the colour of a label; stretched over the sprite.
        """
        table = np.zeros((256, 4), np.uint8)
        table[SHADOW, 3] = SHADOW_ALPHA
        for label, color in palette.items():
            table[label] = (*color, 255)
        x, y, labels = self._drawn()
        colored = table.view(np.uint32)[:, 0][labels]
        image = colored.view(np.uint8).reshape(*labels.shape, 4)
        for label, texture in (textures or {}).items():
            self._fill(image, cv2.inRange(labels, label, label), texture, (x, y))
        size = (image.shape[1] // SUPERSAMPLING, image.shape[0] // SUPERSAMPLING)
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        shaded = cv2.multiply(small, _shading(size), scale=1 / 255)
        anchor_x = self.width / 2 * self.pixels - x / SUPERSAMPLING
        anchor_y = self.top * self.pixels - y / SUPERSAMPLING
        return Sprite(shaded, (anchor_x, anchor_y), self.pixels)

    def _drawn(self) -> tuple[int, int, Image]:
        """The drawn part with room for soft edges, and its corner; whole sprite pixels."""
        left, upper, width, height = cv2.boundingRect(self.labels)
        step = SUPERSAMPLING
        x, y = max(0, left // step - 1) * step, max(0, upper // step - 1) * step
        right, lower = ((end // step + 2) * step for end in (left + width, upper + height))
        rows, columns = self.labels.shape
        return x, y, self.labels[y : min(lower, rows), x : min(right, columns)]

    def _fill(self, image: Image, mask: Image, texture: Image, corner: tuple[int, int]) -> None:
        """Put a texture, stretched over the whole picture, where the mask is."""
        x, y, width, height = cv2.boundingRect(mask)
        if not width:
            return
        rows, columns = self.labels.shape
        stretch = np.array([texture.shape[1] / columns, texture.shape[0] / rows])
        offset = (np.array([x, y]) + corner) * stretch
        warp = np.column_stack([np.diag(stretch), offset])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        cloth = cv2.warpAffine(
            texture, warp, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        cloth = cv2.cvtColor(cloth, cv2.COLOR_BGR2BGRA)
        part = (slice(y, y + height), slice(x, x + width))
        image[part] = cv2.copyTo(cloth, mask[part], image[part].copy())

    def _place(self, point: Point) -> tuple[int, int]:
        """A point in units as label pixels with ``_SHIFT`` fractional bits."""
        scale = self.pixels * SUPERSAMPLING * (1 << _SHIFT)
        half = 1 << (_SHIFT - 1)  # cv2 counts from the centre of a pixel
        return (
            round((point[0] + self.width / 2) * scale) - half,
            round((self.top - point[1]) * scale) - half,
        )


def _shading(size: tuple[int, int]) -> Image:
    """Light from the upper left: 1 there, two thirds at the lower right, alpha untouched."""
    across, down = np.linspace(1.1, 0.72, 32)[None], np.linspace(1.05, 0.9, 32)[:, None]
    shade = np.repeat((255 * np.clip(across * down, 0, 1))[..., None], 4, axis=2)
    shade[..., 3] = 255
    return np.asarray(cv2.resize(shade.astype(np.uint8), size))
