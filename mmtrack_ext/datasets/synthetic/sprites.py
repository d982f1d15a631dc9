"""The figure of one identity: sprites of every pose, drawn when first needed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mmtrack_ext.datasets.synthetic.appearance import draw_appearance
from mmtrack_ext.datasets.synthetic.pedestrian import draw_pedestrian
from mmtrack_ext.datasets.synthetic.pen import Sprite
from mmtrack_ext.datasets.synthetic.vehicles import draw_car, draw_cyclist, draw_dog

NUM_PHASES = 20  # poses by cycle of the walk
# Heights in pixels at which sprites are drawn; a picture shrinks to at most half from there, so
# that bilinear sampling shows no jagged edges.
LEVELS = (32, 64, 128, 256, 512)


class Figure:
    """One identity.

    Args:
        name: its class.
        rng: what its appearance is drawn from.
    """

    def __init__(self, name: str, rng: np.random.Generator) -> None:
        self.name = name
        self.appearance = draw_appearance(rng)
        self._sprites: dict[tuple[str, int | None, int], Sprite] = {}

    def sprite(self, view: str, phase: float | None, *, height: float) -> Sprite:
        """The sprite to show.

        Args:
            view: 'side', 'front' or 'back' (people alone have the last two).
            phase: of the gait, in cycles; None = standing.
            height: of one unit on the image in pixels; decides the size of the sprite.
        """
        level = next((level for level in LEVELS if level >= height), LEVELS[-1])
        step = None if phase is None else int(phase % 1 * NUM_PHASES)
        key = (view, step, level)
        if key not in self._sprites:
            self._sprites[key] = self._draw(view, step, level)
        return self._sprites[key]

    def _draw(self, view: str, step: int | None, level: int) -> Sprite:
        if self.name == 'pedestrian':
            phase = None if step is None else step / NUM_PHASES
            return draw_pedestrian(self.appearance, view, phase, pixels=level)
        return DRAWERS[self.name](self.appearance, (step or 0) / NUM_PHASES, pixels=level)


DRAWERS: dict[str, Callable[..., Sprite]] = {
    'cyclist': draw_cyclist,
    'car': draw_car,
    'dog': draw_dog,
}
