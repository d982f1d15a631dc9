"""A QDTrack that runs in milliseconds, boxes on random images, sampled boxes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from mmtrack_ext.registry import MODELS  # first: it installs the operators

# isort: split
from mmdet.models.task_modules import AssignResult, SamplingResult
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from mmtrack_ext.utils.config import read_config

CHANNELS = 16


@pytest.fixture(autouse=True)
def _one_thread(one_thread: None) -> None: ...


@pytest.fixture
def tiny_config(root) -> Callable[..., dict[str, Any]]:
    """The model of the SynthMOT config with fewer channels, some classes and any detector."""

    def build(detector: str = 'FasterRCNN', *, num_classes: int = 5) -> dict[str, Any]:
        path = root / 'configs' / 'qdtrack' / 'qdtrack_faster-rcnn_r18_synthmot.py'
        model = read_config(path)['model']
        parts = model['detector']
        parts['backbone']['base_channels'] = 8
        parts['neck'].update(in_channels=[8, 16, 32, 64], out_channels=CHANNELS)
        parts['rpn_head'].update(in_channels=CHANNELS, feat_channels=CHANNELS)
        roi_head = parts['roi_head']
        roi_head['bbox_roi_extractor']['out_channels'] = CHANNELS
        roi_head['bbox_head'].update(
            in_channels=CHANNELS, fc_out_channels=16, num_classes=num_classes
        )
        model['track_head']['roi_extractor']['out_channels'] = CHANNELS
        model['track_head']['embed_head'].update(
            in_channels=CHANNELS, conv_out_channels=CHANNELS, fc_out_channels=16, embed_channels=8
        )
        if detector == 'CascadeRCNN':
            parts['type'] = 'CascadeRCNN'
            roi_head.update(type='CascadeRoIHead', num_stages=2, stage_loss_weights=[1, 0.5])
            roi_head['bbox_head'] = [roi_head['bbox_head']] * 2
            parts['train_cfg']['rcnn'] = [parts['train_cfg']['rcnn']] * 2
        return model

    return build


@pytest.fixture
def tiny_model(tiny_config) -> Callable[..., Any]:
    """Built, with weights that follow from a seed and detections everywhere."""

    def build(*args: Any, freeze_detector: bool = False, **kwargs: Any) -> Any:
        torch.manual_seed(0)
        model = MODELS.build({**tiny_config(*args, **kwargs), 'freeze_detector': freeze_detector})
        for name, weight in model.named_parameters():
            if name.endswith(('fc_cls.weight', 'fc_embed.weight', 'rpn_cls.weight')):
                torch.nn.init.normal_(weight, std=0.3)
        return model.eval()

    return build


@pytest.fixture
def frame() -> Callable[..., tuple[torch.Tensor, DetDataSample]]:
    """A (3, 64, 96) image of noise with bright boxes, and its ground truth.

    Boxes are (left, top, width, height) by identity; identity ``i`` has label ``i % 5``.
    """

    def build(
        boxes: dict[int, tuple[float, ...]],
        *,
        ignored: list[tuple[float, ...]] | None = None,
        seed: int = 0,
        **meta: Any,
    ) -> tuple[torch.Tensor, DetDataSample]:
        image = torch.rand(3, 64, 96, generator=torch.Generator().manual_seed(seed))
        for identity, (x, y, w, h) in boxes.items():
            image[identity % 3, int(y) : int(y + h), int(x) : int(x + w)] += 2
        sizes = ('img_shape', 'ori_shape', 'pad_shape', 'batch_input_shape')
        meta = dict(**dict.fromkeys(sizes, (64, 96)), scale_factor=(1.0, 1.0), **meta)
        sample = DetDataSample(metainfo=meta)
        sample.gt_instances = _truth(list(boxes.values()))
        identities = torch.tensor(list(boxes), dtype=torch.long)
        sample.gt_instances.labels = identities % 5
        sample.gt_instances.instances_id = identities
        sample.ignored_instances = _truth(ignored or [])
        return image, sample

    return build


def _truth(boxes: list[tuple[float, ...]]) -> InstanceData:
    table = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    table[:, 2:] += table[:, :2]
    return InstanceData(bboxes=table, labels=torch.zeros(len(table), dtype=torch.long))


@pytest.fixture
def sampled() -> Callable[[list[int], int], SamplingResult]:
    """Positive boxes that show the given objects (from 0), then some negative ones."""

    def build(objects: list[int], num_negatives: int = 0) -> SamplingResult:
        num = len(objects) + num_negatives
        assigned = torch.tensor([*[o + 1 for o in objects], *[0] * num_negatives]).long()
        num_objects = max(objects, default=-1) + 1
        corner = torch.arange(num, dtype=torch.float32)[:, None]
        return SamplingResult(
            torch.arange(len(objects)),
            torch.arange(len(objects), num),
            torch.cat([corner, corner, corner + 10, corner + 20], 1),
            torch.zeros(num_objects, 4),
            AssignResult(num_objects, assigned, torch.zeros(num), torch.zeros(num).long()),
            torch.zeros(num, dtype=torch.uint8),
        )

    return build
