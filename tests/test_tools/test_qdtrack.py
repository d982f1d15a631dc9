"""QDTrack through the tools: trained, tested, tracked again from its detections; mistakes."""

from __future__ import annotations

import numpy as np
import pytest

# mmengine's runner and torch's DataLoader warn of their own parts on today's Python.
pytestmark = pytest.mark.filterwarnings('default')

BASE = 'configs/qdtrack/qdtrack_faster-rcnn_r18_synthmot.py'
# Two iterations make boxes that no one is sure of.
EASY = 'model = dict(tracker=dict(init_min_score=0.05, match_min_score=0.0))'
SINGLE = [dict(type='LoadImageFromFile'), dict(type='PackFrameInputs')]
WITHOUT_IDENTITIES = [
    dict(
        type='TransformBroadcaster',
        transforms=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations', with_bbox=True),
            dict(type='PackFrameInputs'),
        ],
    )
]


def test_train_test_and_track_again(two_iterations, run_tool_here, root, tmp_path):
    config = two_iterations(BASE, EASY)
    status, out, err = run_tool_here('train.py', config, '--work-dir', tmp_path / 'run')
    assert status == 0, err
    assert 'loss_track_aux: ' in out
    assert out.splitlines()[-1].endswith(f'iter_1.pth, iter_2.pth to {tmp_path / "run"}')

    weights = tmp_path / 'run' / 'iter_2.pth'
    options = ('--out', tmp_path / 'out', '--show-dir', tmp_path / 'videos')
    status, _, err = run_tool_here('test.py', config, weights, *options)
    assert status == 0, err
    names = sorted(path.name for path in (tmp_path / 'out').glob('*.txt'))
    assert len(names) == len(list((tmp_path / 'videos').glob('*.mp4'))) == 2
    stored = tmp_path / 'out' / 'detections'
    with np.load(next(stored.glob('*.npz'))) as arrays:
        assert arrays['embeddings'].shape == (len(arrays['frame']), 128)
        assert arrays['num_frames'] == 4
    status, _, err = run_tool_here('track_detections.py', config, stored, tmp_path / 'again')
    assert status == 0, err
    texts = [(tmp_path / 'out' / name).read_bytes() for name in names]
    assert texts == [(tmp_path / 'again' / name).read_bytes() for name in names]
    assert any(texts)

    joint = root / 'configs' / 'jointtracknet' / 'jointtracknet_dla-tiny_synthmot.py'
    options = ('--out', tmp_path / 'joint', '--tracker', joint)
    status, _, err = run_tool_here('test.py', config, weights, *options)
    assert status == 2
    assert err.startswith('error: JointTracker needs detections with displacements')


@pytest.mark.parametrize(
    ('addition', 'words'),
    [
        ('train_dataloader = dict(dataset=dict(reference=None))', 'reference=dict(frame_range=10)'),
        (
            "model = dict(data_preprocessor=dict(type='DetDataPreprocessor'))",
            "data_preprocessor=dict(type='FramePairPreprocessor', ...). Got DetDataPreprocessor",
        ),
        (
            f'train_dataloader = dict(dataset=dict(pipeline={SINGLE}))',
            "put the steps into dict(type='TransformBroadcaster', transforms=[...])",
        ),
        (
            f'train_dataloader = dict(dataset=dict(reference=None, pipeline={SINGLE}))',
            'reference=dict(frame_range=10)',
        ),
        (
            'model = dict(detector=dict(roi_head=dict(bbox_head=dict(num_classes=3))))',
            'bbox_head.num_classes is 3, and the training dataset has 1 classes (pedestrian)',
        ),
        ('model = dict(track_head=dict(train_cfg=None))', 'needs model.track_head.train_cfg'),
        ('model = dict(detector=dict(train_cfg=None))', 'needs model.detector.train_cfg'),
        ('model = dict(tracker=None)', "'tracker' of QDTrack must be a config"),
        ('model = dict(tracker=dict(max_agee=3))', "Did you mean 'max_age'?"),
    ],
)
def test_mistakes_are_one_line_and_nothing_is_written(
    two_iterations, run_tool_here, tmp_path, addition, words
):
    config = two_iterations(BASE, addition)
    status, out, err = run_tool_here('train.py', config, '--work-dir', tmp_path / 'run')
    assert (status, out) == (2, ''), err
    assert len(err.splitlines()) == 1, err
    assert err.startswith(f'error: {config}: ')
    assert words in err
    assert not (tmp_path / 'run').exists()


def test_frames_without_identities(two_iterations, run_tool_here, tmp_path):
    addition = f'train_dataloader = dict(dataset=dict(pipeline={WITHOUT_IDENTITIES}))'
    config = two_iterations(BASE, addition)
    status, _, err = run_tool_here('train.py', config, '--work-dir', tmp_path / 'run')
    assert status == 2
    assert len(err.splitlines()) == 1, err
    assert "dict(type='LoadTrackAnnotations') instead of dict(type='LoadAnnotations')" in err


@pytest.mark.parametrize(
    ('addition', 'options', 'words'),
    [
        ('', [], 'The track_head (QuasiDenseTrackHead) has no weights; give a CHECKPOINT of the'),
        (
            "test_dataloader = dict(dataset=dict(pipeline=[dict(type='LoadImageFromFile')]))",
            [],
            'test_dataloader.dataset.pipeline: it must end with a step that packs',
        ),
        ('', ['absent.pth'], 'absent.pth: no such file'),
        ('', ['--reid', 'absent.pth'], '--reid: QDTrack has no reid'),
    ],
)
def test_mistakes_in_testing(two_iterations, run_tool_here, tmp_path, addition, options, words):
    config = two_iterations(BASE, addition)
    status, out, err = run_tool_here('test.py', config, *options, '--out', tmp_path / 'out')
    assert (status, out) == (2, ''), err
    assert len(err.splitlines()) == 1, err
    assert words in err
    assert not (tmp_path / 'out').exists()
