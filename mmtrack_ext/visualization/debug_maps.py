"""Pictures of what a network saw in a frame: its maps laid over the frame."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from mmtrack_ext.association.detections import Detections, motion_starts
from mmtrack_ext.visualization.colors import Color
from mmtrack_ext.visualization.drawing import line_thickness
from mmtrack_ext.visualization.labels import draw_label

ARROW: Color = (0, 255, 255)
CAPTION: Color = (255, 255, 255)


def debug_picture(
    drawn: np.ndarray,
    image: np.ndarray,
    maps: Mapping[str, np.ndarray | None],
    detections: Detections,
) -> np.ndarray:
    """Four panels of half the size: tracks, heat map with displacements, prior, embeddings.

    Args:
        drawn: (H, W, 3) BGR uint8, the frame with its tracks.
        image: the frame itself, of the same size.
        maps: ``heatmap`` (h, w) and ``prior_heatmap`` (h', w') 0..1, ``embedding`` (h, w, 3) uint8
            BGR, each None or absent where there is none; and ``warp_matrix`` (2, 3), from pixels
            of the frame to those of the network's input, with ``input_shape`` its (height, width).
        detections: of the frame; arrows lead from their ``centers`` (or the middle of their boxes)
            to where they were in the frame before.

    Returns:
        A picture as large as the frame.
    """
    seen = blend(image, on_frame(maps, 'heatmap', image))
    draw_displacements(seen, detections)
    panels = {
        'tracks': drawn,
        'heat map, displacements': seen,
        'prior heat map': blend(image, on_frame(maps, 'prior_heatmap', image)),
        'embeddings': on_frame(maps, 'embedding', image),
    }
    height, width = image.shape[:2]
    half = ((width + 1) // 2, (height + 1) // 2)
    small = [_panel(name, panel, half) for name, panel in panels.items()]
    return np.vstack([np.hstack(small[:2]), np.hstack(small[2:])])[:height, :width]


def on_frame(
    maps: Mapping[str, np.ndarray | None], name: str, image: np.ndarray
) -> np.ndarray | None:
    """A map of the network, warped to the pixels of the frame; black outside of it."""
    values = maps.get(name)
    if values is None:
        return None
    stride = np.asarray(maps['input_shape'])[0] / values.shape[0]
    size = (image.shape[1], image.shape[0])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(values, np.asarray(maps['warp_matrix']) / stride, size, flags=flags)


def blend(image: np.ndarray, heat: np.ndarray | None) -> np.ndarray | None:
    """The frame, covered by colour (blue to red) the more the higher the heat, 0..1."""
    if heat is None:
        return None
    heat = np.clip(heat, 0, 1)
    color = cv2.applyColorMap((heat * 255).astype(np.uint8), cv2.COLORMAP_JET)
    share = heat[..., None]
    return np.round(image * (1 - share) + color * share).astype(np.uint8)


def draw_displacements(image: np.ndarray | None, detections: Detections) -> None:
    """Arrows from the present centres to those of the frame before, into the image."""
    if image is None or detections.displacements is None:
        return
    starts = motion_starts(detections)
    thickness = line_thickness(image)
    for start, end in zip(starts, starts + detections.displacements, strict=True):
        ends = [tuple(map(int, np.round(point))) for point in (start, end)]
        cv2.arrowedLine(image, *ends, ARROW, thickness, cv2.LINE_AA, tipLength=0.3)


def _panel(name: str, panel: np.ndarray | None, size: tuple[int, int]) -> np.ndarray:
    if panel is None:
        small = np.zeros((size[1], size[0], 3), np.uint8)
        name = f'no {name}'
    else:
        small = cv2.resize(panel, size, interpolation=cv2.INTER_AREA)
    draw_label(small, name, (0, size[1]), CAPTION)  # frame numbers stand above
    return small
