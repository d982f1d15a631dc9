"""Any detector, any embedder, any tracker: detect every frame, describe, associate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from mmdet.structures import DetDataSample
from mmengine.model import BaseModel

from mmtrack_ext.association.base_tracker import BaseTracker
from mmtrack_ext.association.detections import Detections, wanted_rows
from mmtrack_ext.association.trackers import build_tracker
from mmtrack_ext.registry import MODELS
from mmtrack_ext.structures import (
    detections_to_instances,
    instances_to_detections,
    to_numpy,
    tracked_to_instances,
)
from mmtrack_ext.utils.timing import StageTimer


@MODELS.register_module()
class TrackingByDetection(BaseModel):
    """Tracking by detection.

    In training it is its detector. In testing, a batch holds frames of one or several videos, each
    video's in order (``VideoSampler``): the detector sees the batch at once, the tracker one frame
    after the other.

    Args:
        detector: config of any mmdet detector; its ``data_preprocessor`` becomes this model's. None
            where the frames bring their detections (transform ``LoadDetections``).
        reid: config of an embedder (``models.reid``), which describes every detection, in the frame
            as ``KeepFrame`` has kept it; also what ``min_score`` and ``classes`` then leave out, so
            that the cached detections serve any choice. Embeddings that came with the detections
            are replaced. None leaves those.
        tracker: config of a tracker, see ``build_tracker``. Every video gets a new one.
        data_preprocessor: config, instead of the detector's.
        min_score: detections with a lower score do not reach the tracker; None lets all pass.
        classes: class indices that reach the tracker; None lets all pass.
        init_cfg: see mmengine's ``BaseModule``.
    """

    def __init__(
        self,
        *,
        tracker: dict[str, Any],
        detector: dict[str, Any] | None = None,
        reid: dict[str, Any] | None = None,
        data_preprocessor: dict[str, Any] | None = None,
        min_score: float | None = None,
        classes: Sequence[int] | None = None,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        detector = dict(detector) if detector is not None else None
        if detector is not None:
            of_detector = detector.pop('data_preprocessor', None)
            data_preprocessor = data_preprocessor or of_detector
        super().__init__(data_preprocessor, init_cfg)
        self.detector = MODELS.build(detector) if detector is not None else None
        self.reid = MODELS.build(reid) if reid is not None else None
        self.tracker_config = dict(tracker)
        self.tracker: BaseTracker = build_tracker(self.tracker_config)
        self.min_score = min_score
        self.classes = classes
        self.timer = StageTimer()
        self._video: Any = None  # name of the video that the tracker is in
        self._next_frame = 0

    def forward(
        self,
        inputs: torch.Tensor | None = None,
        data_samples: list[DetDataSample] | None = None,
        mode: str = 'tensor',
    ) -> Any:
        """As mmengine's models.

        Args:
            inputs: (N, 3, H, W) preprocessed frames; None without a detector.
            data_samples: one a frame; in 'predict' with ``video_name`` (or ``video_id``) and
                ``frame_id`` from 0.
            mode: 'loss' (a dict of the detector's losses), 'predict' (the data samples with
                ``pred_instances``, the detections, and ``pred_track_instances``, the tracks, both
                in pixels of the original image) or 'tensor' (the detector's raw output).

        Raises:
            ValueError: the mode is unknown, or frames come out of order.
        """
        if mode == 'predict':
            return self.predict(inputs, data_samples or [])
        if self.detector is None:
            raise ValueError('This model has no detector, so there is nothing to train or export.')
        return self.detector(inputs, data_samples, mode=mode)

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
        with self.timer('track'):
            for sample, detections in zip(data_samples, found, strict=True):
                self.track(sample, detections)
        return data_samples

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

    def track(self, sample: DetDataSample, detections: Detections) -> None:
        """Track one frame; a new video starts with a new tracker."""
        video = sample.get('video_name', sample.get('video_id'))
        if sample.frame_id == 0:
            self.tracker = build_tracker(self.tracker_config, sequence=video)
        elif video != self._video or sample.frame_id != self._next_frame:
            raise ValueError(
                f'Frame {sample.frame_id} of {video} came after frame {self._next_frame - 1} of '
                f"{self._video}; frames must come in order: sampler=dict(type='VideoSampler')."
            )
        self._video, self._next_frame = video, sample.frame_id + 1
        wanted = wanted_rows(
            detections.scores, detections.labels, min_score=self.min_score, classes=self.classes
        )
        motion = sample.get('camera_motion', None)
        tracked = self.tracker.update(detections[wanted], camera_motion=motion)
        sample.pred_track_instances = tracked_to_instances(tracked)
