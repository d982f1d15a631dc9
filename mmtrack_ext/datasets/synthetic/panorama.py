"""The street behind everything: sky, houses, pavement and road, in one picture for all views."""

from __future__ import annotations

import cv2
import numpy as np

from mmtrack_ext.association.arrays import Float32Array
from mmtrack_ext.datasets.synthetic.camera import Camera
from mmtrack_ext.datasets.synthetic.pen import Color, Image

GROUNDS: tuple[Color, ...] = ((128, 132, 134), (104, 122, 138), (92, 128, 108), (116, 112, 110))


def draw_panorama(rng: np.random.Generator, camera: Camera) -> Image:
    """(height + 2 * margin, panorama_width, 3) uint8 BGR."""
    height = camera.height + 2 * camera.margin
    horizon = round(camera.horizon) + camera.margin
    image = np.zeros((height, camera.panorama_width, 3), np.float32)
    image[:horizon] = _sky(rng, horizon)[:, None]
    _houses(rng, image, horizon)
    _ground(rng, image, horizon, camera)
    image += 9 * _clouds(rng, image.shape[:2], 60) + 7 * _clouds(rng, image.shape[:2], 400)
    return np.clip(image, 0, 255).astype(np.uint8)


def _sky(rng: np.random.Generator, rows: int) -> Float32Array:
    top, bottom = np.array([205, 165, 125]), np.array([225, 215, 205])
    mix = np.linspace(0, 1, rows)[:, None]
    shade = rng.uniform(0.75, 1.05)
    return np.asarray(shade * (top + mix * (bottom - top)), np.float32)


def _houses(rng: np.random.Generator, image: Float32Array, horizon: int) -> None:
    """A row of houses with windows and doors, standing a little below the horizon."""
    foot = horizon + round(0.075 * image.shape[0])
    left = 0
    while left < image.shape[1]:
        width = int(rng.uniform(0.18, 0.4) * image.shape[0])
        top = int(rng.uniform(-0.2, 0.5) * horizon)
        color = rng.uniform(0.55, 1.0) * rng.uniform((110, 120, 130), (190, 200, 215))
        image[max(top, 0) : foot, left : left + width] = color
        _windows(rng, image, (left, top, left + width, foot))
        left += width


def _windows(
    rng: np.random.Generator, image: Float32Array, house: tuple[int, int, int, int]
) -> None:
    left, top, right, foot = house
    floor, column = 0.1 * image.shape[0], (right - left) / rng.integers(3, 6)
    glass = rng.uniform((70, 60, 50), (130, 110, 90))
    for y in np.arange(foot - 1.9 * floor, top, -floor):
        for x in np.arange(left, right - column / 2, column):
            corner = (int(x + 0.25 * column), int(y + 0.15 * floor))
            opposite = (int(x + 0.75 * column), int(y + 0.75 * floor))
            shade = glass * rng.uniform(0.6, 1.5)
            cv2.rectangle(image, corner, opposite, shade.tolist(), -1)
    x = left + column * rng.integers(0, 3)
    opposite = (int(x + 0.75 * column), foot)
    cv2.rectangle(
        image, (int(x + 0.25 * column), int(foot - 0.8 * floor)), opposite, (glass / 2).tolist(), -1
    )


def _ground(rng: np.random.Generator, image: Float32Array, horizon: int, camera: Camera) -> None:
    """Pavement with slabs, and a road with a dashed line across the view."""
    foot = horizon + round(0.075 * image.shape[0])
    rows = np.arange(foot, image.shape[0])
    drop = (rows - horizon) / camera.height
    distance = camera.focal * camera.altitude / (drop * camera.height)
    columns = np.arange(image.shape[1]) - image.shape[1] / 2
    x = columns[None] * (distance / camera.focal)[:, None]  # metres to the right
    z = np.broadcast_to(distance[:, None], x.shape)
    color = np.asarray(GROUNDS[rng.integers(len(GROUNDS))], np.float32) * rng.uniform(0.75, 1.15)
    image[foot:] = color
    slab = rng.uniform(1.0, 2.5)
    slabs = np.floor(x / slab) * 3 + np.floor(z / slab) * 7
    image[foot:] *= (1 + 0.05 * np.sin(slabs * 12.9))[..., None]
    seams = (np.mod(x / slab, 1) < 0.035) | (np.mod(z / slab, 1) < 0.05)
    image[foot:][seams] *= 0.86
    road = (drop > 0.12) & (drop < 0.24)
    image[foot:][road] = (88, 86, 86)
    line = road[:, None] & (np.abs(drop - 0.17) < 0.005)[:, None] & (np.mod(x, 6) < 3)
    image[foot:][line] = (200, 205, 205)
    kerb = np.abs(drop - 0.24) < 0.006
    image[foot:][kerb] = (165, 168, 170)


def _clouds(rng: np.random.Generator, shape: tuple[int, ...], cells: int) -> Float32Array:
    """(H, W, 1) smooth noise of about ``cells`` blotches across."""
    rows = max(2, cells * shape[0] // shape[1])
    coarse = rng.normal(0, 1, (rows, cells)).astype(np.float32)
    fine = cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(fine)[..., None]
