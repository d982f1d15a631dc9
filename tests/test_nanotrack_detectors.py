"""NanoTrack over every detector of the family: one line of a config."""

from __future__ import annotations

import re

import pytest
import torch

from mmtrack_ext.association.trackers import NanoTracker
from mmtrack_ext.utils.config import load_config

pytestmark = pytest.mark.filterwarnings('default')  # torch and mmdet warn of their own parts

# Parameters in inference, 80 classes: the original's, less a last layer that it never uses (RepVGG
# with the branches of its training).
BASES = {
    'nanodet_m': 950_036,
    'nanodet_m_0_5x': 271_056,
    'nanodet_m_1_5x': 2_065_392,
    'nanodet_plus_m': 1_197_924,
    'nanodet_plus_m_1_5x': 2_477_792,
    'nanodet_t': 1_348_020,
    'nanodet_g': 3_788_628,
    'nanodet_efficientlite0': 3_099_824,
    'nanodet_efficientlite1': 3_994_740,
    'nanodet_efficientlite2': 4_689_460,
    'nanodet_repvgg_a0': 7_387_380,
}
LEAF = 'nanotrack_nanodet-plus-m-416_video.py'


def test_these_are_all(root):
    folder = root / 'configs' / '_base_' / 'models'
    assert {path.stem for path in folder.glob('nanodet_*.py')} == set(BASES)
    readme = (root / 'configs' / 'nanotrack' / 'README.md').read_text(encoding='utf-8')
    assert set(re.findall(r'`(nanodet_\w+)\.py`', readme)) == set(BASES)


@pytest.mark.parametrize('base', BASES)
def test_one_line_changes_the_detector(root, tmp_path, base):
    from mmtrack_ext.registry import MODELS
    from mmtrack_ext.utils.register_all_modules import register_all_modules

    text = (root / 'configs' / 'nanotrack' / LEAF).read_text(encoding='utf-8')
    changed = text.replace('../_base_/models/nanodet_plus_m.py', f'../_base_/models/{base}.py')
    assert changed != text or base == 'nanodet_plus_m'
    (tmp_path / 'leaf.py').write_text(changed.replace('../_base_', str(root / 'configs/_base_')))
    register_all_modules()
    model = load_config(tmp_path / 'leaf.py').model
    with torch.device('meta'):
        built = MODELS.build(model)
    assert isinstance(built.tracker, NanoTracker)
    assert built.detector.bbox_head.test_cfg['classes'] == [0]
    assert built.detector.bbox_head.test_cfg['max_per_img'] == -1
    count = sum(parameter.numel() for parameter in built.detector.parameters())
    assert count == BASES[base]
