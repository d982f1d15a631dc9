"""The classes of SynthMOT and the actors that belong to them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mmtrack_ext.datasets.synthetic.sprites import Figure

MIN_SPEED = 0.25  # metres a second; below, nobody turns


@dataclass(frozen=True)
class Kind:
    """How the objects of a class are and move; lengths in metres, times in seconds.

    Attributes:
        name: of the class.
        heights: range of the height.
        half_width: of the widest pose, in heights.
        speeds: range, a second.
        spread: standard deviation of the heading from straight across, in radians.
        restlessness: changes of mind by second.
        stride: length of a cycle of the gait, in heights.
        drops: farthest and nearest feet, in image heights below the horizon (see Camera).
        counts: range of how many there are.
        turns: whether they stop, turn back and walk away from or towards the camera.
    """

    name: str
    heights: tuple[float, float]
    half_width: float
    speeds: tuple[float, float]
    spread: float
    restlessness: float
    stride: float
    drops: tuple[float, float]
    counts: tuple[int, int]
    turns: bool


# Ordinary speeds; a stride is two steps. All of it is our own choice, to look like a busy street.
KINDS = (
    Kind('pedestrian', (1.5, 1.95), 0.4, (0.7, 1.8), 0.35, 0.35, 0.8, (0.27, 0.68), (7, 11), True),
    Kind('cyclist', (1.65, 1.85), 0.6, (2.5, 4.5), 0.12, 0.15, 2.5, (0.12, 0.5), (2, 3), False),
    Kind('car', (1.4, 1.6), 1.6, (4.0, 8.0), 0.0, 0.1, 1.3, (0.12, 0.22), (1, 2), False),
    Kind('dog', (0.6, 0.8), 1.0, (0.8, 2.2), 0.5, 0.6, 1.2, (0.22, 0.65), (2, 3), True),
)
CLASS_NAMES = tuple(kind.name for kind in KINDS)


@dataclass
class Actor:
    """One identity; positions in metres, velocities in metres a second."""

    id: int
    kind: Kind
    figure: Figure
    height: float
    x: float
    z: float
    vx: float
    vz: float
    wish: tuple[float, float]
    phase: float
    view: str = 'side'
    mirrored: bool = False
    view_age: int = 0
    was_seen: bool = False


def facing(actor: Actor) -> tuple[str, bool]:
    """The view, and whether it is mirrored; who stands still stays as shown."""
    if math.hypot(actor.vx, actor.vz) < MIN_SPEED:
        return actor.view, actor.mirrored
    if actor.kind.name == 'pedestrian' and abs(actor.vz) > 1.5 * abs(actor.vx):
        return 'back' if actor.vz > 0 else 'front', False
    return 'side', actor.vx < 0
