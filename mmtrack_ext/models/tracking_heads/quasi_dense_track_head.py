"""Boxes of two frames, their embeddings, and which of them are of one object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmdet.models.task_modules import SamplingResult
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import bbox2roi, get_box_tensor
from mmengine.config import ConfigDict
from mmengine.model import BaseModule
from mmengine.structures import InstanceData
from torch import Tensor

from mmtrack_ext.registry import MODELS, SCOPE, TASK_UTILS


@MODELS.register_module()
class QuasiDenseTrackHead(BaseModule):
    """QDTrack's track head (Pang et al. 2021; Apache-2.0 programs mmtracking and mmdet 3.3).

    It learns from many boxes around every object: the positive proposals of the key frame against
    the positive and negative ones of the reference frame.

    Args:
        roi_extractor: config, such as mmdet's ``SingleRoIExtractor``.
        embed_head: config of the ``QuasiDenseEmbedHead``.
        train_cfg: ``assigner`` and ``sampler``, configs, for proposals of both frames; may be left
            out where nothing is trained.
        init_cfg: see mmengine's ``BaseModule``.
    """

    def __init__(
        self,
        *,
        roi_extractor: dict[str, Any],
        embed_head: dict[str, Any],
        train_cfg: dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.roi_extractor = MODELS.build(roi_extractor)
        self.embed_head = MODELS.build(embed_head)
        self.train_cfg = train_cfg
        if train_cfg is not None:
            self.assigner = _build_task(train_cfg['assigner'])
            self.sampler = _build_task(train_cfg['sampler'])

    def loss(
        self,
        key_features: Sequence[Tensor],
        ref_features: Sequence[Tensor],
        key_proposals: Sequence[Tensor],
        ref_proposals: Sequence[Tensor],
        key_samples: Sequence[DetDataSample],
        ref_samples: Sequence[DetDataSample],
    ) -> dict[str, Tensor]:
        """``loss_track`` and ``loss_track_aux`` of N pairs of frames.

        Args:
            key_features: levels of the feature pyramid, (N, C, H, W) each.
            ref_features: likewise, of the reference frames.
            key_proposals: for every frame (R, 4) xyxy in pixels of the input.
            ref_proposals: likewise.
            key_samples: with ``gt_instances`` (``bboxes, labels, instances_id``) and, where there
                are any, ``ignored_instances``.
            ref_samples: likewise.

        Raises:
            ValueError: objects come without identities.
        """
        keys = [self.sample(*frame) for frame in zip(key_proposals, key_samples, strict=True)]
        refs = [self.sample(*frame) for frame in zip(ref_proposals, ref_samples, strict=True)]
        matches = [
            match_identities(_identities(key), _identities(ref))
            for key, ref in zip(key_samples, ref_samples, strict=True)
        ]
        return self.embed_head.loss(
            self.roi_features(key_features, [sampled.pos_priors for sampled in keys]),
            self.roi_features(ref_features, [sampled.priors for sampled in refs]),
            keys,
            refs,
            matches,
        )

    def predict(self, features: Sequence[Tensor], boxes: Sequence[Tensor]) -> list[Tensor]:
        """For every frame the (D, C) embeddings of its (D, 4) boxes, in pixels of the input."""
        embeddings = self.embed_head(self.roi_features(features, boxes))
        return list(embeddings.split([len(one) for one in boxes]))

    def sample(self, proposals: Tensor, sample: DetDataSample) -> SamplingResult:
        """Proposals of one frame by the object that each shows, as many as are trained with."""
        priors = InstanceData(priors=proposals)
        truth = InstanceData(
            bboxes=get_box_tensor(sample.gt_instances.bboxes), labels=sample.gt_instances.labels
        )
        ignored = sample.get('ignored_instances')
        return self.sampler.sample(self.assigner.assign(priors, truth, ignored), priors, truth)

    def roi_features(self, features: Sequence[Tensor], boxes: Sequence[Tensor]) -> Tensor:
        """(boxes of all frames, C, side, side) features of boxes, frame by frame."""
        levels = features[: self.roi_extractor.num_inputs]
        extracted: Tensor = self.roi_extractor(levels, bbox2roi(list(boxes)))
        return extracted


def match_identities(key: Tensor, ref: Tensor) -> Tensor:
    """Which object of the reference frame each of the key frame is.

    Args:
        key: (K,) identities of objects, from 0; -1 is an unknown one, which is nobody's.
        ref: (R,) likewise.

    Returns:
        (K,) index into ``ref``, -1 where the object is not there.
    """
    same = (key[:, None] == ref) & (key >= 0)[:, None]
    index: Tensor = same.int().argmax(1) if len(ref) else key.new_zeros(len(key))
    return index.masked_fill(~same.any(1), -1)


def _identities(sample: DetDataSample) -> Tensor:
    if 'instances_id' not in sample.gt_instances:
        raise ValueError(
            'QDTrack learns from identities, and a training frame came without them; load them '
            "with dict(type='LoadTrackAnnotations') instead of dict(type='LoadAnnotations')."
        )
    identities: Tensor = sample.gt_instances.instances_id
    return identities


def _build_task(config: dict[str, Any]) -> Any:
    """An assigner or sampler; the scope makes mmdet's samplers find parts of ours, too."""
    return TASK_UTILS.build(ConfigDict(_scope_=SCOPE, **config))
