"""What does not move: things that stand in the way, and the street behind everything."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mmtrack_ext.datasets.synthetic.appearance import darker
from mmtrack_ext.datasets.synthetic.camera import Camera
from mmtrack_ext.datasets.synthetic.pen import Color, Pen, Sprite

BODY, BODY_DARK, LEAVES, LEAVES_DARK, LEAVES_LIGHT, POSTER = 2, 3, 4, 5, 6, 7
# In metres.
HEIGHTS = {'pole': 4.5, 'tree': 5.5, 'kiosk': 2.5, 'wall': 1.2, 'bush': 1.3, 'column': 2.9}
# Those that hide people for good stand more often.
KINDS = ('pole', 'pole', 'tree', 'tree', 'column', 'column', 'kiosk', 'wall', 'bush')
OBSTACLES = 1.5  # by image width
MAX_PIXELS = 1200.0  # height of a sprite


@dataclass(frozen=True, eq=False)
class Obstacle:
    """A thing that stands at (x, z), in metres; ``unit`` is the height of its sprite's unit."""

    sprite: Sprite
    x: float
    z: float
    unit: float


def make_obstacles(rng: np.random.Generator, camera: Camera) -> list[Obstacle]:
    """Poles, trees, a kiosk, walls and bushes spread over the whole panorama."""
    order = [str(kind) for kind in rng.permutation(KINDS)]
    count = math.ceil(OBSTACLES * camera.panorama_width / camera.width)
    obstacles = []
    for index in range(count):
        kind = order[index % len(order)]
        column = (index + rng.uniform(0.15, 0.85)) / count * camera.panorama_width
        z, unit = camera.distance(rng.uniform(0.28, 0.48)), HEIGHTS[kind]
        sprite = _draw(rng, kind, min(unit * camera.scale(z), MAX_PIXELS))
        obstacles.append(Obstacle(sprite, camera.world_x(column, z), z, unit))
    return obstacles


def _draw(rng: np.random.Generator, kind: str, pixels: float) -> Sprite:
    green = int(rng.integers(80, 130))
    palette: dict[int, Color] = {
        LEAVES: (40, green, 50),
        LEAVES_DARK: (28, green - 35, 34),
        LEAVES_LIGHT: (62, green + 35, 84),
        POSTER: _any_color(rng),
    }
    body = {'pole': (96, 100, 96), 'tree': (42, 62, 84), 'bush': (42, 62, 84)}
    stone = int(rng.integers(90, 170))
    palette[BODY] = body.get(kind, (stone - 12, stone, stone + 14))
    palette[BODY_DARK] = darker(palette[BODY])
    pen = Pen(1.8, 1.02, pixels)
    if kind == 'pole':
        pen.limb([(0, 0), (0, 0.97)], 0.042, BODY)
        pen.limb([(0, 0), (0, 0.12)], 0.075, BODY_DARK)
        pen.limb([(0, 0.97), (0.17, 0.985)], 0.03, BODY)
        pen.blob((0.2, 0.98), (0.05, 0.022), BODY_DARK)
    elif kind == 'tree':
        pen.limb([(0, 0), (0.01, 0.6)], 0.075, BODY)
        _foliage(pen, rng, (0, 0.7), (0.28, 0.27), pixels)
    elif kind == 'bush':
        _foliage(pen, rng, (0, 0.45), (0.7, 0.52), pixels)
    elif kind == 'wall':
        _bricks(pen, 0.85, 1.0)
    elif kind == 'column':
        pen.polygon([(-0.21, 0), (-0.21, 0.92), (0.21, 0.92), (0.21, 0)], BODY)
        pen.polygon([(-0.19, 0.2), (-0.19, 0.62), (0.08, 0.62), (0.08, 0.2)], POSTER)
        pen.blob((0, 0.92), (0.24, 0.07), BODY_DARK)
    else:
        pen.polygon([(-0.42, 0), (-0.42, 0.9), (0.42, 0.9), (0.42, 0)], BODY)
        pen.polygon([(-0.3, 0.45), (-0.3, 0.78), (0.3, 0.78), (0.3, 0.45)], BODY_DARK)
        pen.polygon([(-0.5, 0.86), (-0.44, 1), (0.44, 1), (0.5, 0.86)], POSTER)
    return pen.sprite(palette)


def _foliage(
    pen: Pen,
    rng: np.random.Generator,
    center: tuple[float, float],
    radii: tuple[float, float],
    pixels: float,
) -> None:
    """Overlapping blobs, the later ones lighter and higher."""
    x, y = center
    for label, count, lift in ((LEAVES_DARK, 26, -0.1), (LEAVES, 26, 0), (LEAVES_LIGHT, 12, 0.12)):
        for _ in range(count):
            angle, far = rng.uniform(0, 2 * np.pi), math.sqrt(rng.uniform(0, 0.8))
            size = rng.uniform(0.14, 0.3) * min(radii)
            place = (
                x + far * radii[0] * math.cos(angle),
                max(y + radii[1] * (far * math.sin(angle) + lift), size),
            )
            pen.blob(place, (1.2 * size, size), label)


def _bricks(pen: Pen, half: float, height: float) -> None:
    pen.polygon([(-half, 0), (-half, height), (half, height), (half, 0)], BODY)
    for row in range(1, 6):
        y = row / 6 * height
        pen.limb([(-half, y), (half, y)], 0.015, BODY_DARK)
        for x in np.arange(-half + (row % 2) * 0.14, half, 0.28)[1:]:
            pen.limb([(x, y - height / 6), (x, y)], 0.015, BODY_DARK)
    pen.limb([(-half, height), (half, height)], 0.06, BODY_DARK)


def _any_color(rng: np.random.Generator) -> Color:
    blue, green, red = rng.integers(40, 220, 3).tolist()
    return blue, green, red
