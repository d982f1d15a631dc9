"""What all models that track share: frames in order, a tracker for each video."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from mmdet.structures import DetDataSample
from mmengine.model import BaseModel

from mmtrack_ext.association.base_tracker import BaseTracker
from mmtrack_ext.association.detections import Detections, TrackedBoxes, wanted_rows
from mmtrack_ext.association.trackers import build_tracker
from mmtrack_ext.models.mot.training_sets import check_frames
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

    Attributes:
        learns_from_pairs: of frames, instead of single ones.

    Raises:
        ValueError: there is no such tracker, or it has other arguments.
    """

    learns_from_pairs = False

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
        if not isinstance(tracker, dict):
            raise ValueError(
                f"The 'tracker' of {type(self).__name__} must be a config, such as "
                f"dict(type='ByteTracker'). Got {tracker!r}."
            )
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

    def check_training_set(self, dataset: Any) -> None:
        """Called once before a training.

        Raises:
            ValueError: the model cannot learn from this.
        """
        check_frames(self, dataset, pairs=self.learns_from_pairs)

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

    def track(self, sample: DetDataSample, detections: Detections) -> TrackedBoxes:
        """Track one frame; the tracks are also left in ``pred_track_instances``."""
        self.enter_frame(sample)
        wanted = wanted_rows(
            detections.scores, detections.labels, min_score=self.min_score, classes=self.classes
        )
        tracked = self.tracker.update(detections[wanted], **self.tracker_options(sample))
        sample.pred_track_instances = tracked_to_instances(tracked)
        return tracked

    def tracker_options(self, sample: DetDataSample) -> dict[str, Any]:
        """What the tracker is told of a frame beside its detections."""
        return {'camera_motion': sample.get('camera_motion', None)}

    def enter_frame(self, sample: DetDataSample) -> None:
        """Start a new tracker where a video starts.

        Raises:
            ValueError: the frame does not follow the one before.
        """
        video, frame = place_of(sample)
        if frame == 0:
            self.tracker = build_tracker(self.tracker_config, sequence=video)
        elif (video, frame) != (self._video, self._next_frame):
            last = f'frame {self._next_frame - 1} of {self._video}'
            raise ValueError(
                f'Frame {frame} of {video} came after {last if self._next_frame else "nothing"}; '
                "frames must come in order: sampler=dict(type='VideoSampler')."
            )
        self._video, self._next_frame = video, frame + 1


def place_of(sample: DetDataSample) -> tuple[Any, int]:
    """The name (or number) of the video, and the number of the frame in it, from 0.

    Raises:
        ValueError: the sample does not say.
    """
    if 'frame_id' not in sample:
        raise ValueError(
            "A frame came without its number in the video ('frame_id'); end the pipeline of the "
            "dataset with dict(type='PackFrameInputs')."
        )
    return sample.get('video_name', sample.get('video_id')), sample.frame_id
