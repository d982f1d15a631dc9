"""Boxes, ids and trails on an image, with OpenCV alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmtrack_ext.association.arrays import FloatArray
from mmtrack_ext.association.detections import Detections, TrackedBoxes
from mmtrack_ext.visualization.colors import GREY, Color, color_of
from mmtrack_ext.visualization.labels import draw_label
from mmtrack_ext.visualization.trails import Trails


def draw_tracks(
    image: np.ndarray,
    tracked: TrackedBoxes,
    *,
    trails: Trails | None = None,
    class_names: Sequence[str] | None = None,
    thickness: int | None = None,
    show_scores: bool = False,
) -> np.ndarray:
    """Draw tracks on a copy of an image: trails first, then boxes, then labels.

    Boxes further down in the image, which stand nearer, are drawn over those further up.

    Args:
        image: (H, W, 3) BGR uint8, left as it is.
        tracked: the tracks of this frame, in pixels of this image.
        trails: what to remember positions in; this frame is added to it.
        class_names: by label; written where there are several.
        thickness: of lines in pixels; chosen by the size of the image if left out.
        show_scores: write scores beside the ids.

    Raises:
        ValueError: the image is no BGR uint8 image.
    """
    canvas = _copy(image)
    line = line_thickness(canvas) if thickness is None else thickness
    if trails is not None:
        trails.update(tracked)
        trails.draw(canvas, thickness=max(1, line - 1))
    corners = pixel_corners(tracked.boxes)
    order = np.argsort(tracked.boxes[:, 3], kind='stable')
    for row in order:
        _draw_box(canvas, corners[row], color_of(tracked.ids[row]), line)
    for row in order:
        text = _label(tracked, row, class_names, show_scores)
        left, top = corners[row][0] - line // 2, corners[row][1] - line // 2
        draw_label(canvas, text, (left, top), color_of(tracked.ids[row]))
    return canvas


def draw_detections(
    image: np.ndarray, detections: Detections, *, show_scores: bool = False
) -> np.ndarray:
    """Draw detections in thin grey on a copy of an image; arguments as in ``draw_tracks``."""
    canvas = _copy(image)
    line = max(1, line_thickness(canvas) // 2)
    corners = pixel_corners(detections.boxes)
    for corner in corners:
        _draw_box(canvas, corner, GREY, line)
    if show_scores:
        for corner, score in zip(corners, detections.scores, strict=True):
            draw_label(canvas, f'{score:.2f}', corner[:2], GREY)
    return canvas


def check_image(image: np.ndarray) -> None:
    """Refuse what cannot be drawn on.

    Raises:
        ValueError: this is no (H, W, 3) uint8 image.
    """
    if not isinstance(image, np.ndarray):
        raise ValueError(f'Drawing needs a NumPy image. Got {type(image).__name__}.')
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise ValueError(
            'Drawing needs a BGR image, uint8 of shape (H, W, 3). '
            f'Got {image.dtype} of shape {image.shape}.'
        )


def _copy(image: np.ndarray) -> np.ndarray:
    check_image(image)
    return np.array(image, order='C')


def line_thickness(image: np.ndarray) -> int:
    """A 360th of the shorter side in pixels, at least 2, because one alone drowns in a video."""
    return max(2, round(min(image.shape[:2]) / 360))


def pixel_corners(boxes: FloatArray) -> list[tuple[int, int, int, int]]:
    """The first pixel inside each box and the first beyond it, by rounding: x1, y1, x2, y2."""
    x1, y1, x2, y2 = np.round(boxes).T
    whole = np.stack([x1, y1, np.maximum(x2, x1 + 1), np.maximum(y2, y1 + 1)], axis=1)
    return [tuple(map(int, row)) for row in whole.tolist()]


def _draw_box(
    image: np.ndarray, corners: tuple[int, int, int, int], color: Color, thickness: int
) -> None:
    """A frame of exactly this thickness, half of it (rounded down) outside of the box.

    Filled by hand: edges at whole pixels have no stairs for OpenCV to smooth, and its lines are
    wider than asked (2 gives 3 pixels and a rim, 3 gives 5).
    """
    x1, y1, x2, y2 = corners
    outside = thickness // 2
    inside = thickness - outside
    left, top, right, bottom = x1 - outside, y1 - outside, x2 + outside, y2 + outside
    _fill(image, left, top, right, y1 + inside, color)
    _fill(image, left, y2 - inside, right, bottom, color)
    _fill(image, left, top, x1 + inside, bottom, color)
    _fill(image, x2 - inside, top, right, bottom, color)


def _fill(image: np.ndarray, left: int, top: int, right: int, bottom: int, color: Color) -> None:
    image[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = color


def _label(
    tracked: TrackedBoxes, row: int, class_names: Sequence[str] | None, show_scores: bool
) -> str:
    words = []
    label = int(tracked.labels[row])
    if class_names is not None and len(class_names) > 1:
        words.append(class_names[label] if 0 <= label < len(class_names) else f'class {label}')
    if show_scores:
        words.append(f'{tracked.scores[row]:.2f}')
    # A colon, because the space of OpenCV 5's font is so narrow that '8 0.71' reads as 80.71.
    return ': '.join([str(tracked.ids[row]), *([' '.join(words)] if words else [])])
