"""Whether a tracking model can learn from a training set, found out before the training."""

from __future__ import annotations

from typing import Any

from mmcv.transforms import LoadImageFromFile
from torch import nn

from mmtrack_ext.models.data_preprocessors import FramePairPreprocessor
from mmtrack_ext.utils.training_sets import leaf_datasets


def check_frames(model: nn.Module, dataset: Any, *, pairs: bool) -> None:
    """Refuse single frames where a model learns from pairs, and the other way round.

    Args:
        model: with its ``data_preprocessor``.
        dataset: the training set; parts of it that know no ``reference`` are not judged.
        pairs: what the model learns from.

    Raises:
        ValueError: dataset or preprocessor are for the other.
    """
    name = type(model).__name__
    for leaf in leaf_datasets(dataset):
        gives_pairs = getattr(leaf, 'reference', None) is not None
        if pairs and not gives_pairs and hasattr(leaf, 'reference'):
            raise ValueError(
                f'{name} trains with pairs of frames; give the training dataset '
                'reference=dict(frame_range=10), or another range.'
            )
        if gives_pairs and not pairs:
            raise ValueError(
                f'{name} trains with single frames, and the training dataset gives pairs; take '
                f'reference={{...}} and TransformBroadcaster from it.'
            )
        steps = getattr(getattr(leaf, 'pipeline', None), 'transforms', [])
        if gives_pairs and any(isinstance(step, LoadImageFromFile) for step in steps):
            raise ValueError(
                'The training dataset gives pairs of frames, and its pipeline takes single ones: '
                "put the steps into dict(type='TransformBroadcaster', transforms=[...])."
            )
    preprocessor = model.data_preprocessor
    if pairs and not isinstance(preprocessor, FramePairPreprocessor):
        raise ValueError(
            f'{name} trains with pairs of frames; give the model '
            "data_preprocessor=dict(type='FramePairPreprocessor', ...). "
            f'Got {type(preprocessor).__name__}.'
        )


def check_identities(dataset: Any, num_ids: int) -> None:
    """Refuse more identities than a classifier has, and the same numbers in two datasets.

    Args:
        dataset: the training set; parts of it without ``first_identity`` are not judged.
        num_ids: of the classifier.

    Raises:
        ValueError: what to set to which number.
    """
    leaves = [leaf for leaf in leaf_datasets(dataset) if _first_identity(leaf) is not None]
    end = 0
    for leaf in sorted({id(leaf): leaf for leaf in leaves}.values(), key=_first_identity):
        first = _first_identity(leaf)
        if first < end:
            raise ValueError(
                f'{leaf.ann_file}: first_identity={first} of this dataset is an identity of '
                f'another; set it to at least {end}.'
            )
        end = first + leaf.metainfo['num_identities']
    if end > num_ids:
        raise ValueError(
            f'The training set has identities up to {end - 1}, and IdentityLoss was built for '
            f'{num_ids}: set model.criterion.identity.num_ids to at least {end}.'
        )


def _first_identity(dataset: Any) -> Any:
    return getattr(dataset, 'first_identity', None)
