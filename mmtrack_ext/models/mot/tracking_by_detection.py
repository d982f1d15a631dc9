"""Any detector, any embedder, any tracker: detect every frame, describe, associate."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from mmdet.structures import DetDataSample

from mmtrack_ext.association.detections import Detections
from mmtrack_ext.models.mot.base_mot_model import BaseMOTModel
from mmtrack_ext.registry import MODELS
from mmtrack_ext.structures import (
    detections_to_instances,
    instances_to_detections,
    to_numpy,
)


@MODELS.register_module()
class TrackingByDetection(BaseMOTModel):
    """Tracking by detection.

    In training it is its detector. In testing the detector sees a batch of frames at once, the
    tracker one frame after the other.

    Args:
        detector: config of any mmdet detector; its ``data_preprocessor`` becomes this model's. None
            where the frames bring their detections (transform ``LoadDetections``).
        reid: config of an embedder (``models.reid``), which describes every detection, in the frame
            as ``KeepFrame`` has kept it; also what ``min_score`` and ``classes`` then leave out, so
            that the cached detections serve any choice. Embeddings that came with the detections
            are replaced. None leaves those.
        data_preprocessor: config, instead of the detector's.
        kwargs: ``tracker``, ``min_score``, ``classes``, ``init_cfg``, see ``BaseMOTModel``.
    """

    def __init__(
        self,
        *,
        detector: dict[str, Any] | None = None,
        reid: dict[str, Any] | None = None,
        data_preprocessor: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        detector = dict(detector) if detector is not None else None
        if detector is not None:
            of_detector = detector.pop('data_preprocessor', None)
            data_preprocessor = data_preprocessor or of_detector
        super().__init__(data_preprocessor=data_preprocessor, **kwargs)
        self.detector = MODELS.build(detector) if detector is not None else None
        self.reid = MODELS.build(reid) if reid is not None else None

    def loss(
        self, inputs: torch.Tensor, data_samples: list[DetDataSample]
    ) -> dict[str, torch.Tensor]:
        """The detector's."""
        losses: dict[str, torch.Tensor] = self._detector(inputs, data_samples, mode='loss')
        return losses

    def raw_output(self, inputs: torch.Tensor, data_samples: list[DetDataSample] | None) -> Any:
        """The detector's."""
        return self._detector(inputs, data_samples, mode='tensor')

    @property
    def _detector(self) -> Any:
        if self.detector is None:
            raise ValueError('This model has no detector, so there is nothing to train or export.')
        return self.detector

    def predict(
        self, inputs: torch.Tensor | None, data_samples: list[DetDataSample]
    ) -> list[DetDataSample]:
        """Detect all frames, describe what is in them, then track them one by one."""
        with self.timer('detect'):
            found = self.detect(inputs, data_samples)
        if self.reid is not None:
            with self.timer('embed'):
                found = [
                    self.embed(sample, detections)
                    for sample, detections in zip(data_samples, found, strict=True)
                ]
        return self.track_frames(data_samples, found)

    def detect(
        self, inputs: torch.Tensor | None, data_samples: list[DetDataSample]
    ) -> list[Detections]:
        """The detections of every frame, also left in ``pred_instances``."""
        if self.detector is not None:
            self.detector.predict(inputs, data_samples, rescale=True)
            return [instances_to_detections(sample.pred_instances) for sample in data_samples]
        for sample in data_samples:
            if 'detections' not in sample:
                raise ValueError(
                    'This model has no detector and a frame came without detections; '
                    "add dict(type='LoadDetections', path=...) to the pipeline of the dataset."
                )
            sample.pred_instances = detections_to_instances(sample.detections)
        return [sample.detections for sample in data_samples]

    def embed(self, sample: DetDataSample, detections: Detections) -> Detections:
        """The detections of one frame with their embeddings, also left in ``pred_instances``."""
        frame = sample.get('original_frame')
        if frame is None:
            raise ValueError(
                'This model has a reid, and a frame came without its image; add '
                "dict(type='KeepFrame') right after dict(type='LoadImageFromFile') to the pipeline "
                'of the dataset.'
            )
        embeddings = to_numpy(self.reid(frame, detections.boxes))
        detections = replace(detections, embeddings=embeddings)
        sample.pred_instances = detections_to_instances(detections)
        return detections
