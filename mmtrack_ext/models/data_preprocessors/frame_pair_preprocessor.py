"""Pairs of frames as one batch."""

from __future__ import annotations

from typing import Any

from mmdet.models import DetDataPreprocessor

from mmtrack_ext.registry import MODELS


@MODELS.register_module()
class FramePairPreprocessor(DetDataPreprocessor):
    """mmdet's ``DetDataPreprocessor``, also for pairs of frames.

    An item that is a pair holds lists of two, ``inputs`` [key, reference] and ``data_samples``
    likewise; the data loader turns N of them into two lists of N. Here they become one batch of
    2N frames, (2N, C, H, W) and 2N data samples: the N key frames, then their N references in the
    same order. All get the same size, so one pass through the network does. Batches of single
    frames pass unchanged.
    """

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Normalise, pad and stack; see mmdet."""
        if data.get('inputs') and isinstance(data['inputs'][0], list | tuple):
            data = {
                name: [one for frames in value for one in frames] for name, value in data.items()
            }
        return super().forward(data, training)
