"""Tracking frames as they come."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.dataset import pseudo_collate

from mmtrack_ext.apis.models import check_classes, init_model
from mmtrack_ext.association.detections import Detections, TrackedBoxes
from mmtrack_ext.structures import instances_to_detections, instances_to_tracked
from mmtrack_ext.utils.config import load_config, looks_at_frames, replace_tracker
from mmtrack_ext.utils.register_all_modules import register_all_modules

# What reads a frame from disk, or what is known of it: the caller has the frame.
LOADING_TRANSFORMS = ('LoadImageFromFile', 'LoadAnnotations', 'LoadTrackAnnotations')


class MOTInferencer:
    """A detector and a tracker over single frames.

    Args:
        config: config file, or a config. Frames go through the pipeline of its test dataset.
        checkpoint: weights of the whole model.
        detector: weights of its detector.
        reid: weights of its re-identification network.
        tracker: config file whose ``model.tracker`` is used instead.
        device: 'cpu', 'cuda:0', ...; the GPU where there is one, if None.
        options: changes to the config, ``{'model.tracker.max_age': 60}``; to the tracker that is
            used.
        trust_checkpoint: load files that may run code.

    Raises:
        ValueError: the config has no detector, a part is without weights, a path is wrong.

    Example::

        inferencer = MOTInferencer('configs/bytetrack/....py', 'epoch_12.pth')
        for frame in frames:  # (H, W, 3) uint8, BGR
            detections, tracked = inferencer(frame)
    """

    def __init__(
        self,
        config: Path | str | Config,
        checkpoint: Path | str | None = None,
        *,
        detector: Path | str | None = None,
        reid: Path | str | None = None,
        tracker: Path | str | None = None,
        device: str | None = None,
        options: dict[str, Any] | None = None,
        trust_checkpoint: bool = False,
    ) -> None:
        register_all_modules()
        if not isinstance(config, Config):
            config = load_config(config, options, tracker=tracker)
        elif tracker is not None:
            replace_tracker(config, tracker)
        self.config = config
        if not looks_at_frames(self.config.model):
            raise ValueError('The model of this config has no detector to look at frames with.')
        dataset, pipeline = _test_dataset(self.config)
        self.class_names: tuple[str, ...] = tuple(dataset.get('metainfo', {}).get('classes', ()))
        check_classes(self.config.model.get('classes'), self.class_names)
        self.model = init_model(
            self.config,
            checkpoint,
            detector=detector,
            reid=reid,
            device=device,
            trust_checkpoint=trust_checkpoint,
        )
        self.pipeline = Compose(pipeline)
        self.reset()

    def reset(self, *, name: str = 'video') -> None:
        """Start a new video; ``name`` chooses the tracker's ``per_sequence`` arguments."""
        self.video_name = name
        self.next_frame = 0
        self.debug_maps: dict[str, Any] | None = None  # see ``show_debug_maps``

    def show_debug_maps(self) -> None:
        """Keep what the network saw in the last frame in ``debug_maps``, if the model can tell."""
        if hasattr(self.model, 'keep_debug_maps'):
            self.model.keep_debug_maps = True

    @torch.no_grad()
    def __call__(self, image: np.ndarray) -> tuple[Detections, TrackedBoxes]:
        """Detect and track the next frame.

        Args:
            image: (H, W, 3) uint8, BGR.

        Raises:
            ValueError: the image has another shape or type.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(
                f'A frame must be (H, W, 3) uint8. Got {image.shape} of type {image.dtype}.'
            )
        item = {
            'img': image,
            'img_shape': image.shape[:2],
            'ori_shape': image.shape[:2],
            'video_name': self.video_name,
            'frame_id': self.next_frame,
        }
        (sample,) = self.model.test_step(pseudo_collate([self.pipeline(item)]))
        self.next_frame += 1
        self.debug_maps = sample.get('debug_maps')
        detections = instances_to_detections(sample.pred_instances)
        return detections, instances_to_tracked(sample.pred_track_instances)


def _test_dataset(config: Config) -> tuple[dict[str, Any], list[Any]]:
    """The first dataset of the test dataloader, and its pipeline without what loads files."""
    loader = config.get('test_dataloader') or {}
    for dataset in _datasets(loader.get('dataset') or {}):
        if 'pipeline' in dataset:
            steps = dataset['pipeline']
            return dataset, [step for step in steps if _name(step) not in LOADING_TRANSFORMS]
    raise ValueError(
        'The config has no pipeline at test_dataloader.dataset to prepare frames with.'
    )


def _datasets(dataset: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A dataset's config, and those inside of wrappers."""
    yield dataset
    single = [dataset['dataset']] if 'dataset' in dataset else []
    for part in dataset.get('datasets') or single:
        yield from _datasets(part)


def _name(step: Any) -> str:
    return str(step.get('type')).rpartition('.')[2] if isinstance(step, dict) else ''
