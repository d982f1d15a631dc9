"""``tools/analysis/compare_losses.py``."""

from __future__ import annotations

import pytest
import torch

# mmdet, mmcv and torch warn of their own parts; mmengine leaves the logs of earlier tests open.
pytestmark = pytest.mark.filterwarnings('default')
CONFIG = 'configs/jointtracknet/centertrack_dla-tiny_synthmot.py'


def ratios(out):
    """The last column of the table, by loss."""
    rows = [line.strip('| ').split(' | ') for line in out.splitlines() if line.startswith('| ')]
    return {row[0]: float(row[3]) for row in rows[1:]}


def test_what_is_loaded_is_what_is_compared(two_iterations, run_tool_here, tmp_path):
    """The same network: the same losses. One head changed: its loss alone, and the total."""
    from mmtrack_ext.registry import MODELS
    from mmtrack_ext.utils.config import load_config
    from mmtrack_ext.utils.register_all_modules import register_all_modules

    register_all_modules()
    config = two_iterations(CONFIG)
    torch.manual_seed(1)  # the tool's
    model = MODELS.build(load_config(config).model)
    same, other = tmp_path / 'same.pth', tmp_path / 'other.pth'
    torch.save({'state_dict': model.state_dict()}, same)
    model.bbox_head.wh[2].bias.data += 1000
    torch.save({'state_dict': model.state_dict()}, other)
    found = []
    for path in (same, other):
        status, out, err = run_tool_here('analysis/compare_losses.py', config, path, '--items', 4)
        assert status == 0, err
        found.append(ratios(out))
    assert set(found[0]) == {'loss', 'hm', 'reg', 'wh', 'ltrb_amodal', 'tracking'}
    assert set(found[0].values()) == {1.0}
    assert found[1]['wh'] > 10
    assert found[1]['reg'] == 1.0
