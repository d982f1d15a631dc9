"""The augmentation of colours of centre-point networks.

Source: CornerNet (BSD-3) and CenterNet (MIT): the three changes, their ranges, and the eigenvectors
of the colours of ImageNet.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from mmtrack_ext.registry import TRANSFORMS

CHANGES = ('brightness', 'contrast', 'saturation')
# Of colours in [0, 1], blue first (AlexNet, section 4.1).
EIGENVALUES = np.array([0.2141788, 0.01817699, 0.00341571])
EIGENVECTORS = np.array(
    [
        [-0.58752847, -0.69563484, 0.41340352],
        [-0.5832747, 0.00994535, -0.81221408],
        [-0.56089297, 0.71832671, 0.41158938],
    ]
)
MAX_VALUE = 255.0


@TRANSFORMS.register_module()
class CenterColorJitter(BaseTransform):
    """Brightness, contrast and saturation in random order, then lighting, of one frame.

    The frames of a pair are changed independently: let ``TransformBroadcaster`` not share random
    parameters. ``img``, BGR, uint8 or float in [0, 255], becomes float32; nothing is clipped, so
    values may leave that range. The data preprocessor of the model normalises.

    Args:
        strength: the three factors are drawn from [1 - strength, 1 + strength].
        lighting: standard deviation of what is added along the eigenvectors.
        rng: NumPy's state of the worker process if None, which mmengine seeds.
    """

    def __init__(
        self,
        strength: float = 0.4,
        *,
        lighting: float = 0.1,
        rng: np.random.RandomState | None = None,
    ) -> None:
        self.strength = strength
        self.lighting = lighting
        self.rng = rng

    def transform(self, results: dict) -> dict:
        """Change the colours of ``img``."""
        image = results['img'].astype(np.float32) / MAX_VALUE
        results['img'] = change_colors(image, *self._draw()) * np.float32(MAX_VALUE)
        return results

    @cache_randomness
    def _draw(self) -> tuple[Sequence[str], np.ndarray, np.ndarray]:
        rng = np.random if self.rng is None else self.rng
        factors = 1 + rng.uniform(-self.strength, self.strength, len(CHANGES))
        lighting = self.lighting * rng.standard_normal(len(EIGENVALUES))
        return rng.permutation(CHANGES), factors, lighting


def change_colors(
    image: np.ndarray, order: Sequence[str], factors: Sequence[float], lighting: np.ndarray
) -> np.ndarray:
    """The changed image, (H, W, 3) float32.

    Contrast blends with the mean gray value and saturation with the gray image, both of the image
    as it came.

    Args:
        image: (H, W, 3) float32 BGR in [0, 1].
        order: of the changes, names from ``CHANGES``.
        factors: of each change in this order.
        lighting: (3,), multiplies the eigenvalues.
    """
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[..., None]
    others = dict(brightness=np.float32(0), contrast=gray.mean(), saturation=gray)
    for name, factor in zip(order, np.asarray(factors, np.float32), strict=True):
        image = image * factor + others[name] * (1 - factor)
    return image + (EIGENVECTORS @ (EIGENVALUES * lighting)).astype(np.float32)
