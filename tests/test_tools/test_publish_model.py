"""``tools/model_converters/publish_model.py``."""

from __future__ import annotations

import hashlib

import pytest
import torch

from mmtrack_ext.engine import load_checkpoint

TOOL = 'model_converters/publish_model.py'


@pytest.fixture
def source(tmp_path):
    state = {'weight': torch.ones(3), 'aux_neck.weight': torch.zeros(2)}
    torch.save({'state_dict': state, 'optimizer': {'state': {}}}, tmp_path / 'x.pth')
    return tmp_path / 'x.pth'


@pytest.mark.parametrize(
    ('arguments', 'names', 'keys'),
    [
        ([], {'weight'}, {'meta', 'state_dict'}),
        (['--form', 'weight'], {'weight'}, {'meta', 'state_dict'}),
        (['--form', 'checkpoint'], {'weight', 'aux_neck.weight'}, {'optimizer', 'state_dict'}),
    ],
)
def test_forms(source, tmp_path, run_tool_here, arguments, names, keys):
    status, out, error = run_tool_here(TOOL, source, 'out/net.pth', *arguments)
    assert status == 0, error
    (written,) = (tmp_path / 'out').iterdir()
    digest = hashlib.sha256(written.read_bytes()).hexdigest()
    assert written.name == f'net-{digest[:8]}.pth'
    assert f'Wrote out/{written.name}' in out
    content = load_checkpoint(written)
    assert content.keys() == keys
    assert content['state_dict'].keys() == names


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [(['none.pth', 'y.pth'], 'none.pth: no such file'), (['x.pth', 'y.txt'], 'must end in .pth')],
)
def test_a_mistake_is_one_line(source, tmp_path, run_tool_here, arguments, words):
    status, _, error = run_tool_here(TOOL, *arguments)
    assert (status, error.count('\n')) == (2, 1), error
    assert words in error
    assert [path.name for path in tmp_path.iterdir()] == ['x.pth']
