"""Names of published checkpoints: of mmdet's own QDTrack, with other prefixes, and wrong ones."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import pytest
import torch

from mmtrack_ext.registry import MODELS

# isort: split
from mmengine.config import Config

from mmtrack_ext.model_zoo.converted import compare_weights
from mmtrack_ext.model_zoo.qdtrack import (
    adapted_model,
    convert_qdtrack,
    model_shapes,
    rename_qdtrack,
)
from mmtrack_ext.utils.config import read_config

PREFIXES = {
    'mmdet 3.3': ('detector.', 'track_head.embed_head.'),
    'several GPUs': ('module.detector.', 'module.track_head.embed_head.'),
    'the original': ('', 'roi_head.track_head.'),
}


@pytest.fixture
def base(root):
    return root / 'configs' / '_base_' / 'models' / 'qdtrack_faster-rcnn_r50.py'


@pytest.fixture
def published():
    """Names and shapes of the model of mmdet's MOT17 config."""
    import mmdet

    name = 'qdtrack_faster-rcnn_r50_fpn_8xb2-4e_mot17halftrain_test-mot17halfval.py'
    path = Path(mmdet.__file__).parent / '.mim' / 'configs' / 'qdtrack' / name
    if not path.is_file():
        pytest.skip(f'this mmdet comes without its configs: {path}')
    model = Config.fromfile(path).model
    with torch.device('meta'):
        built = MODELS.build({**model, '_scope_': 'mmdet'})
    assert type(built).__module__ == 'mmdet.models.mot.qdtrack'
    return OrderedDict(built.state_dict())


def prefixed(weights, detector, embed_head):
    """Our names to those of another program."""
    return OrderedDict(
        (k.replace('track_head.embed_head.', embed_head).replace('detector.', detector, 1), v)
        if k.startswith('track_head.')
        else (k.replace('detector.', detector, 1), v)
        for k, v in weights.items()
    )


@pytest.mark.filterwarnings('default')  # of mmdet's parts
def test_names_and_shapes_are_those_of_mmdet(published, base):
    ours = model_shapes(read_config(base)['model'])
    assert ours == {name: tuple(value.shape) for name, value in published.items()}
    assert ours['track_head.embed_head.fcs.0.weight'] == (1024, 12544)
    assert ours['detector.roi_head.bbox_head.fc_cls.weight'] == (2, 1024)


@pytest.mark.filterwarnings('default')
@pytest.mark.parametrize('source', PREFIXES)
def test_prefixes_of_every_program(published, base, source):
    renamed = rename_qdtrack(prefixed(published, *PREFIXES[source]))
    assert list(renamed) == list(published)
    assert not len(compare_weights(renamed, model_shapes(read_config(base)['model'])))


def test_depth_and_classes_come_from_the_weights(base):
    model = read_config(base)['model']
    model['detector']['backbone']['depth'] = 101
    model['detector']['roi_head']['bbox_head']['num_classes'] = 482
    with torch.device('meta'):
        weights = MODELS.build(model).state_dict()
    adapted, name, num_classes = adapted_model(read_config(base)['model'], weights)
    assert (name, num_classes) == ('QDTrack with FasterRCNN, ResNet-101', 482)
    assert not len(compare_weights(weights, model_shapes(adapted)))


@pytest.fixture
def small(root):
    """Config and weights of the SynthMOT model, which is quick to write."""
    config = root / 'configs' / 'qdtrack' / 'qdtrack_faster-rcnn_r18_synthmot.py'
    torch.manual_seed(0)
    return config, MODELS.build(read_config(config)['model']).state_dict()


@pytest.mark.parametrize('source', PREFIXES)
def test_converted_weights_are_the_files(small, tmp_path, source):
    config, weights = small
    file = prefixed(weights, *PREFIXES[source])
    counters = [name for name in file if name.endswith('num_batches_tracked')]
    for name in counters[:3]:
        del file[name]
    torch.save({'state_dict': file, 'meta': {}}, tmp_path / 'a.pth')
    converted = convert_qdtrack(tmp_path / 'a.pth', config)
    assert converted.num_classes == 1
    assert list(converted.state_dict) == list(weights)
    assert all(torch.equal(converted.state_dict[name], weights[name]) for name in weights)


def test_what_does_not_fit_is_named(small, base, tmp_path):
    config, weights = small
    path = tmp_path / 'a.pth'

    def refused(state, config=config):
        torch.save({'state_dict': state}, path)
        with pytest.raises(ValueError, match=r'a\.pth: ') as caught:
            convert_qdtrack(path, config)
        return str(caught.value)

    lacking = {k: v for k, v in weights.items() if k != 'detector.neck.fpn_convs.1.conv.bias'}
    lacking['detector.neck.extra'] = torch.zeros(1)
    lacking['track_head.embed_head.fc_embed.bias'] = torch.zeros(3)
    message = refused(lacking)
    assert '1 missing: detector.neck.fpn_convs.1.conv.bias' in message
    assert '1 foreign: detector.neck.extra' in message
    assert '1 misshaped: track_head.embed_head.fc_embed.bias (3,)' in message
    assert 'do not fit QDTrack with FasterRCNN, ResNet-50' in refused(weights, base)
    detector = {k: v for k, v in weights.items() if k.startswith('detector.')}
    assert 'no fc_embed.weight, the embeddings' in refused(detector)
    assert 'no backbone' in refused({'a': torch.zeros(1)})
