"""The converter of published QDTrack checkpoints."""

from __future__ import annotations

import pytest

TOOL = 'model_converters/qdtrack_to_mmtrack_ext.py'


@pytest.fixture
def config(root):
    return root / 'configs' / 'qdtrack' / 'qdtrack_faster-rcnn_r18_synthmot.py'


def test_converted_file_loads_into_the_model(run_tool_here, config, tmp_path):
    from mmtrack_ext.registry import MODELS

    # isort: split
    import torch

    from mmtrack_ext.utils.config import read_config
    from mmtrack_ext.utils.register_all_modules import register_all_modules

    register_all_modules()
    torch.manual_seed(0)
    model = MODELS.build(read_config(config)['model'])
    weights = model.state_dict()
    torch.save({f'module.{name}': value for name, value in weights.items()}, tmp_path / 'src.pth')
    status, out, err = run_tool_here(TOOL, 'src.pth', 'dst.pth', '--config', config)
    assert (status, err) == (0, '')
    assert f'Wrote {len(weights)} arrays to dst.pth' in out
    assert 'QDTrack with FasterRCNN, ResNet-18, 1 classes' in out
    checkpoint = torch.load(tmp_path / 'dst.pth', weights_only=True)
    for value in model.parameters():
        value.data.zero_()
    model.load_state_dict(checkpoint['state_dict'])
    for name, value in model.state_dict().items():
        assert torch.equal(value, checkpoint['state_dict'][name])
    assert model.track_head.embed_head.fc_embed.weight.any()


def test_refusals_are_one_line(run_tool_here, tmp_path):
    (tmp_path / 'src.pth').write_bytes(b'no checkpoint')
    for arguments, message in [
        (('missing.pth', 'dst.pth'), 'missing.pth'),
        (('src.pth', 'dst.pt'), 'must end in .pth'),
        (('src.pth', 'src.pth'), 'this is the file to read'),
        (('src.pth', 'dst.pth'), 'src.pth'),
    ]:
        status, _, err = run_tool_here(TOOL, *arguments)
        assert status == 2
        assert message in err
        assert err.count('\n') == 1
    assert not (tmp_path / 'dst.pth').exists()
