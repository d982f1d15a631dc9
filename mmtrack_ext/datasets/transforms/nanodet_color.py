"""NanoDet's augmentation of colours.

NanoDet 1.0 (Apache-2.0, github.com/RangiLyu/nanodet), ``color_aug_and_norm`` of
``nanodet/data/transform/color.py``: its steps and their order.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from mmtrack_ext.registry import TRANSFORMS

MAX_VALUE = 255.0


@TRANSFORMS.register_module()
class NanoDetColor(BaseTransform):
    """Brightness, then contrast, then saturation, each in every other image.

    Of colours in [0, 1]: brightness is added to all channels, contrast multiplies them, saturation
    multiplies S of HSV. Nothing is clipped or rounded, so the image, uint8 BGR, becomes float32 in
    about [0, 255], which the data preprocessor of the model then normalises.

    Args:
        brightness: the most that is added or taken away.
        contrast: range of the factor.
        saturation: range of the factor.
        prob: how often each of the three is done, independent of the others.

    Raises:
        ValueError: a range is none, or the image is not (H, W, 3).
    """

    def __init__(
        self,
        brightness: float = 0.2,
        contrast: Sequence[float] = (0.6, 1.4),
        saturation: Sequence[float] = (0.5, 1.2),
        *,
        prob: float = 0.5,
    ) -> None:
        for name, values in (('contrast', contrast), ('saturation', saturation)):
            if len(values) != 2 or not 0 <= values[0] <= values[1]:
                raise ValueError(
                    f'The {name!r} parameter of NanoDetColor must be (low, high) with '
                    f'0 <= low <= high. Got {values!r} instead.'
                )
        self.brightness = brightness
        self.contrast = tuple(contrast)
        self.saturation = tuple(saturation)
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Change the colours of ``img``."""
        image = results['img']
        if image.ndim != 3 or image.shape[2] != 3:
            raise ValueError(f'NanoDetColor needs an image of (H, W, 3) BGR. Got {image.shape}.')
        added, factor, saturation = self._draw()
        image = image.astype(np.float32) / MAX_VALUE
        if added is not None:
            image += np.float32(added)
        if factor is not None:
            image *= np.float32(factor)
        if saturation is not None:
            hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
            hsv[..., 1] *= np.float32(saturation)
            image = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
        results['img'] = image * np.float32(MAX_VALUE)
        return results

    @cache_randomness
    def _draw(self) -> tuple[float | None, float | None, float | None]:
        """What is added, and the two factors; None for a step that is left out."""
        ranges = ((-self.brightness, self.brightness), self.contrast, self.saturation)
        drawn = [
            random.uniform(*limits) if random.random() < self.prob else None for limits in ranges
        ]
        return drawn[0], drawn[1], drawn[2]
