"""What is inside of a training set, and its classes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from mmtrack_ext.utils.training_sets import check_classes, leaf_datasets


def part(*classes):
    return SimpleNamespace(metainfo=dict(classes=classes))


def joined(*parts):
    """As ConcatDataset of RepeatDatasets."""
    return SimpleNamespace(datasets=[SimpleNamespace(dataset=one) for one in parts])


def head(num_classes):
    module = torch.nn.Identity()
    module.num_classes = num_classes
    return module


def network(**heads):
    """A detector inside of a model."""
    return torch.nn.ModuleDict({'detector': torch.nn.ModuleDict(heads)})


def test_datasets_inside_of_wrappers():
    first, second = part('pedestrian'), part('car')
    assert leaf_datasets(joined(first, joined(second))) == [first, second]
    assert leaf_datasets(first) == [first]


def test_as_many_classes_as_the_heads_have():
    two, unknown = part('pedestrian', 'car'), SimpleNamespace()
    # Proposals have one class whatever the data have.
    check_classes(network(bbox_head=head(2), rpn_head=head(1)), joined(two, unknown))
    stages = torch.nn.ModuleList([head(2), head(2)])
    check_classes(network(bbox_head=stages), two)
    check_classes(network(), two)


@pytest.mark.parametrize(
    ('heads', 'where'),
    [
        ({'bbox_head': head(3)}, 'model.detector.bbox_head.num_classes is 3'),
        (
            {'bbox_head': torch.nn.ModuleList([head(2), head(80)])},
            'model.detector.bbox_head.1.num_classes is 80',
        ),
    ],
)
def test_another_number_is_refused(heads, where):
    data = joined(part('pedestrian', 'car'), SimpleNamespace())
    with pytest.raises(ValueError, match=r'2 classes \(pedestrian, car\): set it to 2') as error:
        check_classes(network(**heads), data)
    assert str(error.value).startswith(where)
