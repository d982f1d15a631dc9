"""Camera motion, estimated where the frames are read."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.logging import print_log

from mmtrack_ext.camera_motion import CameraMotionEstimator
from mmtrack_ext.registry import SCOPE, TRANSFORMS


@TRANSFORMS.register_module()
class EstimateCameraMotion(BaseTransform):
    """The warp from the frame before; stands right after ``LoadImageFromFile``.

    Adds ``camera_motion``, (2, 3) float64 in pixels of the original image, the identity for the
    first frame of a video and where none can be found. ``PackFrameInputs`` hands it on, trackers
    move their tracks by it, and a test writes it into ``detections/SEQ.npz``.

    The last frame is remembered, so that each is read once as long as they come in order. Where
    they do not, as in the workers of a DataLoader, which share the batches out, the frame before is
    read again from ``prev_img_path``. The warps are the same, bit for bit.

    Args:
        method: 'sparse_flow' or 'ecc', see ``mmtrack_ext.camera_motion``.
        loader: config of the step that reads the frame before, as in the pipeline.
        options: the method's arguments, ``scale`` for one.

    Raises:
        ValueError: an argument is wrong; or the frame before is neither remembered nor known.
    """

    def __init__(
        self, method: str = 'sparse_flow', *, loader: dict[str, Any] | None = None, **options: Any
    ) -> None:
        self.estimator = CameraMotionEstimator(method, **options)
        self.loader = TRANSFORMS.build(
            {'_scope_': SCOPE, **(loader or {'type': 'LoadImageFromFile'})}
        )
        self._last: tuple[Any, Any] | None = None  # video and frame that the estimator saw last
        self._has_warned = False

    def transform(self, results: dict) -> dict:
        """Add the warp of the item's frame."""
        video, frame = results['video_name'], results['frame_id']
        if frame == 0 or results.get('prev_img_path', video) is None:
            self.estimator.reset()
        elif self._last != (video, frame - 1):
            self.estimator.reset()
            self.estimator(self._read_previous(results))
        self._last = None  # should the next line fail
        results['camera_motion'] = self.estimator(results['img'])
        self._last = (video, frame)
        if self.estimator.failures and not self._has_warned:
            self._has_warned = True
            print_log(
                f'{video}: no camera motion can be found at frame {frame + 1}, so none is assumed; '
                'of other frames this is not said again.',
                logger='current',
                level=logging.WARNING,
            )
        return results

    def _read_previous(self, results: dict) -> np.ndarray:
        path = results.get('prev_img_path')
        if path is None:
            raise ValueError(
                f'EstimateCameraMotion sees frame {results["frame_id"]} of '
                f'{results["video_name"]} without the one before: frames must come in order, or '
                "the dataset must give 'prev_img_path', as MOTVideoDataset does."
            )
        return np.asarray(self.loader({'img_path': path})['img'])
