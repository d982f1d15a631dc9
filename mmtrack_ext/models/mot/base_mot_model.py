"""What all models that track share: frames in order, a tracker for each video."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from mmdet.structures import DetDataSample
from mmengine.model import BaseModel

from mmtrack_ext.association.base_tracker import BaseTracker
from mmtrack_ext.association.detections import Detections, wanted_rows
from mmtrack_ext.association.trackers import build_tracker
from mmtrack_ext.structures import tracked_to_instances
from mmtrack_ext.utils.timing import StageTimer


class BaseMOTModel(BaseModel):
    """Detect in every frame, then associate frame after frame.

    In testing, a batch holds frames of one or several videos, each video's in order
    (``VideoSampler``).

    Args:
        tracker: config of a tracker, see ``build_tracker``. Every video gets a new one.
        data_preprocessor: config.
        min_score: detections with a lower score do not reach the tracker; None lets all pass.
        classes: class indices that reach the tracker; None lets all pass.
        init_cfg: see mmengine's ``BaseModule``.
    """

    def __init__(
        self,
        *,
        tracker: dict[str, Any],
        data_preprocessor: dict[str, Any] | None = None,
        min_score: float | None = None,
        classes: Sequence[int] | None = None,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data_preprocessor, init_cfg)
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
            inputs: (N, 3, H, W) preprocessed frames; None where frames bring their detections.
            data_samples: one a frame; in 'predict' with ``video_name`` (or ``video_id``) and
                ``frame_id`` from 0.
            mode: 'loss' (a dict of losses), 'predict' (the data samples with ``pred_instances``,
                the detections, and ``pred_track_instances``, the tracks, both in pixels of the
                original image) or 'tensor' (the raw output of the network).

        Raises:
            ValueError: the mode is unknown, or frames come out of order.
        """
        if mode == 'loss':
            return self.loss(inputs, data_samples or [])
        if mode == 'predict':
            return self.predict(inputs, data_samples or [])
        if mode == 'tensor':
            return self.raw_output(inputs, data_samples)
        raise ValueError(f"The mode must be 'loss', 'predict' or 'tensor'. Got {mode!r}.")

    @abstractmethod
    def loss(self, inputs: Any, data_samples: list[DetDataSample]) -> dict[str, torch.Tensor]:
        """The losses of a training batch."""

    @abstractmethod
    def raw_output(self, inputs: Any, data_samples: list[DetDataSample] | None) -> Any:
        """What the network gives, not decoded."""

    @abstractmethod
    def detect(self, inputs: Any, data_samples: list[DetDataSample]) -> list[Detections]:
        """The detections of every frame, also left in ``pred_instances``."""

    def predict(self, inputs: Any, data_samples: list[DetDataSample]) -> list[DetDataSample]:
        """Detect in all frames, then track them one by one."""
        with self.timer('detect'):
            found = self.detect(inputs, data_samples)
        return self.track_frames(data_samples, found)

    def track_frames(
        self, data_samples: list[DetDataSample], found: list[Detections]
    ) -> list[DetDataSample]:
        """Track frames one by one."""
        with self.timer('track'):
            for sample, detections in zip(data_samples, found, strict=True):
                self.track(sample, detections)
        return data_samples

    def track(self, sample: DetDataSample, detections: Detections) -> None:
        """Track one frame, and leave ``pred_track_instances``."""
        self.enter_frame(sample)
        wanted = wanted_rows(
            detections.scores, detections.labels, min_score=self.min_score, classes=self.classes
        )
        motion = sample.get('camera_motion', None)
        tracked = self.tracker.update(detections[wanted], camera_motion=motion)
        sample.pred_track_instances = tracked_to_instances(tracked)

    def enter_frame(self, sample: DetDataSample) -> None:
        """Start a new tracker where a video starts.

        Raises:
            ValueError: the frame does not follow the one before.
        """
        video = sample.get('video_name', sample.get('video_id'))
        if sample.frame_id == 0:
            self.tracker = build_tracker(self.tracker_config, sequence=video)
        elif video != self._video or sample.frame_id != self._next_frame:
            raise ValueError(
                f'Frame {sample.frame_id} of {video} came after frame {self._next_frame - 1} of '
                f"{self._video}; frames must come in order: sampler=dict(type='VideoSampler')."
            )
        self._video, self._next_frame = video, sample.frame_id + 1
