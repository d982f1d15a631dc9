"""QDTrack: a two-stage detector and an embedding of every box."""

from __future__ import annotations

import copy
from typing import Any

import torch
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import get_box_tensor, scale_boxes
from mmengine.config import ConfigDict
from torch import Tensor

from mmtrack_ext.association.detections import Detections
from mmtrack_ext.models.mot.base_mot_model import BaseMOTModel
from mmtrack_ext.registry import MODELS
from mmtrack_ext.structures import instances_to_detections


@MODELS.register_module()
class QDTrack(BaseMOTModel):
    """Quasi-dense similarity learning (Pang et al., CVPR 2021, arXiv 2006.06664).

    It trains with pairs of frames. The detector learns from the key frames, with their own labels;
    the track head from both. After mmdet 3.3 (``models/mot/qdtrack.py``, Apache-2.0).

    Args:
        detector: config of a two-stage detector of mmdet. Values of its ``data_preprocessor`` are
            used where this model has none.
        track_head: config of the ``QuasiDenseTrackHead``.
        freeze_detector: the detector neither learns nor updates its statistics, and gives no
            losses.
        data_preprocessor: config, of type ``FramePairPreprocessor`` for training.
        kwargs: ``tracker``, ``min_score``, ``classes``, ``init_cfg``, see ``BaseMOTModel``.

    Raises:
        ValueError: the detector has no region proposals.
    """

    learns_from_pairs = True

    def __init__(
        self,
        *,
        detector: dict[str, Any],
        track_head: dict[str, Any],
        freeze_detector: bool = False,
        data_preprocessor: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        detector = ConfigDict(detector)  # mmdet reads its train_cfg by attributes
        of_detector = detector.pop('data_preprocessor', None)
        if data_preprocessor is None and of_detector is not None:
            data_preprocessor = {**of_detector, 'type': 'FramePairPreprocessor'}
        super().__init__(data_preprocessor=data_preprocessor, **kwargs)
        self.detector = MODELS.build(detector)
        if not (getattr(self.detector, 'with_rpn', False) and self.detector.with_roi_head):
            raise ValueError(
                'The detector of QDTrack must be a two-stage detector, such as FasterRCNN. '
                f'Got {detector["type"]}, which has no region proposals.'
            )
        self.track_head = MODELS.build(track_head)
        self.freeze_detector = freeze_detector
        if freeze_detector:
            self.detector.requires_grad_(False)
            self.detector.eval()

    def check_training_set(self, dataset: Any) -> None:
        """Also refuses settings for testing alone."""
        super().check_training_set(dataset)
        for name in ('detector', 'track_head'):
            if getattr(self, name).train_cfg is None:
                raise ValueError(f'To train, QDTrack needs model.{name}.train_cfg, which is None.')

    def train(self, mode: bool = True) -> QDTrack:
        """As in PyTorch; a frozen detector stays in evaluation mode."""
        super().train(mode)
        if self.freeze_detector:
            self.detector.eval()
        return self

    def loss(self, inputs: Tensor, data_samples: list[DetDataSample]) -> dict[str, Tensor]:
        """Losses of N pairs of frames.

        Args:
            inputs: (2N, 3, H, W), the key frames and then their reference frames.
            data_samples: in the same order, with ``gt_instances`` and ``ignored_instances``.
        """
        num_pairs, rest = divmod(len(data_samples), 2)
        if rest or not num_pairs:
            raise ValueError(
                'QDTrack trains with pairs of frames; give the training dataset '
                'reference=dict(frame_range=10) and the model '
                "data_preprocessor=dict(type='FramePairPreprocessor', ...)."
            )
        keys, refs = data_samples[:num_pairs], data_samples[num_pairs:]
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.freeze_detector):
            features = self.detector.extract_feat(inputs)
        key_features = [level[:num_pairs] for level in features]
        ref_features = [level[num_pairs:] for level in features]
        losses, key_proposals = self._detector_losses(key_features, keys)
        with torch.no_grad():
            ref_proposals = _boxes(self.detector.rpn_head.predict(ref_features, refs))
        tracking = self.track_head.loss(
            key_features, ref_features, key_proposals, ref_proposals, keys, refs
        )
        return {**losses, **tracking}

    def _detector_losses(
        self, features: list[Tensor], samples: list[DetDataSample]
    ) -> tuple[dict[str, Tensor], list[Tensor]]:
        """Losses by name, none if frozen, and the proposals of each key frame."""
        rpn_head, settings = self.detector.rpn_head, self.detector.train_cfg.rpn_proposal
        if self.freeze_detector:
            with torch.no_grad():
                metas = [sample.metainfo for sample in samples]
                proposals = rpn_head.predict_by_feat(
                    *rpn_head(features), batch_img_metas=metas, cfg=settings
                )
            return {}, _boxes(proposals)
        any_object = copy.deepcopy(samples)  # a proposal has no class; the RoI head wants the true
        for sample in any_object:
            sample.gt_instances.labels = torch.zeros_like(sample.gt_instances.labels)
        losses, proposals = rpn_head.loss_and_predict(features, any_object, proposal_cfg=settings)
        losses = {name if 'rpn' in name else f'rpn_{name}': x for name, x in losses.items()}
        boxes = _boxes(proposals)  # before the RoI head renames them
        return {**losses, **self.detector.roi_head.loss(features, proposals, samples)}, boxes

    def raw_output(self, inputs: Tensor, data_samples: list[DetDataSample] | None) -> Any:
        """The detector's."""
        return self.detector(inputs, data_samples, mode='tensor')

    def detect(self, inputs: Tensor, data_samples: list[DetDataSample]) -> list[Detections]:
        """Boxes and, from the same features, their embeddings."""
        features = self.detector.extract_feat(inputs)
        proposals = self.detector.rpn_head.predict(features, data_samples, rescale=False)
        found = self.detector.roi_head.predict(features, proposals, data_samples, rescale=True)
        # The detector gives pixels of the original image, features are of the resized one.
        boxes = [
            scale_boxes(get_box_tensor(instances.bboxes), sample.scale_factor)
            for instances, sample in zip(found, data_samples, strict=True)
        ]
        embeddings = self.track_head.predict(features, boxes)
        for sample, instances, rows in zip(data_samples, found, embeddings, strict=True):
            instances.embeddings = rows.float()
            sample.pred_instances = instances
        return [instances_to_detections(instances) for instances in found]


def _boxes(proposals: list[Any]) -> list[Tensor]:
    return [get_box_tensor(instances.bboxes) for instances in proposals]
