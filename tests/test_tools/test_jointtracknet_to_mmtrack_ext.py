"""``tools/model_converters/jointtracknet_to_mmtrack_ext.py``."""

from __future__ import annotations

import argparse
import json

import pytest
import torch

from mmtrack_ext.engine import load_checkpoint

TOOL = 'model_converters/jointtracknet_to_mmtrack_ext.py'


@pytest.fixture(scope='module')
def weights(root):
    path = root / 'tests' / 'data' / 'jointtracknet' / 'keys.json'
    shapes = json.loads(path.read_text(encoding='utf-8'))
    return {f'module.{k}': torch.ones(()).expand(shape) for k, shape in shapes.items()}


def test_prints_and_writes_what_was_found(weights, tmp_path, run_tool_here):
    weights = {k: v for k, v in weights.items() if not k.startswith('module.embedding.')}
    weights['module.hm.2.bias'] = torch.arange(80.0)
    weights['module.hm.2.weight'] = torch.zeros(80, 256, 1, 1)
    torch.save({'epoch': 1, 'state_dict': weights}, tmp_path / 'x.pth')
    status, out, error = run_tool_here(TOOL, 'x.pth', 'new/y.pth', '--reuse-person')
    assert status == 0, error
    lines = out.splitlines()
    assert lines[0] == 'Found JointTrackNet with DLA-34'
    assert lines[1].startswith('Loaded 406 arrays: ')
    assert lines[2:4] == ['Missing 4 arrays: bbox_head.embedding (4)', 'Dropped 12 arrays']
    assert lines[-1] == 'Wrote 406 arrays to new/y.pth'
    checkpoint = load_checkpoint(tmp_path / 'new/y.pth')
    assert checkpoint['state_dict']['bbox_head.hm.2.bias'].tolist() == [0]
    assert checkpoint['meta']['network'] == 'JointTrackNet with DLA-34'


@pytest.mark.parametrize(
    ('content', 'arguments', 'words'),
    [
        ({'a.b': torch.zeros(1)}, [], 'this is no JointTrackNet'),
        ({}, ['y.onnx'], 'must end in .pth'),
        ({}, ['x.pth'], 'this is the file to read'),
        ({}, ['y.pth', '--num-classes', '0'], '--num-classes must be 1 or more'),
        ({'code': argparse.Namespace()}, [], '--trust-checkpoint'),
        (None, [], 'x.pth: no such file'),
    ],
)
def test_a_mistake_is_one_line(content, arguments, words, tmp_path, run_tool_here):
    if content is not None:
        torch.save(content, tmp_path / 'x.pth')
    before = sorted(tmp_path.iterdir())
    status, _, error = run_tool_here(TOOL, 'x.pth', *(arguments or ['y.pth']))
    assert (status, error.count('\n')) == (2, 1), error
    assert words in error
    assert sorted(tmp_path.iterdir()) == before
