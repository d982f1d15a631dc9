"""One rendered sequence, frame by frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np

from mmtrack_ext.association.arrays import FloatArray, IntArray
from mmtrack_ext.datasets.synthetic.camera import FRAME_RATE, Camera, make_camera
from mmtrack_ext.datasets.synthetic.kinds import KINDS, Actor
from mmtrack_ext.datasets.synthetic.panorama import draw_panorama
from mmtrack_ext.datasets.synthetic.pen import Image
from mmtrack_ext.datasets.synthetic.render import NOISE, Canvas, Placement, expose
from mmtrack_ext.datasets.synthetic.scene import Scene
from mmtrack_ext.datasets.synthetic.scenery import Obstacle, make_obstacles

NOISE_SHIFT = 61  # the noise is one picture, seen at another corner in each frame


class SyntheticFrame(NamedTuple):
    """An image and everything in it, rows by ascending id.

    Attributes:
        image: (H, W, 3) uint8 BGR.
        boxes: (N, 4) float64 ``x1, y1, x2, y2`` of the whole objects, hidden parts included; as in
            MOTChallenge they may stick out of the image.
        ids: (N,) int64 from 1.
        classes: (N,) int64 from 1, see CLASS_NAMES.
        visibilities: (N,) float64 share of an object's pixels that are in the image and not
            hidden by nearer objects or scenery.
    """

    image: Image
    boxes: FloatArray
    ids: IntArray
    classes: IntArray
    visibilities: FloatArray


def render_sequence(
    number: int,
    *,
    num_frames: int = 100,
    size: tuple[int, int] = (640, 384),
    num_classes: int = 1,
    seed: int = 0,
) -> Iterator[SyntheticFrame]:
    """The frames of sequence ``number``.

    Same arguments, machine and versions: same frames. A longer sequence starts as a shorter one.

    Args:
        number: of the sequence, from 0; the camera's mode goes by it in turn.
        num_frames: length.
        size: (width, height) of the image in pixels.
        num_classes: how many of CLASS_NAMES are shown.
        seed: another seed gives other sequences.
    """
    camera_rng, street_rng, obstacle_rng, noise_rng = (
        np.random.default_rng([seed, number, 0, part]) for part in range(4)
    )
    camera = make_camera(camera_rng, size=size, num_frames=num_frames, mode=number)
    panorama = draw_panorama(street_rng, camera)
    obstacles = make_obstacles(obstacle_rng, camera)
    scene = Scene(camera, kinds=KINDS[:num_classes], seed=(seed, number))
    noise = _noise(noise_rng, size)
    for frame in range(num_frames):
        actors = sorted(scene.step(frame), key=lambda actor: actor.id)
        canvas = Canvas(_view(panorama, camera, frame))
        placements = [_place_actor(actor, camera, frame) for actor in actors]
        visibilities = _paste_all(canvas, actors, placements, obstacles, camera, frame)
        image = expose(
            canvas.image,
            exposure=float(camera.exposures[frame]),
            warmth=float(camera.warmths[frame]),
            motion=_camera_motion(camera, frame),
            noise=_shifted(noise, frame, size),
        )
        yield _with_truth(image, actors, placements, visibilities)


def _paste_all(
    canvas: Canvas,
    actors: list[Actor],
    placements: list[Placement],
    obstacles: list[Obstacle],
    camera: Camera,
    frame: int,
) -> FloatArray:
    """Paste from far to near; the visibility of each actor."""
    standing = [_place_obstacle(obstacle, camera, frame) for obstacle in obstacles]
    distances = [thing.z for thing in (*actors, *obstacles)]
    order = sorted(range(len(distances)), key=lambda index: -distances[index])
    for index in order:
        canvas.paste((placements + standing)[index])
    shares = np.empty(len(order))
    shares[order] = canvas.visibilities()
    return shares[: len(actors)]


def _place_actor(actor: Actor, camera: Camera, frame: int) -> Placement:
    scale = camera.scale(actor.z)
    x, y = camera.project(actor.x, actor.z, frame)
    unit = scale * actor.height
    is_standing = actor.wish == (0, 0) and abs(actor.vx) + abs(actor.vz) < 0.15
    phase = None if is_standing else actor.phase
    sprite = actor.figure.sprite(actor.view, phase, height=unit)
    return Placement(sprite, x, y, unit, actor.mirrored, actor.vx * scale / FRAME_RATE)


def _place_obstacle(obstacle: Obstacle, camera: Camera, frame: int) -> Placement:
    x, y = camera.project(obstacle.x, obstacle.z, frame)
    return Placement(obstacle.sprite, x, y, obstacle.unit * camera.scale(obstacle.z))


def _with_truth(
    image: Image, actors: list[Actor], placements: list[Placement], visibilities: FloatArray
) -> SyntheticFrame:
    """Keep whose box reaches into the image by at least a pixel each way."""
    boxes = np.array([placement.box for placement in placements]).reshape(-1, 4)
    size = np.array([image.shape[1], image.shape[0]])
    inside = np.minimum(boxes[:, 2:], size) - np.maximum(boxes[:, :2], 0)
    keep = (inside >= 1).all(axis=1)
    ids = np.array([actor.id for actor in actors], np.int64)
    classes = np.array([1 + KINDS.index(actor.kind) for actor in actors], np.int64)
    return SyntheticFrame(image, boxes[keep], ids[keep], classes[keep], visibilities[keep])


def _view(panorama: Image, camera: Camera, frame: int) -> Image:
    """The part of the panorama that a frame shows, between pixels by bilinear interpolation."""
    corner = camera.offsets[frame] + (0, camera.margin)
    (x, y), (right, down) = np.floor(corner).astype(int), corner % 1
    view = panorama[y : y + camera.height + 1, x : x + camera.width + 1]
    view = cv2.addWeighted(view[:, :-1], 1 - right, view[:, 1:], right, 0)
    return np.asarray(cv2.addWeighted(view[:-1], 1 - down, view[1:], down, 0))


def _camera_motion(camera: Camera, frame: int) -> float:
    """Horizontal, in pixels since the frame before."""
    return float(camera.offsets[frame, 0] - camera.offsets[max(frame - 1, 0), 0])


def _noise(rng: np.random.Generator, size: tuple[int, int]) -> IntArray:
    shape = (size[1] + NOISE_SHIFT, size[0] + NOISE_SHIFT, 3)
    return np.asarray(np.round(NOISE * rng.standard_normal(shape, np.float32)), np.int16)


def _shifted(noise: IntArray, frame: int, size: tuple[int, int]) -> IntArray:
    x, y = (frame * step % NOISE_SHIFT for step in (23, 37))
    return noise[y : y + size[1], x : x + size[0]]
