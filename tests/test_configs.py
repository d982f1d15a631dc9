"""Every shipped config loads, builds its tracker and says what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmtrack_ext.association.trackers import build_tracker
from mmtrack_ext.utils.config import config_options, read_config

CONFIGS = Path(__file__).parents[1] / 'configs'
LEAVES = sorted(path for path in CONFIGS.glob('*/*.py') if path.parent.name != '_base_')

DETECTORS = ('nanodet',)  # folders of configs without a tracker


def name_of(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize('path', LEAVES, ids=name_of)
def test_tracker_of_every_config_builds(path):
    config = read_config(path)
    assert config['default_scope'] == 'mmtrack_ext'
    if path.parent.name in DETECTORS:
        assert 'tracker' not in config['model']
        return
    tracker = config['model']['tracker']
    assert type(build_tracker(tracker)).__name__ == tracker['type']


@pytest.mark.parametrize('path', LEAVES, ids=name_of)
def test_every_config_can_be_tested(path):
    config = read_config(path)
    assert config['test_dataloader']['sampler'] == dict(type='VideoSampler')
    metrics = [metric['type'] for metric in config['test_evaluator']]
    assert ('MOTMetric' in metrics) == (path.parent.name not in DETECTORS)


@pytest.mark.parametrize('path', LEAVES, ids=name_of)
def test_header_says_paper_command_time_and_score(path):
    text = path.read_text(encoding='utf-8')
    for entry in ('# Paper:', '# Run:', '# Time:', '# Score:'):
        assert entry in text, f'{path} has no "{entry}" in its header'


def test_config_of_the_published_byte_track():
    path = CONFIGS / 'bytetrack' / 'bytetrack_yolox-x-detections_mot17-half.py'
    tracker = read_config(path)['model']['tracker']
    assert tracker == dict(
        type='ByteTracker',
        high_min_score=0.6,
        low_min_score=0.1,
        init_min_score=0.7,
        high_max_cost=0.9,
        low_max_cost=0.5,
        tentative_max_cost=0.7,
        max_age=30,
        output_min_area=100,
        output_max_aspect_ratio=1.6,
    )


def test_options_are_read_as_python_values():
    options = config_options(['a.b=3', 'c=[1,2.5]', 'd=None', 'e=text', 'f=True'])
    assert options == {'a.b': 3, 'c': [1, 2.5], 'd': None, 'e': 'text', 'f': True}
    assert config_options(["a={'b': [1, 2]}"]) == {'a': {'b': [1, 2]}}
    with pytest.raises(ValueError, match='takes dicts as'):
        config_options(['a={b: 1'])


def test_configs_inherit(tmp_path):
    (tmp_path / 'base.py').write_text("model = dict(tracker=dict(type='SORTTracker', max_age=1))")
    (tmp_path / 'leaf.py').write_text("_base_ = 'base.py'\nmodel = dict(tracker=dict(max_age=9))")
    config = read_config(tmp_path / 'leaf.py', {'model.tracker.min_hits': 0})
    assert config['model']['tracker'] == dict(type='SORTTracker', max_age=9, min_hits=0)


def test_every_method_is_in_the_model_index(root):
    index = (root / 'model-index.yml').read_text(encoding='utf-8')
    for folder in {path.parent for path in LEAVES}:
        assert f'configs/{folder.name}/metafile.yml' in index
        metafile = (folder / 'metafile.yml').read_text(encoding='utf-8')
        assert (folder / 'README.md').is_file()
        for path in LEAVES:
            if path.parent == folder:
                assert f'configs/{folder.name}/{path.name}' in metafile
