"""What a model may learn from; mistakes that tools refuse are in tests/test_tools."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from mmtrack_ext.models.data_preprocessors import FramePairPreprocessor
from mmtrack_ext.models.mot.training_sets import check_frames, check_identities


def part(first, count):
    """A dataset with ``count`` identities from ``first`` on."""
    metainfo = dict(num_identities=count, classes=('pedestrian',))
    return SimpleNamespace(ann_file=f'{first}.json', first_identity=first, metainfo=metainfo)


def joined(*parts):
    """As ConcatDataset of RepeatDatasets."""
    return SimpleNamespace(datasets=[SimpleNamespace(dataset=one) for one in parts])


def test_identities_of_several_datasets():
    first, second = part(0, 3), part(3, 4)
    check_identities(joined(second, first, first), 7)  # a dataset may be there twice
    with pytest.raises(ValueError, match=r'up to 6, .* built for 6: .*num_ids to at least 7'):
        check_identities(joined(first, second), 6)
    with pytest.raises(ValueError, match=r'2\.json: first_identity=2 .* set it to at least 3\.'):
        check_identities(joined(part(2, 9), first), 99)
    check_identities(joined(part(None, 9), first), 3)  # numbers of the file, not known here


def test_pairs_are_for_models_that_learn_from_pairs():
    paired = SimpleNamespace(reference=object())
    model = SimpleNamespace(data_preprocessor=FramePairPreprocessor())
    check_frames(model, joined(paired, SimpleNamespace()), pairs=True)
    check_frames(model, SimpleNamespace(reference=None), pairs=False)
    with pytest.raises(ValueError, match='trains with single frames'):
        check_frames(model, joined(paired), pairs=False)
    with pytest.raises(ValueError, match='trains with pairs of frames'):
        check_frames(model, joined(paired, SimpleNamespace(reference=None)), pairs=True)
