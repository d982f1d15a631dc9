"""JointTrackNet: detection, displacement and identity in one network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmdet.structures import DetDataSample
from torch import Tensor

from mmtrack_ext.association.detections import Detections, TrackedBoxes
from mmtrack_ext.models.mot.base_mot_model import BaseMOTModel, place_of
from mmtrack_ext.models.mot.joint_track_checks import check_heads, check_public, complete_test_cfg
from mmtrack_ext.models.mot.joint_track_inputs import (
    check_identified,
    check_size,
    empty_heatmaps,
    previous_images,
    prior_heatmaps,
    public_centers,
    warp_matrix,
)
from mmtrack_ext.models.mot.training_sets import check_identities
from mmtrack_ext.models.tracking_heads.center_decoding import (
    Outputs,
    decode,
    detections_of,
    embedding_colors,
    grid_to_image,
)
from mmtrack_ext.registry import MODELS
from mmtrack_ext.structures import detections_to_instances, to_numpy


@MODELS.register_module()
class JointTrackNet(BaseMOTModel):
    """A network that sees a frame, the one before, and where things were in that.

    CenterTrack (Zhou et al., ECCV 2020) with an embedding of every centre (JointTrackNet, MIT,
    github.com/simsekfe/JointTrackNet). What the backbone has no stem for is not fed to it
    (``use_prev_img``, ``use_prior_heatmap`` of ``DLANet``), so that any backbone serves.

    With the prior heat map a frame needs the tracks of the one before, so the frames of a batch go
    through the network one by one; without it, at once.

    Args:
        backbone: config of ``DLANet`` or another backbone.
        neck: config of ``DLAUpNeck``, from its maps to one.
        bbox_head: config of ``JointTrackHead``.
        criterion: config of ``JointTrackLoss``; may be left out where nothing is trained.
        test_cfg: what differs from ``TEST_CFG`` (joint_track_checks.py): ``max_detections`` before
            ``min_score``, which detections must exceed; ``use_prior_heatmap`` (False leaves the
            stem out), ``zero_prior_heatmap`` (its map is always empty) and ``prior_min_score`` of
            the tracks that are drawn; ``flip_test``: also look at the mirrored frame;
            ``track_center`` and ``zero_displacement``, see ``detections_of``;
            ``public_detections``: tracks start only where the frame's ``detections`` (transform
            ``LoadDetections``) are.
        frozen_parts: names of modules, such as 'backbone', 'neck.dla_up' or 'bbox_head.hm', that
            neither learn nor update their statistics.
        kwargs: ``tracker``, ``data_preprocessor`` (for training of type
            ``FramePairPreprocessor``), ``min_score``, ``classes``, ``init_cfg``, see
            ``BaseMOTModel``.

    Attributes:
        keep_debug_maps: leave ``debug_maps`` in the data samples, see ``debug_picture``.

    Raises:
        ValueError: ``test_cfg`` or ``frozen_parts`` are wrong, or parts do not fit together.
    """

    learns_from_pairs = True

    def __init__(
        self,
        *,
        backbone: dict[str, Any],
        neck: dict[str, Any],
        bbox_head: dict[str, Any],
        criterion: dict[str, Any] | None = None,
        test_cfg: dict[str, Any] | None = None,
        frozen_parts: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.backbone = MODELS.build(backbone)
        self.neck = MODELS.build(neck)
        self.bbox_head = MODELS.build(bbox_head)
        self.criterion = MODELS.build(criterion) if criterion is not None else None
        check_heads(self.bbox_head, self.criterion)
        self.test_cfg = complete_test_cfg(test_cfg)
        if self.test_cfg['public_detections']:
            check_public(self.tracker)
        self.frozen_parts = tuple(frozen_parts)
        for part in self._frozen_modules():
            part.requires_grad_(False).eval()
        self.keep_debug_maps = False
        self._last_image: Tensor | None = None  # (1, 3, H, W), preprocessed
        self._last_tracks = TrackedBoxes.empty()

    # The network.

    def network(
        self, images: Tensor, previous: Tensor | None = None, prior_heatmap: Tensor | None = None
    ) -> Outputs:
        """Raw maps of the heads.

        Args:
            images: (B, 3, H, W).
            previous: (B, 3, H, W) the frames before; None where the backbone does without.
            prior_heatmap: (B, 1, H, W) likewise.
        """
        more = {'prev_img': previous, 'prior_heatmap': prior_heatmap}
        given = {name: value for name, value in more.items() if value is not None}
        outputs: Outputs = self.bbox_head(self.neck(self.backbone(images, **given)))
        return outputs

    def raw_output(self, inputs: Any, data_samples: list[DetDataSample] | None = None) -> Outputs:
        """Raw maps of frames (B, 3, H, W), or of a tuple of what ``network`` takes.

        Frames alone are first frames: they are their own previous frames.
        """
        if not isinstance(inputs, Tensor):
            return self.network(*inputs)
        previous = inputs if self._takes('prev_img') else None
        prior = empty_heatmaps(inputs) if self._uses_prior() else None
        return self.network(inputs, previous, prior)

    def loss(self, inputs: Tensor, data_samples: list[DetDataSample]) -> dict[str, Tensor]:
        """Losses of N pairs of frames.

        Args:
            inputs: (2N, 3, H, W), the key frames, then the frame before each.
            data_samples: in the same order; the key frames' with what ``CenterTargets`` makes.

        Raises:
            ValueError: there is no criterion, or frames came without targets.
        """
        count, rest = divmod(len(inputs), 2)
        keys = data_samples[:count]
        if self.criterion is None:
            raise ValueError("To train, JointTrackNet needs criterion=dict(type='JointTrackLoss').")
        if rest or not count or any('gt_heatmap' not in sample for sample in keys):
            raise ValueError(
                'JointTrackNet trains with pairs of frames and their targets; give the training '
                'dataset reference=dict(frame_range=2, include_key=True), the transform '
                "dict(type='CenterTargets') and the model "
                "data_preprocessor=dict(type='FramePairPreprocessor', ...)."
            )
        check_size(inputs)
        if {'tracking', 'embedding'} & set(getattr(self.bbox_head, 'heads', ())):
            check_identified(keys)
        images, previous = inputs.split(count)
        prior = None
        if self._takes('prior_heatmap'):
            prior = torch.stack([sample.prior_heatmap.heatmap for sample in keys]).to(images)
        outputs = self.network(images, previous if self._takes('prev_img') else None, prior)
        losses: dict[str, Tensor] = self.criterion(outputs, keys)
        return losses

    def check_training_set(self, dataset: Any) -> None:
        """Also refuses more identities than the loss knows."""
        super().check_training_set(dataset)
        identity = getattr(self.criterion, 'identity', None)
        if identity is not None:
            check_identities(dataset, identity.num_ids)

    # Tracking.

    def predict(self, inputs: Tensor, data_samples: list[DetDataSample]) -> list[DetDataSample]:
        """Detect in all frames, then track; one by one where the network sees the tracks."""
        if not self._uses_prior() or self.test_cfg['zero_prior_heatmap']:
            return super().predict(inputs, data_samples)
        for frame, sample in zip(inputs, data_samples, strict=True):
            super().predict(frame[None], [sample])
        return data_samples

    @torch.no_grad()
    def detect(self, inputs: Tensor, data_samples: list[DetDataSample]) -> list[Detections]:
        """The detections of every frame, also left in ``pred_instances``."""
        check_size(inputs)
        video, frame = place_of(data_samples[0])
        if frame and (video, frame) != (self._video, self._next_frame):
            self.enter_frame(data_samples[0])  # which refuses it
        cfg = self.test_cfg
        previous, prior = self._given_beside(inputs, data_samples)
        given = [inputs, previous, prior]
        if cfg['flip_test']:
            given = [x if x is None else torch.cat([x, x.flip(-1)]) for x in given]
        outputs = self.network(*given)
        decoded = decode(outputs, max_detections=cfg['max_detections'], flipped=cfg['flip_test'])
        stride = inputs.shape[-1] / outputs['hm'].shape[-1]
        found = []
        for index, sample in enumerate(data_samples):
            detections = detections_of(
                decoded,
                index,
                grid_to_image(warp_matrix(sample), stride),
                min_score=cfg['min_score'],
                track_center=cfg['track_center'],
                zero_displacement=cfg['zero_displacement'],
            )
            sample.pred_instances = detections_to_instances(detections)
            if self.keep_debug_maps:
                sample.debug_maps = _debug_maps(index, inputs, outputs, prior, sample)
            found.append(detections)
        if previous is not None:
            self._last_image = inputs[-1:].clone()  # not a view, which would keep the batch
        return found

    def track(self, sample: DetDataSample, detections: Detections) -> TrackedBoxes:
        """Track one frame, and remember the tracks, which the next frame is to show."""
        self._last_tracks = super().track(sample, detections)
        return self._last_tracks

    def tracker_options(self, sample: DetDataSample) -> dict[str, Any]:
        """Also where tracks may start."""
        options = super().tracker_options(sample)
        if self.test_cfg['public_detections']:
            options['public_centers'] = public_centers(sample)
        return options

    def _given_beside(
        self, inputs: Tensor, data_samples: list[DetDataSample]
    ) -> tuple[Tensor | None, Tensor | None]:
        """The frame before each, and its prior heat map; None for what the network does without."""
        previous = prior = None
        if self._takes('prev_img'):
            previous = previous_images(inputs, data_samples, self._last_image)
        if self._uses_prior() and self.test_cfg['zero_prior_heatmap']:
            prior = empty_heatmaps(inputs)
        elif self._uses_prior():
            min_score = self.test_cfg['prior_min_score']
            prior = prior_heatmaps(inputs, data_samples, self._last_tracks, min_score=min_score)
        return previous, prior

    def _takes(self, name: str) -> bool:
        """Whether the backbone has a stem for this."""
        return bool(getattr(self.backbone, f'use_{name}', False))

    def _uses_prior(self) -> bool:
        return self._takes('prior_heatmap') and bool(self.test_cfg['use_prior_heatmap'])

    # Frozen parts.

    def train(self, mode: bool = True) -> JointTrackNet:
        """As in PyTorch; frozen parts stay in evaluation mode."""
        super().train(mode)
        for part in self._frozen_modules():
            part.eval()
        return self

    def _frozen_modules(self) -> list[torch.nn.Module]:
        modules = dict(self.named_modules())
        for name in self.frozen_parts:
            if name not in modules:
                raise ValueError(
                    f"The 'frozen_parts' of JointTrackNet must be names of its modules, such as "
                    f"'backbone', 'neck.dla_up' or 'bbox_head.hm'. Got {name!r}."
                )
        return [modules[name] for name in self.frozen_parts]


def _debug_maps(
    index: int, inputs: Tensor, outputs: Outputs, prior: Tensor | None, sample: DetDataSample
) -> dict[str, Any]:
    """What the network saw in one frame of the batch, as ``debug_picture`` takes it."""
    embedding = outputs.get('embedding')
    return {
        'heatmap': to_numpy(outputs['hm'][index].float().sigmoid().amax(0)),
        'prior_heatmap': None if prior is None else to_numpy(prior[index, 0].float()),
        'embedding': None if embedding is None else embedding_colors(embedding[index]),
        'warp_matrix': np.asarray(sample.warp_matrix),
        'input_shape': tuple(inputs.shape[2:]),
    }
