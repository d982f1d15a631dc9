"""A person on foot, from the side, the front and behind, joint by joint.

One unit is the body height. Proportions after the segment lengths of D. Winter, Biomechanics and
Motor Control of Human Movement (4th ed.), figure 4.1: thigh 0.245, shank 0.246, hip 0.53 above the
ground, shoulder 0.82, upper arm 0.19. Angles are our own.
"""

from __future__ import annotations

import math

from mmtrack_ext.datasets.synthetic.appearance import Appearance
from mmtrack_ext.datasets.synthetic.body import (
    FAR,
    LUGGAGE,
    bend,
    draw_arm,
    draw_head,
    draw_leg,
    draw_skirt,
    draw_torso,
    person_palette,
    person_textures,
)
from mmtrack_ext.datasets.synthetic.pen import Pen, Sprite

THIGH, SHANK, UPPER_ARM, FOREARM = 0.245, 0.246, 0.19, 0.2
ANKLE = 0.039  # height of the ankle above the sole
HIP_SWING, KNEE_BEND, ARM_SWING = 0.34, 0.7, 0.36  # radians, at a normal walk


def draw_pedestrian(
    appearance: Appearance, view: str, phase: float | None, *, pixels: float
) -> Sprite:
    """A person.

    Args:
        appearance: who.
        view: 'side' (walking to the right), 'front' or 'back'.
        phase: of the walk, in cycles of two steps; None = standing.
        pixels: sprite pixels by body height.
    """
    pen = Pen(1.0, 1.06, pixels)
    if view == 'side':
        _draw_side(pen, appearance, phase)
    else:
        _draw_facing(pen, appearance, phase, from_behind=view == 'back')
    return pen.sprite(person_palette(appearance), person_textures(appearance))


def _draw_side(pen: Pen, appearance: Appearance, phase: float | None) -> None:
    legs, arms = [], []
    for offset in (0.5, 0.0):  # far side first
        angle = 0.0 if phase is None else 2 * math.pi * (phase + offset)
        lift = 0.0 if phase is None else max(0.0, math.cos(angle)) ** 2
        swing = 0.0 if phase is None else math.sin(angle)
        thigh = HIP_SWING * swing + 0.3 * lift
        legs.append((thigh, thigh - KNEE_BEND * lift - (0 if phase is None else 0.06)))
        arms.append((-ARM_SWING * swing, -ARM_SWING * swing + 0.25))
    hip_y = max(-bend((0, 0), (THIGH, SHANK), leg)[-1][1] for leg in legs) + ANKLE
    hip, neck = (0.0, hip_y), (0.015, hip_y + 0.305)
    half = 0.082 * appearance.build
    pen.shadow(0, 0.26)
    shoulder = (neck[0] - 0.005, neck[1] - 0.025)
    draw_arm(pen, appearance, bend(shoulder, (UPPER_ARM, FOREARM), arms[0]), FAR)
    draw_leg(pen, appearance, bend(hip, (THIGH, SHANK), legs[0]), FAR)
    draw_leg(pen, appearance, bend(hip, (THIGH, SHANK), legs[1]), 0)
    if appearance.luggage_style == 'backpack':
        pen.blob((neck[0] - half - 0.03, neck[1] - 0.13), (0.065, 0.12), LUGGAGE)
    draw_torso(pen, appearance, hip, neck, half)
    if appearance.legwear == 'skirt':
        draw_skirt(pen, hip, half + 0.03)
    draw_head(pen, appearance, neck, view='side')
    draw_arm(pen, appearance, bend(shoulder, (UPPER_ARM, FOREARM), arms[1]), 0)
    if appearance.luggage_style == 'handbag':
        pen.blob((hip[0] - 0.02, hip[1] - 0.02), (0.06, 0.055), LUGGAGE)


def _draw_facing(
    pen: Pen, appearance: Appearance, phase: float | None, *, from_behind: bool
) -> None:
    swing = 0.0 if phase is None else math.sin(2 * math.pi * phase)
    hip, neck = (0.0, 0.53), (0.0, 0.835)
    half = 0.118 * appearance.build
    pen.shadow(0, 0.2)
    if appearance.luggage_style == 'backpack' and not from_behind:
        pen.blob((0, neck[1] - 0.1), (half + 0.02, 0.1), LUGGAGE + FAR)
    for side in (-1, 1):
        lift = 0.06 * max(0.0, side * swing)  # the foot that swings is off the ground
        foot = (side * 0.055, ANKLE + lift)
        knee = (side * 0.06, (hip[1] + foot[1]) / 2 + 0.01)
        draw_leg(pen, appearance, [(side * 0.05, hip[1]), knee, foot], FAR if lift else 0)
        hand_y = neck[1] - 0.4 + 0.05 * side * swing
        shoulder = (side * (half - 0.005), neck[1] - 0.045)
        elbow = (side * (half + 0.035), neck[1] - 0.21)
        draw_arm(pen, appearance, [shoulder, elbow, (side * (half + 0.03), hand_y)], 0)
    draw_torso(pen, appearance, hip, neck, half)
    if appearance.legwear == 'skirt':
        draw_skirt(pen, hip, half + 0.02)
    draw_head(pen, appearance, neck, view='back' if from_behind else 'front')
    if appearance.luggage_style == 'backpack' and from_behind:
        pen.blob((0, neck[1] - 0.14), (0.85 * half, 0.13), LUGGAGE)
    elif appearance.luggage_style == 'handbag':
        pen.blob((half + 0.045, hip[1] - 0.02), (0.05, 0.06), LUGGAGE)
