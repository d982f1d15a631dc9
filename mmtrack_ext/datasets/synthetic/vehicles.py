"""Cyclists, cars and dogs from the side, heading right. One unit is the height of the object."""

from __future__ import annotations

import math

from mmtrack_ext.datasets.synthetic.appearance import Appearance, darker
from mmtrack_ext.datasets.synthetic.body import (
    FAR,
    SHOES,
    UPPER,
    bend,
    draw_arm,
    draw_head,
    draw_leg,
    draw_torso,
    person_palette,
    person_textures,
)
from mmtrack_ext.datasets.synthetic.pen import Color, Pen, Point, Sprite

PAINT, TYRE, GLASS, METAL, LIGHT, TRIM = 20, 21, 22, 23, 24, 25
BLACK: Color = (28, 28, 28)
SILVER: Color = (150, 150, 150)


def draw_cyclist(appearance: Appearance, phase: float, *, pixels: float) -> Sprite:
    """A rider on a bicycle; ``phase`` of the pedals in turns."""
    pen = Pen(1.3, 1.06, pixels)
    pen.shadow(0, 0.5)
    rear, front, crank = (-0.31, 0.19), (0.31, 0.19), (-0.03, 0.17)
    saddle, bar = (-0.13, 0.5), (0.22, 0.56)
    knees = [_pedal(crank, saddle, phase + offset) for offset in (0.5, 0.0)]
    draw_leg(pen, appearance, knees[0], FAR)
    for hub in (rear, front):
        pen.ring(hub, 0.17, 0.035, TYRE)
        for spoke in range(3):
            angle = math.pi * (spoke / 3 + phase)
            x, y = 0.16 * math.cos(angle), 0.16 * math.sin(angle)
            pen.limb([(hub[0] - x, hub[1] - y), (hub[0] + x, hub[1] + y)], 0.008, METAL)
    seat_post, head_tube = (-0.11, 0.42), (0.21, 0.45)
    pen.limb([rear, crank, head_tube, seat_post, crank], 0.03, PAINT)
    pen.limb([rear, seat_post, saddle], 0.025, PAINT)
    pen.limb([front, head_tube, bar, (0.26, 0.56)], 0.028, PAINT)
    pen.limb([(-0.18, 0.5), (-0.08, 0.5)], 0.035, TYRE)
    draw_leg(pen, appearance, knees[1], 0)
    hip, neck = (-0.13, 0.53), (0.02, 0.83)
    draw_torso(pen, appearance, hip, neck, 0.075 * appearance.build)
    draw_head(pen, appearance, neck, view='side')
    shoulder = (0.01, 0.79)
    draw_arm(pen, appearance, [shoulder, (0.1, 0.64), (0.23, 0.57)], 0)
    palette = person_palette(appearance)
    palette |= {TYRE: BLACK, METAL: SILVER, PAINT: appearance.luggage}
    return pen.sprite(palette, person_textures(appearance))


def draw_car(appearance: Appearance, phase: float, *, pixels: float) -> Sprite:
    """A car in the identity's upper colour; ``phase`` of the wheels in turns."""
    pen = Pen(3.5, 1.02, pixels)
    pen.shadow(0, 1.55)
    estate = appearance.legwear == 'trousers'  # else a saloon with a boot
    tail = (-1.3, 0.95) if estate else (-0.85, 0.98)
    body = [(-1.48, 0.2), (-1.48, 0.58), (-1.4, 0.64), (1.2, 0.55), (1.5, 0.44), (1.5, 0.18)]
    pen.polygon(body, PAINT)
    pen.polygon([(-1.42, 0.62), tail, (0.3, 0.98), (0.8, 0.56)], PAINT)
    pen.polygon(
        [(tail[0] - 0.03, 0.63), (tail[0] + 0.07, 0.9), (-0.28, 0.92), (-0.28, 0.62)], GLASS
    )
    pen.polygon([(-0.2, 0.62), (-0.2, 0.92), (0.26, 0.92), (0.6, 0.6)], GLASS)
    pen.limb([(-1.45, 0.34), (1.46, 0.32)], 0.035, TRIM)
    pen.limb([(-1.46, 0.5), (-1.4, 0.5)], 0.09, SHOES)
    pen.limb([(1.4, 0.42), (1.46, 0.42)], 0.07, LIGHT)
    for x in (-0.92, 0.95):
        pen.blob((x, 0.21), (0.22, 0.22), TYRE)
        pen.blob((x, 0.21), (0.12, 0.12), METAL)
        angle = 2 * math.pi * phase
        dx, dy = 0.1 * math.cos(angle), 0.1 * math.sin(angle)
        pen.limb([(x - dx, 0.21 - dy), (x + dx, 0.21 + dy)], 0.03, TYRE)
    palette = {
        PAINT: appearance.upper,
        TYRE: BLACK,
        GLASS: (120, 100, 84),
        METAL: SILVER,
        LIGHT: (190, 235, 245),
        TRIM: darker(appearance.upper, 0.6),
        SHOES: (40, 40, 190),
    }
    return pen.sprite(palette)


def draw_dog(appearance: Appearance, phase: float, *, pixels: float) -> Sprite:
    """A dog in the identity's hair colour with a coat in its upper cloth."""
    pen = Pen(2.2, 1.05, pixels)
    pen.shadow(0, 0.7)
    for offset, shade in ((0.5, FAR), (0.0, 0)):
        swing = 0.45 * math.sin(2 * math.pi * (phase + offset))
        for x, angle in ((-0.5, swing), (0.42, -swing)):
            leg = bend((x, 0.5), (0.27, 0.22), (angle, angle * 0.4))
            pen.limb(leg, 0.12, PAINT + shade)
    pen.limb([(-0.5, 0.55), (0.42, 0.57)], 0.36 * appearance.build, PAINT)
    pen.limb([(-0.25, 0.57), (0.25, 0.58)], 0.37 * appearance.build, UPPER)
    pen.limb([(-0.62, 0.62), (-0.85, 0.85)], 0.08, PAINT)
    pen.limb([(0.5, 0.6), (0.68, 0.82)], 0.2, PAINT)
    pen.blob((0.72, 0.86), (0.17, 0.14), PAINT)
    pen.limb([(0.8, 0.83), (0.95, 0.8)], 0.11, PAINT)
    pen.blob((0.64, 0.88), (0.06, 0.13), PAINT + FAR, angle=20)
    palette = {
        PAINT: appearance.hair,
        PAINT + FAR: darker(appearance.hair),
        UPPER: appearance.upper,
    }
    return pen.sprite(palette, person_textures(appearance))


def _pedal(crank: Point, saddle: Point, phase: float) -> list[Point]:
    """Hip, knee and ankle of a leg whose foot turns with the pedal."""
    angle = -2 * math.pi * phase
    ankle = (crank[0] + 0.09 * math.cos(angle), crank[1] + 0.09 * math.sin(angle) + 0.03)
    hip = (saddle[0], saddle[1] + 0.02)
    dx, dy = ankle[0] - hip[0], ankle[1] - hip[1]
    reach = min(math.hypot(dx, dy), 0.46)
    forward = math.sqrt(0.235**2 - (reach / 2) ** 2)  # the knee stands out to the front
    middle = (hip[0] + dx / 2, hip[1] + dy / 2)
    knee = (middle[0] - dy / reach * forward, middle[1] + dx / reach * forward)
    return [hip, knee, ankle]
