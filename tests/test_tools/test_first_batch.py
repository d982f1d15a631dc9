"""Configs whose parts do not fit together: one line, from the training and from the test."""

from __future__ import annotations

import re

import pytest
import torch

# mmengine's runner and torch's DataLoader warn of their own parts on today's Python.
pytestmark = pytest.mark.filterwarnings('default')

QDTRACK = 'configs/qdtrack/qdtrack_faster-rcnn_r18_synthmot.py'
NANODET = 'configs/nanodet/nanodet-plus-m_synthmot.py'
BYTETRACK = 'configs/bytetrack/bytetrack_nanodet-plus-m_synthmot.py'


def check_line(error, config, *words):
    """One line with the config, these words, the numbers of a layer, and how to see more."""
    assert error.startswith(f'error: {config}: the first batch of '), error
    assert error.endswith('; MMTRACK_EXT_DEBUG=1 shows the traceback\n')
    assert len(error.splitlines()) == 1, error
    for word in words:
        assert word in error


@pytest.mark.parametrize(
    ('base', 'addition', 'words'),
    [
        (
            QDTRACK,
            'model = dict(detector=dict(neck=dict(in_channels=[32, 64, 128, 512])))',
            [
                'fails in model.detector.neck.lateral_convs[3].conv (Conv2d(512, 48, ',
                'to have 512 channels, but got 256 channels instead',
                'mend model.detector.neck or the part that feeds it',
            ],
        ),
        (
            QDTRACK,
            'model = dict(track_head=dict(embed_head=dict(in_channels=64)))',
            [
                'fails in model.track_head.embed_head.convs[0].conv (Conv2d(64, 48, ',
                'to have 64 channels, but got 48 channels instead',
                'mend model.track_head.embed_head or the part that feeds it',
            ],
        ),
        (
            QDTRACK,
            'model = dict(detector=dict(neck=dict(num_outs=5)))',
            [
                'fails in model.detector.rpn_head (RPNHead): AssertionError: in ',
                'len(featmap_sizes) == self.prior_generator.num_levels',
            ],
        ),
        (
            NANODET,
            'model = dict(bbox_head=dict(strides=[8, 16, 32]))',
            [
                'fails in model.bbox_head (NanoDetPlusHead): ValueError: zip() ',
                'argument 2 is shorter than argument 1 in ',
                'mend model.bbox_head or the part that feeds it',
            ],
        ),
    ],
    ids=['neck', 'embed_head', 'levels', 'strides'],
)
def test_training(two_iterations, run_tool_here, tmp_path, base, addition, words):
    config = two_iterations(base, addition)
    status, _, error = run_tool_here('train.py', config, '--work-dir', tmp_path / 'run')
    assert status == 2, error
    check_line(error, config, 'first batch of train_dataloader', *words)


@pytest.fixture
def unfit(two_iterations, tmp_path):
    """A config, and weights of every part of its model."""
    from mmtrack_ext.registry import MODELS
    from mmtrack_ext.utils.config import load_config
    from mmtrack_ext.utils.register_all_modules import register_all_modules

    config = two_iterations(BYTETRACK, 'model = dict(detector=dict(neck=dict(out_channels=128)))')
    register_all_modules()
    model = MODELS.build(load_config(config).model)
    torch.save({'state_dict': model.state_dict()}, tmp_path / 'weights.pth')
    return config, tmp_path / 'weights.pth'


def test_testing(unfit, run_tool_here, tmp_path):
    status, _, error = run_tool_here('test.py', *unfit, '--out', tmp_path / 'out')
    assert status == 2, error
    check_line(
        error,
        unfit[0],
        'first batch of test_dataloader',
        'fails in model.detector.bbox_head.cls_convs[0][0].depthwise_conv.conv (Conv2d(96, 96, ',
        'to have 96 channels, but got 128 channels instead',
        'mend model.detector.bbox_head or the part that feeds it',
    )
    assert re.search(r'given \(\d+, 128, 24, 40\)\)', error)
    assert not (tmp_path / 'out').exists()


def test_the_traceback_on_request(unfit, run_tool_here, tmp_path, monkeypatch):
    monkeypatch.setenv('MMTRACK_EXT_DEBUG', '1')
    with pytest.raises(ValueError, match='the first batch of test_dataloader') as caught:
        run_tool_here('test.py', *unfit, '--out', tmp_path / 'out')
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert caught.traceback[-1].path.name == 'first_batch.py'
