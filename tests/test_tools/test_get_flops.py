"""``tools/analysis/get_flops.py``: the published zoo, and products that can be done by hand."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest

pytestmark = pytest.mark.filterwarnings('default')  # torch and mmdet warn of their own parts

TOOL = 'analysis/get_flops.py'

# Input, parameters as the original stores them, those of its ``gfl_reg``, which it never uses and
# which are not here (three levels of (channels + 1) * 4 * (reg_max + 1)), and GMACs; counted on the
# instantiated originals (github.com/RangiLyu/nanodet, 1.0.0).
SMALL, WIDE, LONG = 3 * 97 * 32, 3 * 129 * 32, 3 * 129 * 44
ZOO = [
    ('m', 320, 959_348, SMALL, 0.342),
    ('m', 416, 959_348, SMALL, 0.578),
    ('m-0.5x', 320, 280_368, SMALL, 0.139),
    ('m-1.5x', 320, 2_077_776, WIDE, 0.696),
    ('m-1.5x', 416, 2_077_776, WIDE, 1.177),
    ('plus-m', 320, 1_197_924, 0, 0.451),
    ('plus-m', 416, 1_197_924, 0, 0.762),
    ('plus-m-1.5x', 320, 2_477_792, 0, 0.879),
    ('plus-m-1.5x', 416, 2_477_792, 0, 1.486),
    ('t', 320, 1_360_404, WIDE, 0.464),
    ('g', 416, 3_805_656, LONG, 2.090),
    ('efficientlite0', 320, 3_109_136, SMALL, 0.821),
    ('efficientlite1', 416, 4_011_768, LONG, 1.933),
    ('efficientlite2', 512, 4_706_488, LONG, 3.405),
    ('repvgg-a0', 416, 6_754_584, LONG, 5.631),  # branches merged
]
IN_TRAINING = {
    'plus-m': 4_330_904,
    'plus-m-1.5x': 7_962_196,
    'repvgg-a0': 7_404_408 - LONG,
}


@pytest.fixture(scope='module')
def tool(root):
    return runpy.run_path(str(root / 'tools' / TOOL))


@pytest.fixture
def load(root, tool):
    """A detector, and the size of its tests, which a base config has not."""

    def load(name):
        path = root / 'configs' / name
        config = tool['load_config'](path)
        size = None if '_base_' in name else tool['test_size'](config, path)
        return tool['build_detector'](config, path), size

    return load


@pytest.fixture
def count(load, tool):
    def count(name, size, **options):
        detector, _ = load(f'_base_/models/{name}')
        return tool['count_detector'](detector, size, **options)

    return count


@pytest.mark.parametrize(('name', 'size', 'stored', 'unused', 'gmacs'), ZOO)
def test_the_published_zoo(load, tool, name, size, stored, unused, gmacs):
    detector, size_of_tests = load(f'nanodet/nanodet-{name}_{size}_coco.py')
    assert size_of_tests == (size, size)
    total = tool['count_detector'](detector, size_of_tests)['total']
    assert total.parameters == stored - unused
    assert total.parameters_in_training == IN_TRAINING.get(name, stored - unused)
    assert total.macs / 1e9 == pytest.approx(gmacs, rel=0.01)
    # NanoDet-t: four projections of 20 x 20 tokens of 128 channels; then each meets each, twice.
    attention = 4 * 400 * 128 * 128 + 2 * 400 * 400 * 128
    assert total.attention_macs == (attention if name == 't' else 0)


def test_branches_may_stay(count):
    total = count('nanodet_repvgg_a0.py', (416, 416), merge=False)['total']
    assert total.parameters == total.parameters_in_training == 7_404_408 - LONG
    assert total.macs / 1e9 == pytest.approx(6.127, rel=0.01)


def test_parts_add_up(count):
    counts = count('nanodet_plus_m.py', (320, 192))
    total = counts.pop('total')
    assert list(counts) == ['backbone', 'neck', 'bbox_head', 'aux_neck', 'aux_bbox_head']
    assert sum(part.macs for part in counts.values()) == total.macs
    assert sum(part.parameters for part in counts.values()) == total.parameters
    # Each level: two of (5 x 5 for each channel, then 96 to 96), then 96 to 112.
    points = 40 * 24 + 20 * 12 + 10 * 6 + 5 * 3
    assert counts['bbox_head'].macs == points * (2 * (25 * 96 + 96 * 96) + 96 * 112)
    assert counts['aux_neck'].parameters == counts['aux_bbox_head'].parameters == 0
    assert counts['aux_neck'].parameters_in_training == counts['neck'].parameters


def test_detector_of_a_tracking_config(root, run_tool_here, tmp_path):
    config = root / 'configs' / 'nanotrack' / 'nanotrack_nanodet-plus-m_synthmot.py'
    status, text, error = run_tool_here(TOOL, config, '--json', 'out.json')
    assert status == 0, error
    counts = json.loads((tmp_path / 'out.json').read_text())
    assert counts['size'] == [320, 192]  # what its tests resize to
    # One class instead of 80: its head has 79 outputs less on each of four levels.
    parameters = 1_197_924 - 4 * 79 * 97
    assert counts['total']['parameters'] == parameters
    assert f'| total | {parameters:,} |' in text
    assert 'Wrote out.json' in text


def test_second_stage(root, run_tool_here, tmp_path):
    """1000 proposals, each 7 x 7 x 32 to 1024 to 1024 to 2 classes and 4 sides."""
    small = runpy.run_path(str(root / 'tools' / 'analysis' / 'small_faster_rcnn.py'))
    model = small['faster_rcnn'](channels=32, num_rois=64)
    (tmp_path / 'config.json').write_text(json.dumps({'model': model}))
    arguments = ('config.json', '--size', '320x192', '--json', 'out.json')
    status, _, error = run_tool_here(TOOL, *arguments)
    assert status == 0, error
    counts = json.loads((tmp_path / 'out.json').read_text())
    layers = 49 * 32 * 1024 + 1024 * 1024 + 1024 * 2 + 1024 * 4
    assert counts['roi_head']['macs'] == 1000 * layers
    assert counts['roi_head']['parameters'] == layers + 1024 + 1024 + 2 + 4


PLUS = 'configs/_base_/models/nanodet_plus_m.py'


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (['none.py'], 'none.py: no such file'),
        ([PLUS], 'its tests resize to no scale; give --size'),
        ([PLUS, '--size', '320'], "--size takes WIDTHxHEIGHT. Got '320'."),
        ([PLUS, '--size', '0x320'], '--size takes WIDTHxHEIGHT'),
        ([PLUS, '--size', '1x1', '--cfg-options', 'model.type=NanoDot'], "did you mean 'NanoDet"),
        (
            [PLUS, '--size', '64x64', '--cfg-options', 'model.neck.in_channels=[116,232,400]'],
            'NanoDetPlus at 64x64: RuntimeError: Given groups=1, weight of size [96, 400, 1, 1]',
        ),
        (['configs/_base_/datasets/synthmot.py'], 'there is no model in this config'),
        (['configs/bytetrack/bytetrack_detections_scenes.py'], 'this model has no detector'),
    ],
)
def test_a_mistake_is_one_line(root, run_tool_here, tmp_path, arguments, words):
    path, *others = arguments
    status, text, error = run_tool_here(TOOL, root / Path(path), *others, '--json', 'out.json')
    assert (status, text, error.count('\n')) == (2, '', 1), error
    assert words in error
    assert not list(tmp_path.iterdir())
