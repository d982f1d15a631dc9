"""Whether the settings of JointTrackNet fit together."""

from __future__ import annotations

import inspect
from typing import Any

from torch import nn

from mmtrack_ext.association.base_tracker import BaseTracker

TEST_CFG: dict[str, Any] = dict(
    max_detections=100,
    min_score=0.4,
    use_prior_heatmap=True,
    zero_prior_heatmap=False,
    prior_min_score=0.5,
    flip_test=False,
    zero_displacement=False,
    track_center='refined',
    public_detections=False,
)
TRACK_CENTERS = ('refined', 'cell')


def complete_test_cfg(given: dict[str, Any] | None) -> dict[str, Any]:
    """``TEST_CFG`` with what is given.

    Raises:
        ValueError: a name is unknown, or a value is of another type than the default.
    """
    complete = {**TEST_CFG, **(given or {})}
    unknown = complete.keys() - TEST_CFG.keys()
    if unknown:
        raise ValueError(
            f"The 'test_cfg' of JointTrackNet has no {', '.join(sorted(unknown))}. "
            f'Known are: {", ".join(TEST_CFG)}.'
        )
    for name, value in complete.items():
        fine, kind = _judge(value, TEST_CFG[name])
        if not fine:
            raise ValueError(
                f"{name} in the 'test_cfg' of JointTrackNet must be {kind}. Got {value!r} instead."
            )
    return complete


def _judge(value: Any, default: Any) -> tuple[bool, str]:
    """Whether a value may stand for the default, and what may."""
    is_bool = isinstance(value, bool)
    if isinstance(default, bool):
        return is_bool, 'True or False'
    if isinstance(default, int):
        return isinstance(value, int) and not is_bool and value >= 1, 'an int >= 1'
    if isinstance(default, float):
        return isinstance(value, int | float) and not is_bool, 'a number'
    return value in TRACK_CENTERS, f'one of {", ".join(map(repr, TRACK_CENTERS))}'


def check_heads(bbox_head: nn.Module, criterion: nn.Module | None) -> None:
    """Refuse heads that make no boxes, or no embeddings for the loss.

    Raises:
        ValueError: says which head is missing, or which length of embeddings is wrong.
    """
    heads = getattr(bbox_head, 'heads', None)
    if heads is None:  # another head than JointTrackHead
        return
    if not {'wh', 'ltrb_amodal'} & set(heads):
        raise ValueError(
            "JointTrackNet needs the head 'ltrb_amodal' or 'wh' for boxes; add one to "
            f'model.bbox_head.heads. Got {", ".join(heads)}.'
        )
    identity = getattr(criterion, 'identity', None)
    if identity is None:
        return
    if 'embedding' not in heads:
        raise ValueError(
            "JointTrackLoss has an identity loss, and the head gives no 'embedding': set "
            "model.criterion.identity=None, or add 'embedding' to model.bbox_head.heads."
        )
    if identity.channels != bbox_head.embedding_channels:
        raise ValueError(
            f'model.criterion.identity.channels is {identity.channels}, and the embeddings have '
            f'model.bbox_head.embedding_channels = {bbox_head.embedding_channels}: make them one.'
        )


def check_public(tracker: BaseTracker) -> None:
    """Refuse a tracker that cannot be told where tracks may start.

    Raises:
        ValueError: it cannot.
    """
    if 'public_centers' not in inspect.signature(tracker.update).parameters:
        raise ValueError(
            "'public_detections' in the 'test_cfg' of JointTrackNet needs a tracker that is told "
            f'where tracks may start, such as JointTracker. Got {type(tracker).__name__}.'
        )
