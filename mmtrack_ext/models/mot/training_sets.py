"""Whether a training set is one that a model can learn from, found out before the training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmcv.transforms import LoadImageFromFile
from torch import nn

from mmtrack_ext.models.data_preprocessors import FramePairPreprocessor


def leaf_datasets(dataset: Any) -> list[Any]:
    """The datasets inside of wrappers such as ``ConcatDataset``, or the dataset itself."""
    single = [dataset.dataset] if hasattr(dataset, 'dataset') else []
    parts = getattr(dataset, 'datasets', None) or single
    return [leaf for part in parts for leaf in leaf_datasets(part)] or [dataset]


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


def check_class_count(dataset: Any, counts: Sequence[int], where: str) -> None:
    """Refuse a training set with another number of classes than the model has.

    Args:
        dataset: the training set; parts of it that do not name their classes are not judged.
        counts: of the model; one or, for several heads, more.
        where: of the counts, for the message.

    Raises:
        ValueError: it has.
    """
    for leaf in leaf_datasets(dataset):
        classes = getattr(leaf, 'metainfo', {}).get('classes')
        for count in counts if classes else ():
            if count != len(classes):
                raise ValueError(
                    f'{where} is {count}, and the training dataset has {len(classes)} classes '
                    f'({", ".join(classes[:3])}{", ..." if len(classes) > 3 else ""}): set it to '
                    f'{len(classes)}, or metainfo=dict(classes=...) of the dataset.'
                )


def _first_identity(dataset: Any) -> Any:
    return getattr(dataset, 'first_identity', None)
