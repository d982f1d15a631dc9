"""Any exported re-identification network, run by onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmtrack_ext.models.onnx_session import CPU, ONNXSessionMixin, first_line
from mmtrack_ext.models.reid.base_embedder import BaseEmbedder
from mmtrack_ext.registry import MODELS

# Of ImageNet in 0..255, red first, as every config of OpenMMLab has them.
IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)


@MODELS.register_module()
class ONNXEmbedder(ONNXSessionMixin, BaseEmbedder):
    """A network in an ``.onnx`` file that turns (N, 3, height, width) crops into (N, C) vectors.

    Its first output is taken, and divided by its length row by row. It runs on as many threads as
    torch does (``OMP_NUM_THREADS``).

    Args:
        path: the file; one input of float32.
        size: (height, width) of its input.
        mean: of each channel, in the order that the network takes them, in 0..255.
        std: likewise.
        to_rgb: whether the network takes red first.
        batch_size: how many crops go in at a time; a file made for a fixed number overrules it.
        providers: of onnxruntime, the first that works is taken.
        init_cfg: see mmengine's ``BaseModule``.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: onnxruntime is not installed, or the file is no such network; tried out at once.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        size: tuple[int, int] = (256, 128),
        mean: Sequence[float] = IMAGENET_MEAN,
        std: Sequence[float] = IMAGENET_STD,
        to_rgb: bool = True,
        batch_size: int = 32,
        providers: Sequence[str] = CPU,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(size=size, batch_size=batch_size, init_cfg=init_cfg)
        self.mean = np.array(mean, np.float32)
        self.std = np.array(std, np.float32)
        if self.mean.shape != (3,) or self.std.shape != (3,) or not (self.std > 0).all():
            raise ValueError(
                "The 'mean' and 'std' parameters of ONNXEmbedder must be three numbers each, 'std' "
                f'above 0. Got {mean} and {std} instead.'
            )
        self.to_rgb = to_rgb
        self.open(path, providers=providers)
        fixed = _check_input(self.path, self.session, self.size)
        self.padded = fixed is not None
        self.batch_size = fixed or self.batch_size
        self.num_channels = self._try_out()

    def embed(self, crops: np.ndarray) -> np.ndarray:
        """(n, height, width, 3) uint8 BGR crops as (n, C), not yet of unit length."""
        images = self.preprocess(crops)
        if self.padded:
            missing = self.batch_size - len(images)
            images = np.pad(images, ((0, missing), (0, 0), (0, 0), (0, 0)))
        (node,) = self.session.get_inputs()
        output: np.ndarray = self.session.run(None, {node.name: images})[0]
        return output[: len(crops)]

    def preprocess(self, crops: np.ndarray) -> np.ndarray:
        """(n, height, width, 3) uint8 BGR as (n, 3, height, width) float32, normalised."""
        channels = crops[..., ::-1] if self.to_rgb else crops
        normalised = (channels - self.mean) / self.std
        return np.ascontiguousarray(normalised.transpose(0, 3, 1, 2))

    def _try_out(self) -> int:
        """C, of the embedding of a black crop."""
        try:
            output = self.embed(np.zeros((1, *self.size, 3), np.uint8))
        except Exception as error:  # of onnxruntime, for an input that no layer takes
            raise ValueError(f'{self.path}: the network fails: {first_line(error)}') from None
        if output.ndim != 2 or not output.shape[1]:
            raise ValueError(
                f'{self.path}: the network must give one vector a crop, (N, C). '
                f'Got {output.shape} for one crop.'
            )
        return int(output.shape[1])


def _check_input(path: str, session: Any, size: tuple[int, int]) -> int | None:
    """The number of crops that the network is fixed to, or None where any will do.

    Raises:
        ValueError: it does not take float32 (N, 3, *size).
    """
    inputs = session.get_inputs()
    shapes = [f'{node.name} {node.shape} {node.type}' for node in inputs]
    shape = inputs[0].shape if len(inputs) == 1 and inputs[0].type == 'tensor(float)' else []
    # A free side has a name, or none, instead of a number.
    fits = [not isinstance(n, int) or n == m for n, m in zip(shape[1:], (3, *size), strict=False)]
    if len(shape) != 4 or not all(fits):
        raise ValueError(
            f'{path}: ONNXEmbedder gives (N, 3, {size[0]}, {size[1]}) of float32, but the network '
            f'takes {"; ".join(shapes)}. The parameter size=(height, width) changes the last two.'
        )
    return shape[0] if isinstance(shape[0], int) and shape[0] > 0 else None
