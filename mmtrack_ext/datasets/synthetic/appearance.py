"""What makes an identity: clothes, skin, hair and luggage, drawn once and kept for life."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from mmtrack_ext.datasets.synthetic.pen import Color, Image

PATTERNS = ('plain', 'hoops', 'stripes', 'checks', 'dots', 'halves', 'camouflage')
HAIR_STYLES = ('short', 'long', 'bun', 'cap', 'bald')
LUGGAGE = ('none', 'none', 'backpack', 'handbag')
TEXTURE_SIZE = 128
# BGR; from light to dark, our own choice.
SKINS: tuple[Color, ...] = ((196, 214, 240), (160, 188, 226), (118, 150, 198), (66, 96, 144))
HAIRS: tuple[Color, ...] = (
    *((30, 28, 28), (38, 52, 74), (60, 92, 130), (110, 170, 205)),
    *((60, 80, 165), (165, 165, 168)),
)


@dataclass(frozen=True, eq=False)
class Appearance:
    """How one identity looks; colours are BGR."""

    upper: Color
    lower: Color
    skin: Color
    hair: Color
    shoes: Color
    luggage: Color
    upper_texture: Image | None  # None = plain
    lower_texture: Image | None
    hair_style: str
    luggage_style: str
    long_sleeves: bool
    legwear: str  # trousers, shorts or skirt
    build: float  # widths relative to the average


def draw_appearance(rng: np.random.Generator) -> Appearance:
    """A new identity."""
    upper, lower = _clothing_color(rng), _clothing_color(rng)
    upper_pattern = str(rng.choice(PATTERNS, p=[0.34, *[0.11] * 6]))
    lower_pattern = str(rng.choice(PATTERNS, p=[0.7, *[0.05] * 6]))
    return Appearance(
        upper=upper,
        lower=lower,
        skin=SKINS[rng.integers(len(SKINS))],
        hair=HAIRS[rng.integers(len(HAIRS))],
        shoes=_clothing_color(rng),
        luggage=_clothing_color(rng),
        upper_texture=_texture(upper_pattern, upper, _clothing_color(rng), rng),
        lower_texture=_texture(lower_pattern, lower, _clothing_color(rng), rng),
        hair_style=str(rng.choice(HAIR_STYLES, p=[0.4, 0.28, 0.1, 0.16, 0.06])),
        luggage_style=str(rng.choice(LUGGAGE)),
        long_sleeves=bool(rng.random() < 0.6),
        legwear=str(rng.choice(['trousers', 'shorts', 'skirt'], p=[0.66, 0.2, 0.14])),
        build=float(rng.uniform(0.85, 1.25)),
    )


def darker(color: Color, factor: float = 0.7) -> Color:
    """The same colour with less light."""
    blue, green, red = (int(factor * value) for value in color)
    return blue, green, red


def _clothing_color(rng: np.random.Generator) -> Color:
    """Vivid, muted, or without colour from black to white."""
    kind = rng.random()
    hue, saturation, value = rng.uniform(0, 180), rng.uniform(150, 235), rng.uniform(110, 235)
    if kind > 0.55:
        saturation, value = rng.uniform(50, 110), rng.uniform(60, 210)
    if kind > 0.8:
        saturation, value = rng.uniform(0, 15), rng.choice([25, 40, 75, 130, 190, 235])
    pixel = np.array([[[hue, saturation, value]]], np.uint8)
    blue, green, red = cv2.cvtColor(pixel, cv2.COLOR_HSV2BGR)[0, 0].tolist()
    return blue, green, red


def _texture(pattern: str, first: Color, second: Color, rng: np.random.Generator) -> Image | None:
    """A square picture of cloth that covers the whole figure."""
    if pattern == 'plain':
        return None
    y, x = np.mgrid[:TEXTURE_SIZE, :TEXTURE_SIZE] / TEXTURE_SIZE
    period = rng.uniform(0.045, 0.09)
    row, column = np.floor(y / period), np.floor(x / period)
    if pattern == 'hoops':
        chosen = row % 2
    elif pattern == 'stripes':
        chosen = np.floor(x / period * 1.5) % 2
    elif pattern == 'checks':
        chosen = (row + column) % 2
    elif pattern == 'dots':
        chosen = np.hypot(x / period - column - 0.5, y / period - row - 0.5) < 0.32
    elif pattern == 'halves':
        chosen = x < 0.5
    else:
        coarse = rng.random((24, 24)).astype(np.float32)
        chosen = cv2.resize(coarse, x.shape, interpolation=cv2.INTER_CUBIC) > 0.5
    cloth = np.where(chosen[..., None] > 0, second, first).astype(np.float32)
    weave = rng.normal(0, 4, (TEXTURE_SIZE, TEXTURE_SIZE, 1))
    return np.clip(cloth + weave, 0, 255).astype(np.uint8)
