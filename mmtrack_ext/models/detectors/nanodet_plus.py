"""NanoDet-Plus: a detector for devices without an accelerator.

NanoDet-Plus 1.0 (Apache-2.0, github.com/RangiLyu/nanodet).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.logging import MessageHub
from torch import Tensor

from mmtrack_ext.models.detectors.nanodet import NanoDet
from mmtrack_ext.registry import MODELS


@MODELS.register_module()
class NanoDetPlus(NanoDet):
    """Backbone, neck and head, and in training a second neck and a larger head that teach them.

    The auxiliary neck is a copy of the neck, with weights of its own; the auxiliary head sees the
    outputs of both. Its predictions decide, in the whole training, which points answer for which
    objects. Inference does not run them, and a model without ``aux_bbox_head`` does not have them
    (its own predictions then decide).

    Args:
        backbone: config of the backbone.
        neck: config of the neck; it has ``out_channels``.
        bbox_head: config of the head.
        aux_bbox_head: config of the auxiliary head; the number of classes, levels and channels
            and ``reg_max`` are taken from head and neck where it leaves them out.
        detach_epoch: from this epoch (the first is 0) on, the auxiliary branch does not change
            backbone and neck any more; 10 in NanoDet-Plus. The epoch is the one that the Runner
            announces (``RuntimeInfoHook``), so it holds after a resume and in each process; outside
            of a Runner's training it is 0.
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
        aux_bbox_head: dict | None = None,
        detach_epoch: int = 10,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            backbone, neck, bbox_head, train_cfg=train_cfg, test_cfg=test_cfg,
            data_preprocessor=data_preprocessor, init_cfg=init_cfg,
        )  # fmt: skip
        self.detach_epoch = detach_epoch
        self.with_aux = aux_bbox_head is not None
        if self.with_aux:
            self.aux_neck = copy.deepcopy(self.neck)
            shared = dict(
                num_classes=self.bbox_head.num_classes,
                reg_max=self.bbox_head.reg_max,
                num_levels=self.bbox_head.prior_generator.num_levels,
                in_channels=2 * self.neck.out_channels,
            )
            self.aux_bbox_head = MODELS.build({**shared, **aux_bbox_head})
            self.register_load_state_dict_post_hook(_auxiliary_part_may_be_missing)

    def loss(self, batch_inputs: Tensor, batch_data_samples: Sequence) -> dict[str, Tensor]:
        """``loss_qfl, loss_bbox, loss_dfl``, and the same of the auxiliary head with ``aux_``."""
        head = self.bbox_head
        features = self.backbone(batch_inputs)
        outputs = self.neck(features)
        if not self.with_aux:
            return head.loss(outputs, batch_data_samples)
        predictions = head.flatten(*head(outputs))
        aux_predictions = head.flatten(*self.aux_bbox_head(self._aux_features(features, outputs)))
        targets = head.targets(aux_predictions, batch_data_samples)
        losses = head.losses(predictions, targets)
        aux_losses = head.losses(aux_predictions, targets)
        return losses | {f'aux_{name}': loss for name, loss in aux_losses.items()}

    def _aux_features(self, features: Sequence[Tensor], outputs: Sequence[Tensor]) -> list[Tensor]:
        """Inputs of the auxiliary head: at each level the outputs of both necks."""
        if training_epoch() >= self.detach_epoch:
            features = [x.detach() for x in features]
            outputs = [x.detach() for x in outputs]
        pairs = zip(outputs, self.aux_neck(features), strict=True)
        return [torch.cat(pair, dim=1) for pair in pairs]


def training_epoch() -> int:
    """The epoch that a Runner is training, counted from 0; 0 where none is training."""
    hub = MessageHub.get_current_instance()
    if hub.get_info('loop_stage') != 'train':
        return 0
    return hub.get_info('epoch', 0)


def _auxiliary_part_may_be_missing(model: NanoDetPlus, result: Any) -> None:
    """Files for inference lack the auxiliary branch, as a whole; inference does not run it.

    The names in ``result`` start with the place of ``model`` in what is loaded.
    """
    own = {name for name in model.state_dict() if _is_auxiliary(name)}
    needed = {name for name in own if not name.endswith('num_batches_tracked')}
    missing = {full: name for full in result.missing_keys for name in own if _ends(full, name)}
    if needed <= set(missing.values()):
        result.missing_keys[:] = [full for full in result.missing_keys if full not in missing]


def _is_auxiliary(name: str) -> bool:
    return name.startswith(('aux_neck.', 'aux_bbox_head.'))


def _ends(full_name: str, name: str) -> bool:
    return full_name == name or full_name.endswith(f'.{name}')
