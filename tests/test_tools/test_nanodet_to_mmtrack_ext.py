"""``tools/model_converters/nanodet_to_mmtrack_ext.py``."""

from __future__ import annotations

import pytest
import torch

from mmtrack_ext.apis import init_model
from mmtrack_ext.engine import load_checkpoint
from mmtrack_ext.utils.config import load_config

pytestmark = pytest.mark.filterwarnings('default')

TOOL = 'model_converters/nanodet_to_mmtrack_ext.py'


def test_published_weights_load_where_a_tracker_wants_a_detector(
    root, shared_data, tmp_path, run_tool_here
):
    source = shared_data / 'weights/nanodet-plus-m_416.ncnn.param'
    status, out, error = run_tool_here(TOOL, source, tmp_path / 'new/plus.pth')
    assert status == 0, error
    assert out.splitlines() == [
        'Found NanoDet-Plus-m with 80 classes: batch norms folded, float16',
        'Its model: configs/_base_/models/nanodet_plus_m.py',
        f'Wrote 645 arrays to {tmp_path / "new/plus.pth"}',
    ]
    config = load_config(root / 'configs/nanotrack/nanotrack_nanodet-plus-m-416_mot17.py')
    config.model.detector.aux_bbox_head = None
    model = init_model(config, detector=tmp_path / 'new/plus.pth', device='cpu')
    state = load_checkpoint(tmp_path / 'new/plus.pth')['state_dict']
    assert torch.equal(model.detector.bbox_head.gfl_cls[3].bias, state['bbox_head.gfl_cls.3.bias'])


@pytest.mark.parametrize(
    ('content', 'arguments', 'words'),
    [
        ({'state_dict': {'a.b': torch.zeros(1)}}, [], 'weights of no network that is known'),
        ({'state_dict': {}}, [], 'there are no weights in this file'),
        ({}, ['out.onnx'], 'must end in .pth'),
        ({}, ['x.pth'], 'this is the file to read'),
        (None, [], 'x.pth: no such file'),
    ],
)
def test_a_mistake_is_one_line(content, arguments, words, tmp_path, run_tool_here):
    if content is not None:
        torch.save(content, tmp_path / 'x.pth')
    before = sorted(tmp_path.iterdir())
    status, _, error = run_tool_here(TOOL, 'x.pth', *(arguments or ['out.pth']))
    assert (status, error.count('\n')) == (2, 1), error
    assert words in error
    assert sorted(tmp_path.iterdir()) == before
