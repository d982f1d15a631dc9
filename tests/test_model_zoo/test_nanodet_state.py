"""Checkpoints of the original in every container that it has, made up here."""

from __future__ import annotations

import os
import pickle
import sys
from collections import OrderedDict
from types import ModuleType

import numpy as np
import pytest
import torch

from mmtrack_ext.model_zoo import NETWORKS, convert_nanodet
from mmtrack_ext.model_zoo.nanodet_state import _Ignored
from mmtrack_ext.models.detectors import rename_nanodet_key

FAMILY = {  # the names of the recording
    'nanodet_plus_m': 'NanoDet-Plus-m', 'nanodet_plus_m_1.5x': 'NanoDet-Plus-m-1.5x',
    'nanodet_m': 'NanoDet-m', 'nanodet_m_0.5x': 'NanoDet-m-0.5x',
    'nanodet_m_1.5x': 'NanoDet-m-1.5x', 'nanodet_t': 'NanoDet-t', 'nanodet_g': 'NanoDet-g',
    'nanodet_efficientlite0': 'NanoDet-EfficientLite0',
    'nanodet_efficientlite1': 'NanoDet-EfficientLite1',
    'nanodet_efficientlite2': 'NanoDet-EfficientLite2', 'nanodet_repvgg_a0': 'NanoDet-RepVGG-A0',
}  # fmt: skip
FIRST = 'backbone.conv1.0.weight'


@pytest.fixture(scope='module')
def plus(original):
    return original('nanodet_plus_m')


@pytest.fixture(scope='module')
def legacy(original):
    return original('nanodet_m_0.5x')


@pytest.fixture
def save(tmp_path):
    def write(content, name='weights.pth', **options):
        torch.save(content, tmp_path / name, **options)
        return tmp_path / name

    return write


def with_prefix(prefix, weights, add=0.0):
    return {f'{prefix}{k}': v + add if v.is_floating_point() else v for k, v in weights.items()}


def lightning(state, **more):
    """The dict that Lightning saves."""
    return {
        'epoch': 290, 'global_step': 1, 'pytorch-lightning_version': '1.3.8', 'state_dict': state,
        **more,
    }  # fmt: skip


@pytest.mark.parametrize('network', FAMILY)
def test_all_eleven_equal_the_original(network, original, folder, fill, zoo, save):
    """Recognised, complete, and with the raw outputs that the original has."""
    weights = original(network)
    converted = convert_nanodet(save({'state_dict': weights}), zoo)
    assert (converted.network, converted.num_classes) == (FAMILY[network], 80)
    model = zoo.build(converted.network)
    model.load_state_dict(converted.state_dict)
    with np.load(folder / 'nanodet_plus_m.npz') as file:
        seed = next(file[name] for name in file.files if name.endswith('meta/eval_seed'))
    arrays = recorded(folder, network)
    size = (320, 320) if network == 'nanodet_t' else (96, 128)
    with torch.no_grad():
        raw = model(torch.from_numpy(fill.make_image(int(seed), *size)), mode='tensor').numpy()
    raw = raw[:, arrays['raw_index']] if 'raw_index' in arrays else raw
    np.testing.assert_allclose(raw, arrays['raw'], rtol=0, atol=1e-4)


def recorded(folder, network):
    prefix = f'{network}/eval/'
    for path in folder.glob('*.npz'):
        with np.load(path) as file:
            if f'{prefix}raw' in file.files:
                return {
                    name.removeprefix(prefix): file[name]
                    for name in file.files
                    if name.startswith(f'{prefix}raw')
                }
    raise FileNotFoundError(prefix)


def test_every_network_is_there():
    assert set(FAMILY.values()) == {name for name in NETWORKS if 'deploy' not in name}


@pytest.mark.parametrize('average_first', [False, True])
def test_lightning_of_plus_gives_the_moving_average(average_first, plus, zoo, save):
    """Cutting ``model.`` out of every name would give the other copy."""
    last, average = with_prefix('model.', plus), with_prefix('avg_model.', plus, add=1.0)
    state = {**average, **last} if average_first else {**last, **average}
    converted = convert_nanodet(save(lightning(state), 'x.ckpt'), zoo)
    assert converted.weights == 'the moving average of two copies'
    assert len(converted.state_dict) == 887
    for name, value in plus.items():
        expected = value + 1 if value.is_floating_point() else value
        torch.testing.assert_close(
            converted.state_dict[rename_nanodet_key(name)], expected, rtol=0, atol=0
        )


def containers(state):
    """Every other container of one copy: its content and its name."""
    return {
        'lightning': (lightning(with_prefix('model.', state)), 'x.ckpt'),
        'released': ({'epoch': 70, 'state_dict': state}, 'nanodet_m.pth'),
        'trained': (
            dict(epoch=3, iter=40, state_dict=with_prefix('module.', state),
                 optimizer=dict(state={}, param_groups=[dict(lr=0.1, params=[0])])),
            'model_last.pth',
        ),
        'weights alone': (OrderedDict(state), 'x.pth'),
    }  # fmt: skip


@pytest.mark.parametrize('container', ['lightning', 'released', 'trained', 'weights alone'])
def test_one_copy_in_every_container(container, legacy, zoo, save):
    content, name = containers(legacy)[container]
    converted = convert_nanodet(save(content, name), zoo)
    assert (converted.network, converted.weights) == ('NanoDet-m-0.5x', 'as stored')
    # 421 entries, of which the original never uses the six of gfl_reg
    assert len(converted.state_dict) == 415
    assert torch.equal(converted.state_dict[FIRST], legacy[FIRST])


def test_old_format_of_torch(legacy, zoo, save):
    path = save({'state_dict': legacy}, _use_new_zipfile_serialization=False)
    assert convert_nanodet(path, zoo).network == 'NanoDet-m-0.5x'


def test_weight_file_without_auxiliary_head(plus, zoo, save):
    state = {k: v for k, v in plus.items() if not k.startswith('aux_')}
    converted = convert_nanodet(save({'state_dict': state}), zoo)
    assert (converted.network, len(converted.state_dict)) == ('NanoDet-Plus-m', 645)


def test_counters_may_be_missing(legacy, zoo, save):
    names = ('num_batches_tracked', 'project')
    state = {k: v for k, v in legacy.items() if not k.endswith(names)}
    converted = convert_nanodet(save({'state_dict': state}), zoo)
    zoo.build('NanoDet-m-0.5x').load_state_dict(converted.state_dict)
    assert converted.state_dict['bbox_head.integral.project'].tolist() == list(range(8))


def test_one_class(original_shapes, fill, zoo, save):
    """The last layers have 1 + 32 outputs, the auxiliary head's class layer 1."""
    shapes = dict(original_shapes['nanodet_plus_m'])
    for name, (outputs, *inside) in [item for item in shapes.items() if '.gfl_cls.' in item[0]]:
        shapes[name] = [outputs - 79, *inside]
    state = {name: torch.zeros(shape) for name, shape in shapes.items()}
    converted = convert_nanodet(save({'state_dict': state}), zoo)
    assert (converted.network, converted.num_classes) == ('NanoDet-Plus-m', 1)
    zoo.build('NanoDet-Plus-m', num_classes=1).load_state_dict(converted.state_dict)


def test_deploy_form_is_another_network(zoo, save):
    """Shapes alone, in the original's names: one biased convolution a block."""
    shapes = zoo.shapes('NanoDet-RepVGG-A0 (deploy form)')
    state = {
        name.replace('bbox_head.', 'head.').replace('neck.', 'fpn.').replace('integral', 'x'):
        torch.zeros(shape) for name, shape in shapes.items() if 'integral' not in name
    }  # fmt: skip
    converted = convert_nanodet(save({'state_dict': state}), zoo)
    assert converted.network == 'NanoDet-RepVGG-A0 (deploy form)'


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        (lambda s: s.pop('fpn.lateral_convs.1.conv.bias'),
         r'nearest, NanoDet-m-0.5x, differs in 1 missing: fpn.lateral_convs.1.conv.bias;'),
        (lambda s: s.update({'head.extra.weight': torch.zeros(1)}),
         r'nearest, NanoDet-m-0.5x, differs in 1 foreign: head.extra.weight;'),
        (lambda s: s.update({FIRST: torch.zeros(24, 1, 3, 3)}),
         r'differs in 1 misshaped: backbone.conv1.0.weight \(24, 1, 3, 3\);'),
        (lambda s: s.update({FIRST: s[FIRST] * torch.nan}), f'{FIRST} is not finite'),
        (lambda s: s.update(head=torch.zeros(1)), '1 foreign: head;'),
    ],
)  # fmt: skip
def test_what_differs_is_named(legacy, zoo, save, change, words):
    state = dict(legacy)
    change(state)
    path = save({'state_dict': state})
    with pytest.raises(ValueError, match=words) as error:
        convert_nanodet(path, zoo)
    assert str(path) in str(error.value)


def test_a_foreign_name_beside_two_copies_is_named(plus, zoo, save):
    state = {
        **with_prefix('model.', plus),
        **with_prefix('avg_model.', plus),
        'teacher.w': plus[FIRST],
    }
    with pytest.raises(ValueError, match=r'1 foreign: teacher\.w'):
        convert_nanodet(save(lightning(state), 'x.ckpt'), zoo)


def test_half_an_auxiliary_branch_is_refused(plus, zoo, save):
    state = {k: v for k, v in plus.items() if not k.startswith('aux_head')}
    with pytest.raises(
        ValueError, match=r'nearest, NanoDet-Plus-m, differs in \d+ missing: aux_head'
    ):
        convert_nanodet(save({'state_dict': state}), zoo)


def test_our_own_names_are_no_source(zoo, save):
    with pytest.raises(ValueError, match='names of mmtrack_ext already'):
        convert_nanodet(save({'state_dict': {'neck.x.weight': torch.zeros(1)}}), zoo)


def test_other_files(zoo, tmp_path, save):
    with pytest.raises(ValueError, match=r'\*.tflite are not read; supported: .ckpt and .pth'):
        convert_nanodet(tmp_path / 'x.tflite', zoo)
    with pytest.raises(FileNotFoundError):
        convert_nanodet(tmp_path / 'none.pth', zoo)
    with pytest.raises(ValueError, match='there are no weights in this file'):
        convert_nanodet(save({'epoch': 3}), zoo)


class Command:
    """Unpickled in the ordinary way, this makes a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_program_in_a_file_is_not_run(legacy, zoo, save, tmp_path):
    made = tmp_path / 'made'
    path = save({'state_dict': legacy, 'hyper_parameters': Command(made)}, 'x.ckpt')
    with pytest.raises(ValueError, match=r'holds \w+.mkdir, .* --trust-checkpoint'):
        convert_nanodet(path, zoo)
    assert not made.exists()
    assert convert_nanodet(path, zoo, trust=True).network == 'NanoDet-m-0.5x'
    assert made.is_dir()


@pytest.fixture
def objects_of(monkeypatch):
    """A class and an object as if of a module, which is gone once they are saved."""

    def make(name):
        module = ModuleType(name)
        module.Thing = type('Thing', (dict,), {'__module__': name})
        for i, letter in enumerate(f'{name}.'):
            if letter == '.':
                monkeypatch.setitem(sys.modules, name[:i], module)
        settings = module.Thing(lr=0.1)
        settings.note = 'kept beside'
        return dict(callbacks={module.Thing: {'best': 1.0}}, hparams=settings)

    return make


def test_objects_of_lightning_are_left_out(legacy, zoo, save, objects_of, monkeypatch):
    more = objects_of('pytorch_lightning.callbacks')
    path = save(lightning(with_prefix('model.', legacy), **more), 'x.ckpt')
    monkeypatch.delitem(sys.modules, 'pytorch_lightning.callbacks')
    assert convert_nanodet(path, zoo).network == 'NanoDet-m-0.5x'
    assert _Ignored not in torch.serialization.get_safe_globals()
    assert convert_nanodet(save({'state_dict': legacy}), zoo)


def test_a_name_that_begins_alike_is_not_lightnings(legacy, zoo, save, objects_of):
    path = save({'state_dict': legacy, **objects_of('pytorch_lightning_other')}, 'x.ckpt')
    with pytest.raises(ValueError, match=r'holds pytorch_lightning_other\.Thing'):
        convert_nanodet(path, zoo)


def test_the_pickle_of_a_plain_file(zoo, tmp_path):
    path = tmp_path / 'x.pth'
    path.write_bytes(pickle.dumps({'state_dict': 1}))
    with pytest.raises(ValueError, match=r'x.pth: '):
        convert_nanodet(path, zoo)
