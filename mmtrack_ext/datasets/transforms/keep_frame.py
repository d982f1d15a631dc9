"""The frame as it was, beside what becomes of it."""

from __future__ import annotations

import numpy as np
from mmcv.transforms import BaseTransform

from mmtrack_ext.registry import TRANSFORMS


@TRANSFORMS.register_module()
class KeepFrame(BaseTransform):
    """Keep the original image, out of which embedders cut their boxes.

    Stands right after ``LoadImageFromFile``. Adds ``original_frame``, (H, W, 3) uint8 BGR, which
    ``PackFrameInputs`` hands to the model in the data sample. It is a copy: some transforms change
    the image in place.

    Raises:
        ValueError: there is no image yet, or it is no longer the original one.
    """

    def transform(self, results: dict) -> dict:
        """Add ``original_frame``."""
        place = "KeepFrame must stand right after dict(type='LoadImageFromFile') in the pipeline"
        image = results.get('img')
        if image is None:
            raise ValueError(f'{place}: there is no image to keep.')
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(
                f'{place}, and the image be (H, W, 3) uint8. Got {image.shape} of {image.dtype}.'
            )
        if tuple(results['ori_shape'][:2]) != image.shape[:2]:
            raise ValueError(
                f'{place}: the image is {image.shape[:2]} here, the file {results["ori_shape"]}.'
            )
        results['original_frame'] = image.copy()
        return results
