"""Parts of a person: limbs, trunk and head, for whoever walks or rides. One unit is the height.

Thicknesses and outlines are our own.
"""

from __future__ import annotations

import math

from mmtrack_ext.datasets.synthetic.appearance import Appearance, darker
from mmtrack_ext.datasets.synthetic.pen import Color, Image, Pen, Point

SKIN, HAIR, UPPER, LOWER, SHOES, LUGGAGE = 2, 3, 4, 5, 6, 7
FAR = 8  # added to a label: the same in shadow, for the limbs on the far side


def person_palette(appearance: Appearance) -> dict[int, Color]:
    """BGR by label."""
    colors = {
        SKIN: appearance.skin,
        HAIR: appearance.hair,
        UPPER: appearance.upper,
        LOWER: appearance.lower,
        SHOES: appearance.shoes,
        LUGGAGE: appearance.luggage,
    }
    return colors | {label + FAR: darker(color) for label, color in colors.items()}


def person_textures(appearance: Appearance) -> dict[int, Image]:
    """Cloth by label."""
    textures = {UPPER: appearance.upper_texture, LOWER: appearance.lower_texture}
    return {label: texture for label, texture in textures.items() if texture is not None}


def bend(start: Point, lengths: Point, angles: Point) -> list[Point]:
    """Joints of a limb that hangs from ``start``; angles forward from straight down, radians."""
    joints = [start]
    for length, angle in zip(lengths, angles, strict=True):
        x, y = joints[-1]
        joints.append((x + length * math.sin(angle), y - length * math.cos(angle)))
    return joints


def draw_leg(pen: Pen, appearance: Appearance, joints: list[Point], shade: int) -> None:
    """Thigh and shank in trousers, shorts or a skirt's bare leg, and a shoe pointing right."""
    thick = appearance.build
    bare = {'trousers': 2, 'shorts': 1, 'skirt': 0}[appearance.legwear]
    pen.limb(joints, 0.066 * thick, SKIN + shade)
    x, y = joints[-1]
    hem = (0.8 * x + 0.2 * joints[1][0], 0.8 * y + 0.2 * joints[1][1])  # above the shoe
    pen.limb([*joints[:2], hem][: bare + 1], 0.09 * thick, LOWER + shade)
    pen.limb([(x - 0.01, y - 0.015), (x + 0.065, y - 0.018)], 0.045, SHOES + shade)


def draw_arm(pen: Pen, appearance: Appearance, joints: list[Point], shade: int) -> None:
    """Upper arm, forearm and hand."""
    pen.limb(joints, 0.048 * appearance.build, SKIN + shade)
    sleeve = joints if appearance.long_sleeves else joints[:2]
    pen.limb(sleeve, 0.06 * appearance.build, UPPER + shade)
    pen.blob(joints[-1], (0.027, 0.03), SKIN + shade)


def draw_head(pen: Pen, appearance: Appearance, neck: Point, *, view: str) -> None:
    """Neck, face and hair; ``neck`` is the point between the shoulders."""
    x, y = neck
    center = (x + (0.012 if view == 'side' else 0), y + 0.115)
    style = appearance.hair_style
    if style == 'long':
        back = -0.03 if view == 'side' else 0
        pen.blob((center[0] + back, center[1] - 0.045), (0.062, 0.1), HAIR)
    if style == 'bun' and view != 'front':
        pen.blob(
            (center[0] - (0.07 if view == 'side' else 0), center[1] + 0.05), (0.03, 0.03), HAIR
        )
    pen.limb([(x, y), center], 0.055, SKIN)
    radii = (0.056, 0.066)
    if view == 'back':
        pen.blob(center, radii, SKIN if style == 'bald' else HAIR)
    else:
        pen.blob(center, radii, SKIN)
    if style == 'bald':
        return
    if view != 'back':
        back, drop = (-0.014, 0.028) if view == 'side' else (0, 0.04)
        pen.blob((center[0] + back, center[1] + drop), (0.056, 0.071 - drop), HAIR)
    if style == 'cap':
        pen.blob((center[0], center[1] + 0.04), (0.062, 0.035), LUGGAGE)
        if view == 'side':
            pen.limb(
                [(center[0], center[1] + 0.03), (center[0] + 0.09, center[1] + 0.025)],
                0.018,
                LUGGAGE,
            )


def draw_torso(pen: Pen, appearance: Appearance, hip: Point, neck: Point, half: float) -> None:
    """The trunk between hip and neck, ``half`` as wide on each side."""
    (hip_x, hip_y), (neck_x, neck_y) = hip, neck
    pen.limb([hip, (hip_x, hip_y + 0.05)], 1.7 * half, LOWER)
    pen.polygon(
        [
            (hip_x - 0.9 * half, hip_y - 0.01),
            (hip_x + 0.9 * half, hip_y - 0.01),
            (neck_x + half, neck_y - 0.04),
            (neck_x + 0.55 * half, neck_y + 0.01),
            (neck_x - 0.55 * half, neck_y + 0.01),
            (neck_x - half, neck_y - 0.04),
        ],
        UPPER,
    )


def draw_skirt(pen: Pen, hip: Point, half: float) -> None:
    """A skirt from the waist towards the knees."""
    x, y = hip
    pen.polygon(
        [
            (x - 0.75 * half, y + 0.06),
            (x + 0.75 * half, y + 0.06),
            (x + 1.15 * half, y - 0.2),
            (x - 1.15 * half, y - 0.2),
        ],
        LOWER,
    )
