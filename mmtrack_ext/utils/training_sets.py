"""What is inside of a training set, and whether its classes are those of the model."""

from __future__ import annotations

import re
from typing import Any


def leaf_datasets(dataset: Any) -> list[Any]:
    """The datasets inside of wrappers such as ``ConcatDataset``, or the dataset itself."""
    single = [dataset.dataset] if hasattr(dataset, 'dataset') else []
    parts = getattr(dataset, 'datasets', None) or single
    return [leaf for part in parts for leaf in leaf_datasets(part)] or [dataset]


def check_classes(model: Any, dataset: Any) -> None:
    """Refuse a training set with another number of classes than the model's heads have.

    Args:
        model: its parts of the name ``bbox_head`` count; one, or for several stages more.
        dataset: the training set; parts of it that do not name their classes are not judged.

    Raises:
        ValueError: it has another number; says which, and what to set.
    """
    counts = {
        name: part.num_classes
        for name, part in model.named_modules()
        if re.search(r'(^|\.)bbox_head(\.\d+)?$', name) and hasattr(part, 'num_classes')
    }
    for leaf in leaf_datasets(dataset):
        classes = getattr(leaf, 'metainfo', {}).get('classes')
        for name, count in counts.items() if classes else ():
            if count != len(classes):
                raise ValueError(
                    f'model.{name}.num_classes is {count}, and the training dataset has '
                    f'{len(classes)} classes ({", ".join(classes[:3])}'
                    f'{", ..." if len(classes) > 3 else ""}): set it to {len(classes)}, or '
                    'metainfo=dict(classes=...) of the dataset.'
                )
