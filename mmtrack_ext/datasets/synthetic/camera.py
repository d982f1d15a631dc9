"""The camera of a sequence: a pinhole above flat ground that pans, shakes and changes exposure."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mmtrack_ext.association.arrays import FloatArray

FRAME_RATE = 30  # frames a second, as most of MOTChallenge
FOCAL_LENGTH = 0.9  # in image widths: 58 degrees across, an ordinary lens
# How far the view swings to each side in image widths, and how strongly it shakes; by sequence in
# turn: on a tripod, panning, in the hand.
MODES = ((0.0, 0.0), (0.3, 0.0), (0.12, 0.006))


@dataclass(frozen=True, eq=False)
class Camera:
    """Where points of the ground appear.

    World coordinates are metres: x to the right, z into the picture. The panorama is the picture
    that all views of a pan share; ``offsets`` is the corner of each frame's view in it.

    Attributes:
        width, height: of the image in pixels.
        horizon: row of the horizon in the image, without shake.
        altitude: of the camera above the ground in metres.
        panorama_width: in pixels.
        offsets: (F, 2) float64 corner of the view in the panorama.
        exposures: (F,) float64 brightness, 1 = normal.
        warmths: (F,) float64, above 0 = redder light.
    """

    width: int
    height: int
    horizon: float
    altitude: float
    panorama_width: int
    offsets: FloatArray
    exposures: FloatArray
    warmths: FloatArray

    @property
    def margin(self) -> int:
        """Rows that the panorama has above and below the image, for shake."""
        return math.ceil(0.03 * self.height)

    @property
    def focal(self) -> float:
        """Focal length in pixels."""
        return FOCAL_LENGTH * self.width

    def scale(self, z: float) -> float:
        """Pixels by metre at distance z."""
        return self.focal / z

    def distance(self, drop: float) -> float:
        """Distance of ground that appears ``drop`` image heights below the horizon."""
        return self.focal * self.altitude / (drop * self.height)

    def panorama_x(self, x: float, z: float) -> float:
        """Column of a point in the panorama."""
        return self.panorama_width / 2 + x * self.scale(z)

    def world_x(self, column: float, z: float) -> float:
        """The inverse of ``panorama_x``."""
        return (column - self.panorama_width / 2) / self.scale(z)

    def project(self, x: float, z: float, frame: int) -> tuple[float, float]:
        """Image point of a point of the ground."""
        dx, dy = self.offsets[frame]
        return self.panorama_x(x, z) - dx, self.horizon + self.altitude * self.scale(z) - dy


def make_camera(
    rng: np.random.Generator, *, size: tuple[int, int], num_frames: int, mode: int
) -> Camera:
    """A camera that moves smoothly.

    Args:
        rng: what decides.
        size: (width, height) of the image.
        num_frames: length; a longer sequence starts as the shorter one.
        mode: index into MODES.
    """
    width, height = size
    swing, shake = MODES[mode % len(MODES)]
    reach = swing * width  # of the pan
    horizon, altitude = rng.uniform(0.24, 0.34) * height, rng.uniform(2.0, 3.0)
    seconds = np.arange(num_frames) / FRAME_RATE
    pan = reach * _wave(rng, seconds, periods=(7.0, 13.0))
    pan += shake * width * _wave(rng, seconds, periods=(0.7, 1.6))
    tilt = shake * height * _wave(rng, seconds, periods=(0.6, 1.4))
    slack = shake * width + 2
    light = rng.uniform(0.85, 1.1) + 0.14 * _wave(rng, seconds, periods=(2.5, 8.0))
    return Camera(
        width=width,
        height=height,
        horizon=horizon,
        altitude=altitude,
        panorama_width=width + math.ceil(2 * (reach + slack)),
        offsets=np.column_stack([reach + slack + pan, tilt]),
        exposures=light,
        warmths=0.06 * _wave(rng, seconds, periods=(3.0, 10.0)),
    )


def _wave(
    rng: np.random.Generator, seconds: FloatArray, *, periods: tuple[float, float]
) -> FloatArray:
    """A smooth irregular course between -1 and 1: two sines with periods in seconds."""
    first, second = rng.uniform(*periods, 2)
    phases = rng.uniform(0, 2 * np.pi, 2)
    angles = 2 * np.pi * seconds
    course: FloatArray = 0.65 * np.sin(angles / first + phases[0])
    course += 0.35 * np.sin(angles / second + phases[1])
    return course
