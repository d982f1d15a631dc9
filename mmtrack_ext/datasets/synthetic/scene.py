"""Who is where: actors that walk, stop, turn, meet, come and go on flat ground."""

from __future__ import annotations

import math

import numpy as np

from mmtrack_ext.datasets.synthetic.camera import FRAME_RATE, Camera
from mmtrack_ext.datasets.synthetic.kinds import Actor, Kind, facing
from mmtrack_ext.datasets.synthetic.sprites import Figure

MAX_HEIGHT = 0.6  # of an object, in image heights
RESPONSE = 0.4  # seconds in which a velocity follows the wish
COMPANIONS = 0.1  # share of newcomers that walk beside another one
VIEW_HOLD = 8  # frames for which another view must last before it is shown, against flicker


class Scene:
    """The actors of one sequence.

    An actor that has left the image never returns: as in MOTChallenge, who comes back is new.

    Args:
        camera: decides what is in the image.
        kinds: the classes to show; class numbers count from 1 in this order.
        seed: numbers that everything follows from.
    """

    def __init__(self, camera: Camera, *, kinds: tuple[Kind, ...], seed: tuple[int, ...]) -> None:
        self.camera, self.seed = camera, seed
        self.rng = np.random.default_rng([*seed, 1])
        self.actors: list[Actor] = []
        self._next_id = 1
        for kind in kinds:
            for _ in range(self.rng.integers(kind.counts[0], kind.counts[1] + 1)):
                self.actors.append(self._newcomer(kind, frame=None))

    def step(self, frame: int) -> list[Actor]:
        """Move everyone to this frame (0, 1, 2, ... in turn)."""
        for index, actor in enumerate(self.actors):
            if frame:
                self._move(actor)
            if self._has_left(actor, frame):
                self.actors[index] = self._newcomer(actor.kind, frame=frame)
        return self.actors

    def _newcomer(self, kind: Kind, *, frame: int | None) -> Actor:
        """Someone beside the view, or anywhere (``frame=None``)."""
        rng = self.rng
        height = rng.uniform(*kind.heights)
        near, far = self._ground(kind, height)
        leader = self._leader(kind, frame)
        if leader is None:
            z = near * (far / near) ** rng.uniform(0, 1)
            x, side = self._arrival(kind, height, z, frame)
            wish = self._wish(kind, side)
        else:
            z = min(max(leader.z + rng.normal(0, 0.5), near), far)
            x, wish = leader.x + rng.choice([-1, 1]) * rng.uniform(0.2, 0.9), leader.wish
        identity, self._next_id = self._next_id, self._next_id + 1
        figure = Figure(kind.name, np.random.default_rng([*self.seed, 2, identity]))
        actor = Actor(identity, kind, figure, height, x, z, *wish, wish, rng.uniform(0, 1))
        actor.view, actor.mirrored = facing(actor)
        return actor

    def _leader(self, kind: Kind, frame: int | None) -> Actor | None:
        """Whom a newcomer walks beside: the last one who has not been in the image yet."""
        if not kind.turns or self.rng.random() > COMPANIONS:
            return None
        others = [actor for actor in self.actors if actor.kind is kind]
        if frame is not None:
            others = [actor for actor in others if not actor.was_seen]
        return max(others, key=lambda actor: actor.id, default=None)

    def _arrival(self, kind: Kind, height: float, z: float, frame: int | None) -> tuple[float, int]:
        """Where someone starts, and whether to the right (1) or the left (-1)."""
        camera, side = self.camera, int(self.rng.choice([-1, 1]))
        if frame is None:
            return camera.world_x(self.rng.uniform(0, camera.panorama_width), z), side
        edge = camera.offsets[frame, 0] + (camera.width if side < 0 else 0)
        away = 1.05 * kind.half_width * height + self.rng.exponential(1.5)  # metres
        return camera.world_x(edge, z) - side * away, side

    def _ground(self, kind: Kind, height: float) -> tuple[float, float]:
        """Nearest and farthest distance.

        Nobody is taller on the image than MAX_HEIGHT, nor stands below its lower edge.
        """
        camera = self.camera
        drop = min(
            kind.drops[1],
            MAX_HEIGHT * camera.altitude / height,
            1 - camera.horizon / camera.height,
        )
        return camera.distance(drop), camera.distance(kind.drops[0])

    def _wish(self, kind: Kind, side: int) -> tuple[float, float]:
        """A velocity towards the right (side = 1) or the left."""
        angle = self.rng.normal(0, kind.spread)
        if kind.turns and self.rng.random() < 0.15:  # straight away or towards the camera
            angle = self.rng.choice([-1, 1]) * self.rng.uniform(1.1, 1.5)
        speed = self.rng.uniform(*kind.speeds)
        return side * speed * math.cos(angle), speed * math.sin(angle)

    def _move(self, actor: Actor) -> None:
        self._change_mind(actor)
        self._stay_on_ground(actor)
        share = 1 / (RESPONSE * FRAME_RATE)
        actor.vx += share * (actor.wish[0] - actor.vx)
        actor.vz += share * (actor.wish[1] - actor.vz)
        actor.x += actor.vx / FRAME_RATE
        actor.z += actor.vz / FRAME_RATE
        speed = math.hypot(actor.vx, actor.vz)
        actor.phase += speed / FRAME_RATE / (actor.kind.stride * actor.height)
        self._turn(actor)

    def _change_mind(self, actor: Actor) -> None:
        kind, rng = actor.kind, self.rng
        is_standing = actor.wish == (0, 0)
        if not actor.was_seen or rng.random() >= kind.restlessness / FRAME_RATE:
            return
        choice = rng.random()
        heading = 1 if actor.wish[0] > 0 else -1
        if is_standing:
            actor.wish = self._wish(kind, int(rng.choice([-1, 1])))
        elif kind.turns and choice < 0.2:
            actor.wish = (0, 0)
        elif kind.turns and choice < 0.4:
            actor.wish = self._wish(kind, -heading)
        else:
            actor.wish = self._wish(kind, heading)

    def _stay_on_ground(self, actor: Actor) -> None:
        """Turn back at the near and far ends of the street."""
        near, far = self._ground(actor.kind, actor.height)
        if actor.z < near or actor.z > far:
            away = abs(actor.wish[1])
            actor.wish = (actor.wish[0], away if actor.z < near else -away)

    def _turn(self, actor: Actor) -> None:
        """Show the side that fits the velocity, once it has for a while."""
        shown = facing(actor)
        actor.view_age = actor.view_age + 1 if shown != (actor.view, actor.mirrored) else 0
        if actor.view_age >= VIEW_HOLD:
            (actor.view, actor.mirrored), actor.view_age = shown, 0

    def _has_left(self, actor: Actor, frame: int) -> bool:
        camera = self.camera
        half = actor.kind.half_width * actor.height * camera.scale(actor.z)
        column, _ = camera.project(actor.x, actor.z, frame)
        if -half < column < camera.width + half:
            actor.was_seen = True
            return False
        is_far = min(abs(column), abs(column - camera.width)) > camera.width
        return actor.was_seen or is_far
