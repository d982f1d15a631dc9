"""All eleven networks of the family have the original's parameters and compute what it computes.

Weights are made from the parameters' names by tests/data/nanodet/fill.py; the tolerances are those
that the recording's authors measured between float32 and float64, threads and libraries.
"""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmtrack_ext.models.detectors import rename_nanodet_key
from mmtrack_ext.registry import MODELS

# Numbers of parameters of the original, by its own program: entries of its files, layers that it
# never runs (gfl_reg) included, buffers and auxiliary branch not.
STORED = {
    'nanodet_plus_m': 1_197_924,
    'nanodet_plus_m_1.5x': 2_477_792,
    'nanodet_m': 959_348,
    'nanodet_m_0.5x': 280_368,
    'nanodet_m_1.5x': 2_077_776,
    'nanodet_t': 1_360_404,
    'nanodet_g': 3_805_656,
    'nanodet_efficientlite0': 3_109_136,
    'nanodet_efficientlite1': 4_011_768,
    'nanodet_efficientlite2': 4_706_488,
    'nanodet_repvgg_a0': 7_404_408,
}
TRAINED = {'nanodet_plus_m': 4_330_904, 'nanodet_plus_m_1.5x': 7_962_196}
ENTRIES = {  # of the state dict
    'nanodet_plus_m': 887, 'nanodet_plus_m_1.5x': 887, 'nanodet_m': 421, 'nanodet_m_0.5x': 421,
    'nanodet_m_1.5x': 421, 'nanodet_t': 450, 'nanodet_g': 187, 'nanodet_efficientlite0': 379,
    'nanodet_efficientlite1': 505, 'nanodet_efficientlite2': 541, 'nanodet_repvgg_a0': 404,
}  # fmt: skip
RAW_TOLERANCE = {'nanodet_t': 5e-5}  # shows a LayerNorm epsilon of 1e-6; else 1e-4


@pytest.fixture(scope='module')
def family_keys(folder):
    """Of each network: shape of every entry of the original's state dict, by its name."""
    return json.loads((folder / 'family_keys.json').read_text(encoding='utf-8'))


@pytest.fixture(scope='module')
def evaluated(folder):
    """Arrays by ``<network>/eval/<what>``, and ``meta/eval_seed``."""
    arrays = {}
    for name in ('nanodet_plus_m', 'nanodet_m', 'family_shufflenet', 'family_others'):
        with np.load(folder / f'{name}.npz') as file:
            wanted = [key for key in file.files if '/eval' in key]
            arrays |= {key: file[key] for key in wanted}
    return arrays


@pytest.fixture(scope='module', params=STORED)
def network(request, root, fill, family_keys, evaluated):
    """One of the eleven with the recording's weights; its shapes, image, and all its maps."""
    name, shapes = request.param, family_keys[request.param]
    path = root / f'configs/_base_/models/{name.replace(".", "_")}.py'
    config = Config.fromfile(path).model
    model = MODELS.build(config).eval()
    weights = {
        rename_nanodet_key(k): torch.from_numpy(v) for k, v in fill.fill_state(shapes).items()
    }
    unused = weights.pop(None, None)
    assert (unused is None) == name.startswith('nanodet_plus')
    model.load_state_dict(weights)
    size = (320, 320) if name == 'nanodet_t' else (96, 128)  # positions are learnt for 320 x 320
    image = torch.from_numpy(fill.make_image(int(evaluated['meta/eval_seed']), *size))
    return SimpleNamespace(
        name=name, config=config, model=model, weights=weights, shapes=shapes, image=image,
        recorded=lambda what: evaluated[f'{name}/eval/{what}'],
    )  # fmt: skip


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def never_run(network):
    """Parameters that the original stores and we do not have."""
    return sum(
        int(np.prod(shape))
        for name, shape in network.shapes.items()
        if rename_nanodet_key(name) is None
    )


def test_names_and_shapes_are_the_originals(network):
    ours = {name: list(value.shape) for name, value in network.model.state_dict().items()}
    expected = {rename_nanodet_key(name): shape for name, shape in network.shapes.items()}
    expected.pop(None, None)
    assert ours == expected
    assert len(network.shapes) == ENTRIES[network.name]


def test_numbers_of_parameters(network):
    model = network.model
    parts = count(model.backbone) + count(model.neck) + count(model.bbox_head)
    assert parts + never_run(network) == STORED[network.name]
    assert count(model) == TRAINED.get(network.name, parts)


def test_config_says_its_number_of_parameters(network, root):
    path = root / f'configs/_base_/models/{network.name.replace(".", "_")}.py'
    header = path.read_text(encoding='utf-8').partition('_base_ =')[0]
    assert f'{STORED[network.name] - never_run(network):,} parameters' in header


@pytest.mark.parametrize('part', ['backbone', 'neck'])
def test_channel_means(network, part):
    with torch.no_grad():
        maps = network.model.backbone(network.image)
        maps = network.model.neck(maps) if part == 'neck' else maps
    assert len(maps) == (4 if part == 'neck' and 'plus' in network.name else 3)
    for i, features in enumerate(maps):
        expected = network.recorded(f'{part}_{i}_chmean')
        means = features.mean(dim=(0, 2, 3))
        np.testing.assert_allclose(means, expected, rtol=0, atol=5e-5, err_msg=str(i))


def test_raw_outputs(network):
    with torch.no_grad():
        raw = network.model(network.image, mode='tensor').numpy()
    if network.name == 'nanodet_t':  # every fourth point was recorded
        assert raw.shape == (1, 2100, 112)
        raw = raw[:, network.recorded('raw_index')]
    expected = network.recorded('raw')
    np.testing.assert_allclose(raw, expected, rtol=0, atol=RAW_TOLERANCE.get(network.name, 1e-4))


@pytest.mark.parametrize('network', ['nanodet_repvgg_a0'], indirect=True)
def test_deploy_form_computes_the_same(network):
    """Made from the trained form, or built so and filled with the trained form's weights."""
    switched = MODELS.build(network.config).eval()
    switched.load_state_dict(network.weights)
    switched.backbone.switch_to_deploy()
    built = network.config.copy()
    built.backbone.deploy = True
    built = MODELS.build(built).eval()
    built.load_state_dict(network.weights)
    for model in (switched, built):
        assert count(model) + never_run(network) == 6_754_584
        assert not [name for name in model.state_dict() if 'rbr_dense' in name]
        with torch.no_grad():
            raw = model(network.image, mode='tensor')
        np.testing.assert_allclose(raw, network.recorded('raw'), rtol=0, atol=1e-4)
    for name, value in switched.state_dict().items():
        assert torch.equal(value, built.state_dict()[name]), name


@pytest.mark.parametrize('network', ['nanodet_t'], indirect=True)
def test_transformer_runs_at_other_sizes(network):
    """As with positions that were resized by hand."""
    model = MODELS.build(network.config).eval()
    model.load_state_dict(network.weights)
    image = network.image[:, :, :192, :256]
    with torch.no_grad():
        raw = model(image, mode='tensor')
        grid = model.neck.pos_embed[:, 0].T.reshape(1, 128, 20, 20)
        grid = torch.nn.functional.interpolate(grid, (12, 16), mode='bicubic', align_corners=False)
        model.neck.pos_embed = torch.nn.Parameter(grid.flatten(2).permute(2, 0, 1))
        model.neck.feature_size = (12, 16)
        by_hand = model(image, mode='tensor')
        model.neck.pos_embed.zero_()
        without = model(image, mode='tensor')
    assert raw.shape == (1, 24 * 32 + 12 * 16 + 6 * 8, 112)
    np.testing.assert_allclose(raw, by_hand, rtol=0, atol=1e-5)
    assert abs(raw - without).max() > 1e-2  # positions matter


# Those with layers that no other has, and the tool's check for another size and number of images.
@pytest.mark.filterwarnings('default')  # torch warns of its own exporter
@pytest.mark.parametrize(
    'network',
    ['nanodet_t', 'nanodet_g', 'nanodet_efficientlite0', 'nanodet_repvgg_a0'],
    indirect=True,
)
def test_is_exported(network, root, run_tool_here, tmp_path):
    pytest.importorskip('onnx')
    onnxruntime = pytest.importorskip('onnxruntime')
    torch.save({'state_dict': network.weights}, tmp_path / 'a.pth')
    config = root / f'configs/_base_/models/{network.name}.py'
    arguments = (config, 'a.pth', 'a.onnx', '--size', '96x64')
    status, _, error = run_tool_here('export_onnx.py', *arguments)
    assert status == 0, error
    session = onnxruntime.InferenceSession(tmp_path / 'a.onnx', providers=['CPUExecutionProvider'])
    images = network.image[:, :, :96, :128]
    (found,) = session.run(None, {'images': images.numpy()})
    with torch.no_grad():
        expected = network.model(images, mode='tensor')
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)
