"""JointTrackNet through the tools: trained, tested, tracked again from its detections; mistakes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

# mmengine's runner and torch's DataLoader warn of their own parts on today's Python.
pytestmark = pytest.mark.filterwarnings('default')

BASE = 'configs/jointtracknet/jointtracknet_dla-tiny_synthmot.py'
# Every cell starts as an object: two iterations would not find any.
EASY = 'model = dict(bbox_head=dict(prior_bias=0.0), tracker=dict(max_cost=2.0))'
WITHOUT_PRIOR = (
    'model = dict(bbox_head=dict(prior_bias=0.0), test_cfg=dict(use_prior_heatmap=False))'
)


def pairs(loading='LoadTrackAnnotations', *, scale=(320, 192), num_classes=1):
    """A training pipeline."""
    steps = [
        dict(
            type='TransformBroadcaster',
            transforms=[dict(type='LoadImageFromFile'), dict(type=loading, with_bbox=True)],
        ),
        dict(type='PairedCenterAffine', scale=scale),
        dict(type='CenterTargets', num_classes=num_classes),
        dict(type='TransformBroadcaster', transforms=[dict(type='PackFrameInputs')]),
    ]
    return f'train_dataloader = dict(dataset=dict(pipeline={steps}))'


def frames(type_, **options):
    """A test pipeline."""
    steps = [dict(type='LoadImageFromFile'), dict(type=type_, **options)]
    steps.append(dict(type='PackFrameInputs'))
    return f'test_dataloader = dict(dataset=dict(pipeline={steps}))'


@pytest.mark.parametrize('addition', [EASY, WITHOUT_PRIOR], ids=['all', 'without prior'])
def test_train_test_and_track_again(two_iterations, run_tool_here, tmp_path, addition):
    config = two_iterations(BASE, addition)
    status, out, err = run_tool_here('train.py', config, '--work-dir', tmp_path / 'run')
    assert status == 0, err
    assert 'ltrb_amodal: ' in out
    assert out.splitlines()[-1] == f'Wrote iter_1.pth, iter_2.pth to {tmp_path / "run"}'

    options = ('--out', tmp_path / 'out', '--show-dir', tmp_path / 'videos')
    weights = tmp_path / 'run' / 'iter_2.pth'
    status, _, err = run_tool_here('test.py', config, weights, *options)
    assert status == 0, err
    names = sorted(path.name for path in (tmp_path / 'out').glob('*.txt'))
    assert len(names) == len(list((tmp_path / 'videos').glob('*.mp4'))) == 2
    stored = tmp_path / 'out' / 'detections'
    with np.load(next(stored.glob('*.npz'))) as arrays:
        assert {'embeddings', 'displacements', 'centers'} <= set(arrays)
        assert len(arrays['embeddings']) == len(arrays['frame']) == 400  # 100 a frame
    status, _, err = run_tool_here('track_detections.py', config, stored, tmp_path / 'again')
    assert status == 0, err
    for name in names:
        text = (tmp_path / 'out' / name).read_bytes()
        assert text
        assert (tmp_path / 'again' / name).read_bytes() == text

    status, _, err = run_tool_here(
        'train.py', config, '--work-dir', tmp_path / 'on', '--resume', tmp_path / 'run/iter_1.pth'
    )
    assert status == 0, err
    assert (tmp_path / 'on' / 'iter_2.pth').is_file()


@pytest.fixture
def weights(two_iterations, tmp_path):
    """A checkpoint of the model with the settings of ``EASY``."""
    import torch

    from mmtrack_ext.registry import MODELS
    from mmtrack_ext.utils.config import load_config
    from mmtrack_ext.utils.register_all_modules import register_all_modules

    register_all_modules()
    torch.manual_seed(0)
    model = MODELS.build(load_config(two_iterations(BASE, EASY)).model)
    model.bbox_head.ltrb_amodal[2].bias.data = torch.tensor([-3.0, -6, 3, 6])
    torch.save({'state_dict': model.state_dict()}, tmp_path / 'weights.pth')
    return tmp_path / 'weights.pth'


@pytest.mark.parametrize(
    ('size', 'scale'), [((720, 1280), 1280 / 192), ((640, 480), 480 / 192), ((8, 4), 8 / 320)]
)
def test_a_video_of_one_frame_of_any_size(
    two_iterations, weights, run_tool_here, tmp_path, size, scale
):
    """All of it is in the middle of the input of 320 x 192, whose cells have 4 x 4 pixels."""
    images = tmp_path / 'images'
    images.mkdir()
    picture = np.random.default_rng(0).integers(0, 255, (*size[::-1], 3), np.uint8)
    cv2.imwrite(str(images / '000001.png'), picture)
    config = two_iterations(BASE, f'{EASY}\nmodel["test_cfg"] = dict(track_center="cell")')
    stored = tmp_path / 'detections.npz'
    options = ('--debug', '--save-images', tmp_path / 'drawn', '--save-detections', stored)
    status, out, err = run_tool_here('track_video.py', images, config, weights, *options)
    assert status == 0, err
    assert out.startswith('1 frames; ')
    assert cv2.imread(str(tmp_path / 'drawn' / '000001.jpg')).shape == picture.shape
    with np.load(stored) as arrays:
        cells = ((arrays['centers'] - np.array(size) / 2) / scale + (160, 96)) / 4
    assert len(cells) == 100
    np.testing.assert_allclose(cells, cells.round(), atol=1e-6)
    assert (cells.round() >= 0).all()
    assert (cells.round() < (80, 48)).all()


@pytest.mark.parametrize(
    ('addition', 'words'),
    [
        ('train_dataloader = dict(dataset=dict(reference=None))', 'reference=dict(frame_range=10)'),
        (
            "model = dict(data_preprocessor=dict(type='DetDataPreprocessor'))",
            "data_preprocessor=dict(type='FramePairPreprocessor', ...). Got DetDataPreprocessor",
        ),
        (
            'model = dict(criterion=dict(identity=dict(num_ids=5)))',
            'built for 5: set model.criterion.identity.num_ids to at least ',
        ),
        (
            'train_dataloader = dict(dataset=dict(first_identity=400))',
            'identities up to 4',
        ),
        (
            'model = dict(criterion=dict(identity=dict(channels=5)))',
            'channels is 5, and the embeddings have model.bbox_head.embedding_channels = 64',
        ),
        ("model = dict(bbox_head=dict(heads=('hm', 'wh')))", "add 'embedding' to model.bbox_head"),
        ("model = dict(bbox_head=dict(heads=('hm', 'reg')))", "the head 'ltrb_amodal' or 'wh'"),
        ('model = dict(bbox_head=dict(num_classes=3))', 'num_classes is 3, and the training'),
        ("model = dict(test_cfg=dict(track_center='x'))", "must be one of 'refined', 'cell'"),
        ('model = dict(test_cfg=dict(max_detections=0))', 'must be an int >= 1. Got 0'),
        ("model = dict(test_cfg=dict(min_score='x'))", "must be a number. Got 'x'"),
        ('model = dict(test_cfg=dict(flip_test=1))', 'must be True or False. Got 1'),
        ("model = dict(frozen_parts=['bakbone'])", "Got 'bakbone'"),
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


@pytest.mark.parametrize(
    ('addition', 'words'),
    [
        (pairs('LoadAnnotations'), "dict(type='LoadTrackAnnotations') instead of"),
        (pairs(scale=(324, 188)), 'multiples of 32. Got 324 x 188'),
        (pairs(num_classes=3), 'give CenterTargets the num_classes of model.bbox_head'),
        ('model = dict(criterion=None)', "needs criterion=dict(type='JointTrackLoss')"),
    ],
    ids=['no identities', 'size', 'classes', 'criterion'],
)
def test_mistakes_found_by_the_first_batch(
    two_iterations, run_tool_here, tmp_path, addition, words
):
    config = two_iterations(BASE, addition)
    status, _, err = run_tool_here('train.py', config, '--work-dir', tmp_path / 'run')
    assert status == 2
    assert len(err.splitlines()) == 1, err
    assert words in err


PUBLIC = 'model = dict(test_cfg=dict(public_detections=True))'


@pytest.mark.parametrize(
    ('addition', 'options', 'words'),
    [
        (frames('Resize', scale=(320, 192), keep_ratio=False), [], "dict(type='CenterResize')"),
        (frames('CenterResize', scale=(301, 187)), [], 'multiples of 32. Got 301 x 187'),
        (PUBLIC, [], "dict(type='LoadDetections', path=...)"),
        (PUBLIC, ['--tracker', 'sort'], 'where tracks may start, such as JointTracker. Got SORT'),
        ('', ['--detector', 'absent.pth'], '--detector: JointTrackNet has no detector'),
        (
            "test_dataloader = dict(sampler=dict(_delete_=True, type='DefaultSampler', "
            'shuffle=True), batch_size=5)',
            [],
            "sampler=dict(type='VideoSampler')",
        ),
    ],
    ids=['Resize', 'size', 'public', 'tracker', 'detector', 'sampler'],
)
def test_mistakes_in_testing(
    two_iterations, weights, run_tool_here, root, tmp_path, addition, options, words
):
    config = two_iterations(BASE, addition)
    sort = root / 'configs' / 'sort' / 'sort_detections_scenes.py'
    options = [sort if option == 'sort' else option for option in options]
    status, _, err = run_tool_here('test.py', config, weights, *options, '--out', tmp_path / 'out')
    assert status == 2
    assert len(err.splitlines()) == 1, err
    assert words in err


def test_no_checkpoint(two_iterations, run_tool_here):
    status, _, err = run_tool_here('test.py', two_iterations(BASE))
    assert (status, err) == (2, 'error: JointTrackNet has no weights; give a CHECKPOINT.\n')
