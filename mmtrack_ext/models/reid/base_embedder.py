"""What embedders share: crops in batches, unit length, zeros where nothing is seen."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from mmengine.model import BaseModule

from mmtrack_ext.models.reid.crops import crop_boxes


class BaseEmbedder(BaseModule):
    """Describes the appearance of boxes.

    Called with a frame and its boxes, it returns a NumPy array, as trackers take it. A subclass
    sets ``num_channels`` and describes crops in ``embed``.

    Args:
        size: (height, width) that boxes are stretched to.
        batch_size: how many crops are described at a time.
        init_cfg: see mmengine's ``BaseModule``.

    Attributes:
        num_channels: C, length of an embedding.

    Raises:
        ValueError: ``size`` is no pair of whole numbers above 0, or ``batch_size`` is below 1.
    """

    num_channels: int

    def __init__(
        self,
        *,
        size: tuple[int, int],
        batch_size: int = 32,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.size = check_counts(self, 'size', size, length=2)
        (self.batch_size,) = check_counts(self, 'batch_size', [batch_size], length=1)

    @abstractmethod
    def embed(self, crops: np.ndarray) -> np.ndarray:
        """(n, height, width, 3) uint8 BGR crops as (n, C); of any length above 0."""

    def forward(self, frame: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        """The embeddings of boxes.

        Args:
            frame: (H, W, 3) uint8, BGR: the original one, not what a detector sees.
            boxes: (N, 4) xyxy in its pixels.

        Returns:
            (N, C) float32, each row of length 1; or zero where the box has no pixel, which
            trackers take for an unknown appearance: at cosine distance 1 from all.

        Raises:
            ValueError: the frame has another shape or type.
        """
        if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
            raise ValueError(
                f'{type(self).__name__} takes frames of (H, W, 3) uint8. '
                f'Got {frame.shape} of type {frame.dtype}.'
            )
        embeddings = np.zeros((len(boxes), self.num_channels), np.float32)
        for start in range(0, len(boxes), self.batch_size):
            part = embeddings[start : start + self.batch_size]
            crops, seen = crop_boxes(frame, boxes[start : start + self.batch_size], self.size)
            if seen.any():
                part[seen] = unit_rows(self.embed(crops[seen]))
        return embeddings


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """(N, C) rows divided by their lengths; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)


def check_counts(owner: Any, name: str, values: Any, *, length: int) -> tuple[int, ...]:
    """``length`` whole numbers above 0, as a tuple.

    Raises:
        ValueError: they are not; names the parameter of ``owner``.
    """
    good = isinstance(values, list | tuple) and len(values) == length
    if not good or not all(
        isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in values
    ):
        wanted = f'{length} whole numbers above 0' if length > 1 else 'a whole number above 0'
        got = values if length > 1 else values[0]
        raise ValueError(
            f"The '{name}' parameter of {type(owner).__name__} must be {wanted}. "
            f'Got {got!r} instead.'
        )
    return tuple(values)
