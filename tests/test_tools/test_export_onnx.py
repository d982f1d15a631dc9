"""``tools/export_onnx.py`` writes what onnxruntime runs."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch

from mmtrack_ext.registry import MODELS
from mmtrack_ext.utils.config import load_config
from mmtrack_ext.utils.register_all_modules import register_all_modules

pytestmark = pytest.mark.filterwarnings('default')


@pytest.fixture(scope='module')
def config(root):
    return root / 'configs/nanodet/nanodet-plus-m_synthmot.py'


@pytest.fixture(scope='module')
def model(config):
    register_all_modules()
    torch.manual_seed(0)
    model = MODELS.build(load_config(config).model)
    model.init_weights()
    return model.eval()


@pytest.fixture(scope='module')
def weights(model, tmp_path_factory):
    path = tmp_path_factory.mktemp('weights') / 'detector.pth'
    torch.save(model.state_dict(), path)
    return path


def test_any_number_of_images(config, model, weights, tmp_path, run_tool_here):
    out = tmp_path / 'nanodet.onnx'
    status, text, error = run_tool_here('export_onnx.py', config, weights, out, '--size', '96x64')
    assert status == 0, error
    assert 'Largest difference from torch' in text
    session = onnxruntime.InferenceSession(str(out), providers=['CPUExecutionProvider'])
    for count in (1, 5):
        images = torch.randn(count, 3, 64, 96)
        with torch.no_grad():
            expected = model(images, mode='tensor').numpy()
        (found,) = session.run(None, {'images': images.numpy()})
        # 96 + 24 + 6 + 2 points on four levels; one class and 4 x 8 bins
        assert found.shape == (count, 128, 33)
        np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (['{weights}', 'out.bin'], 'must end in .onnx'),
        (['{weights}', 'out.onnx', '--size', '100'], '--size takes WIDTHxHEIGHT'),
        (['{weights}', 'out.onnx', '--size', '100x64'], 'multiples of 32'),
        (['none.pth', 'out.onnx'], 'none.pth: no such file'),
        (['out.onnx'], 'has no weights'),
    ],
)
def test_a_mistake_is_one_line(config, weights, tmp_path, run_tool_here, arguments, words):
    filled = [argument.format(weights=weights) for argument in arguments]
    status, _, error = run_tool_here('export_onnx.py', config, *filled)
    assert (status, error.count('\n')) == (2, 1), error
    assert words in error
    assert not list(tmp_path.iterdir())
