"""NanoDet: a detector for devices without an accelerator.

NanoDet 1.0 (Apache-2.0, github.com/RangiLyu/nanodet).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from mmdet.models.detectors.single_stage import SingleStageDetector
from torch import Tensor

from mmtrack_ext.registry import MODELS


@MODELS.register_module()
class NanoDet(SingleStageDetector):
    """Backbone, neck and a head whose losses need nothing but the neck's outputs.

    Args:
        backbone: config of the backbone.
        neck: config of the neck.
        bbox_head: config of the head, a ``NanoDetHead``.
        train_cfg: passed to the head: ``assigner``.
        test_cfg: passed to the head: ``score_thr, nms, max_per_img, classes``.
        data_preprocessor: normalisation and padding.
        init_cfg: initial weights.
    """

    def __init__(
        self,
        backbone: dict,
        neck: dict,
        bbox_head: dict,
        *,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            backbone, neck, copy.copy(bbox_head), train_cfg=train_cfg, test_cfg=test_cfg,
            data_preprocessor=data_preprocessor, init_cfg=init_cfg,
        )  # fmt: skip

    def _forward(self, batch_inputs: Tensor, batch_data_samples: Sequence | None = None) -> Tensor:
        """The head's raw outputs (B, P, C + 4 * (reg_max + 1)), classes first, all logits."""
        predictions = self.bbox_head.flatten(*self.bbox_head(self.extract_feat(batch_inputs)))
        return torch.cat([predictions.class_logits, predictions.box_logits], dim=2)
