"""``tools/export_onnx.py`` writes what onnxruntime runs."""

from __future__ import annotations

import re

import numpy as np
import onnxruntime
import pytest
import torch

from mmtrack_ext.registry import MODELS
from mmtrack_ext.utils.config import config_options, load_config
from mmtrack_ext.utils.register_all_modules import register_all_modules

pytestmark = pytest.mark.filterwarnings('default')


@pytest.fixture(scope='module')
def config(root):
    return root / 'configs/nanodet/nanodet-plus-m_synthmot.py'


@pytest.fixture(scope='module')
def model(config):
    """Weights that let scores and boxes differ from place to place."""
    register_all_modules()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = MODELS.build(load_config(config).model)
        for layer in model.modules():
            if isinstance(layer, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(layer.weight, nonlinearity='linear')
    return model.eval()


@pytest.fixture(scope='module')
def weights(model, tmp_path_factory):
    path = tmp_path_factory.mktemp('weights') / 'detector.pth'
    torch.save(model.state_dict(), path)
    return path


def properties_of(session):
    return session.get_modelmeta().custom_metadata_map


def open_file(path):
    return onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])


def test_raw_outputs_of_any_number_of_images_of_any_size(
    config, model, weights, tmp_path, run_tool_here
):
    out = tmp_path / 'nanodet.onnx'
    status, text, error = run_tool_here('export_onnx.py', config, weights, out, '--size', '96x64')
    assert status == 0, error
    assert 'Largest difference from torch' in text
    assert 'Form: raw; takes any number of images of 96 x 64 and any other size' in text
    session = open_file(out)
    # 96 + 24 + 6 + 2 points on four levels of 96 x 64, twice as many and 4 on those of 192 x 64
    for count, width, points in ((1, 96, 128), (5, 96, 128), (2, 192, 255)):
        images = torch.randn(count, 3, 64, width)
        with torch.no_grad():
            expected = model(images, mode='tensor').numpy()
        (found,) = session.run(None, {'images': images.numpy()})
        assert found.shape == (count, points, 33)  # one class and 4 x 8 bins
        np.testing.assert_allclose(found, expected, atol=1e-4)
    properties = properties_of(session)
    assert properties['form'] == 'raw'
    assert properties['input_size'] == 'null'
    assert properties['class_names'] == '["pedestrian"]'


def test_detections_are_those_of_torch(config, model, weights, tmp_path, run_tool_here):
    out = tmp_path / 'new' / 'nanodet.onnx'
    options = ['--form', 'detections', '--size', '96x64', '--fixed-size']
    changes = ['--cfg-options', 'model.test_cfg.max_per_img=30', 'model.test_cfg.score_thr=0.4']
    status, text, error = run_tool_here('export_onnx.py', config, weights, out, *options, *changes)
    assert status == 0, error
    assert 'images of 96 x 64 alone' in text
    # Two and three images of noise, and a scene: up to 30 boxes each, at each threshold.
    counts = [int(count) for count in re.findall(r'(\d+) above', text)]
    assert text.count(' above 0.4,') == 1
    assert 60 < sum(counts) <= 2 * 6 * 30
    assert [path.name for path in out.parent.iterdir()] == ['nanodet.onnx']
    session = open_file(out)
    assert [node.name for node in session.get_inputs()] == ['images']
    images = torch.randn(3, 3, 64, 96, generator=torch.Generator().manual_seed(5))
    boxes, scores, labels, batch_index = session.run(None, {'images': images.numpy()})
    cfg = {**model.test_cfg, 'max_per_img': 30, 'score_thr': 0.4}
    metas = [dict(img_shape=(64, 96))] * 3
    with torch.no_grad():
        maps = model.bbox_head(model.extract_feat(images))
        expected = model.bbox_head.predict_by_feat(*maps, metas, cfg=cfg)
    for number, one in enumerate(expected):
        own = batch_index == number
        assert own.sum() == len(one) > 5
        np.testing.assert_allclose(boxes[own], one.bboxes, atol=1e-3)
        np.testing.assert_allclose(scores[own], one.scores, atol=1e-5)
        assert labels[own].tolist() == one.labels.tolist()
    properties = properties_of(session)
    assert properties['input_size'] == '[96, 64]'
    assert (properties['score_thr'], properties['max_per_img']) == ('0.4', '30')
    assert properties['std'] == '[57.375, 57.12, 58.395]'


def test_a_model_that_tracks_exports_its_detector(root, weights, tmp_path, run_tool_here):
    config = root / 'configs/nanotrack/nanotrack_nanodet-plus-m_synthmot.py'
    out = tmp_path / 'a.onnx'
    status, text, error = run_tool_here('export_onnx.py', config, '--detector', weights, out)
    assert status == 0, error
    assert 'images of 320 x 192' in text  # as the test pipeline resizes
    assert properties_of(open_file(out))['detector'] == 'NanoDetPlus'


def test_raw_outputs_of_other_detectors(root, tmp_path, run_tool_here):
    """A narrow YOLOX: three lists of three maps."""
    config = root / 'configs/bytetrack/bytetrack_yolox-x_mot17-test.py'
    changes = [
        *(
            'model.detector.backbone.deepen_factor=0.33',
            'model.detector.backbone.widen_factor=0.125',
        ),
        *('model.detector.neck.in_channels=[32,64,128]', 'model.detector.neck.out_channels=32'),
        *('model.detector.neck.num_csp_blocks=1', 'model.detector.bbox_head.in_channels=32'),
        'model.detector.bbox_head.feat_channels=32',
    ]
    detector = MODELS.build(load_config(config, config_options(changes)).model.detector).eval()
    torch.save(detector.state_dict(), tmp_path / 'yolox.pth')
    common = (config, '--detector', tmp_path / 'yolox.pth', tmp_path / 'a.onnx', '--size', '96x64')
    status, _, error = run_tool_here('export_onnx.py', *common, '--cfg-options', *changes)
    assert status == 0, error
    session = open_file(tmp_path / 'a.onnx')
    names = [node.name for node in session.get_outputs()]
    assert names == [f'output_{number}' for number in range(9)]
    images = torch.randn(3, 3, 128, 64)
    with torch.no_grad():
        expected = [level for maps in detector(images, mode='tensor') for level in maps]
    for found, one in zip(session.run(None, {'images': images.numpy()}), expected, strict=True):
        np.testing.assert_allclose(found, one, rtol=1e-4, atol=1e-3)
    status, _, error = run_tool_here(
        'export_onnx.py', *common, '--form', 'detections', '--cfg-options', *changes
    )
    assert (status, error.count('\n')) == (2, 1), error
    assert 'not for YOLOX; --form raw exports any network' in error


def saved(path, config, *options):
    """The weights of a config's model, in its file; returns the model."""
    register_all_modules()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = MODELS.build(load_config(config, config_options(list(options))).model).eval()
        for name, layer in model.named_modules():
            if name.endswith('conv_offset'):  # zero before a training: no deformation
                torch.nn.init.normal_(layer.weight, std=0.03)
    torch.save(model.state_dict(), path)
    return model


def test_joint_track_net_gives_the_maps_of_its_heads(root, tmp_path, run_tool_here):
    config = root / 'configs/jointtracknet/jointtracknet_dla-tiny_synthmot.py'
    changes = ('model.neck.node=dcn',)
    model = saved(tmp_path / 'a.pth', config, *changes)
    common = ('export_onnx.py', config, tmp_path / 'a.pth', 'a.onnx', '--size', '96x64')
    status, text, error = run_tool_here(*common, '--cfg-options', *changes)
    assert status == 0, error
    assert 'Form: raw; takes any number of images of 96 x 64 and any other size' in text
    assert 'Inputs: img, prev_img, prior_heatmap; outputs: embedding, hm, ltrb_amodal, reg' in text
    assert float(re.search(r'Largest difference from torch: (\S+)', text)[1]) < 1e-3
    session = open_file(tmp_path / 'a.onnx')
    names = [output.name for output in session.get_outputs()]
    for count, height, width in ((1, 64, 96), (3, 96, 128)):
        images, previous = torch.randn(2, count, 3, height, width)
        given = (images, previous, torch.rand(count, 1, height, width))
        feed = zip(('img', 'prev_img', 'prior_heatmap'), given, strict=True)
        found = session.run(None, {name: one.numpy() for name, one in feed})
        with torch.no_grad():
            expected = model(given, mode='tensor')
        assert set(names) == set(expected)
        for name, one in zip(names, found, strict=True):
            np.testing.assert_allclose(one, expected[name], rtol=0, atol=1e-3)
    properties = properties_of(session)
    expected = dict(
        detector='JointTrackNet',
        form='raw',
        class_names='["pedestrian"]',
        input_size='null',
        inputs='["img", "prev_img", "prior_heatmap"]',
        outputs='["embedding", "hm", "ltrb_amodal", "reg", "tracking", "wh"]',
        stride='4',
        pad_size_divisor='32',
        mean='[104.0136, 114.0342, 119.9166]',
        std='[73.6028, 69.8908, 70.9151]',
        bgr_to_rgb='false',
        pad_value='0',
    )
    assert properties == expected


def test_joint_track_net_without_its_prior_heat_map(root, tmp_path, run_tool_here):
    """As its ``test_cfg`` says; and of the size that the config tests with."""
    config = root / 'configs/jointtracknet/jointtracknet_dla-tiny_synthmot.py'
    changes = ('model.test_cfg.use_prior_heatmap=False',)
    saved(tmp_path / 'a.pth', config, *changes)
    arguments = (config, 'a.pth', 'a.onnx', '--fixed-size', '--cfg-options', *changes)
    status, text, error = run_tool_here('export_onnx.py', *arguments)
    assert status == 0, error
    assert 'images of 320 x 192 alone' in text
    session = open_file(tmp_path / 'a.onnx')
    shapes = {node.name: node.shape[1:] for node in session.get_inputs()}
    assert shapes == dict(img=[3, 192, 320], prev_img=[3, 192, 320])
    assert properties_of(session)['input_size'] == '[320, 192]'
    status, _, error = run_tool_here('export_onnx.py', *arguments[:4], '--form', 'detections')
    assert (status, error.count('\n')) == (2, 1), error
    assert '--form detections is not there for JointTrackNet; --form raw is' in error


def test_qdtrack_is_not_exported(root, tmp_path, run_tool_here):
    config = root / 'configs/qdtrack/qdtrack_faster-rcnn_r18_synthmot.py'
    saved(tmp_path / 'a.pth', config)
    status, _, error = run_tool_here('export_onnx.py', config, 'a.pth', 'a.onnx')
    assert (status, error.count('\n')) == (2, 1), error
    assert 'QDTrack is not exported' in error
    assert [path.name for path in tmp_path.iterdir()] == ['a.pth']


def test_equal_scores_are_not_compared(config, model, weights, tmp_path, run_tool_here):
    """Of boxes with one score each program may keep others: a network before its training."""
    state = {k: v * (0 if '.gfl_cls.' in k else 1) for k, v in model.state_dict().items()}
    torch.save(state, tmp_path / 'a.pth')
    status, text, error = run_tool_here(
        *('export_onnx.py', config, 'a.pth', 'a.onnx', '--form', 'detections', '--size', '96x64'),
        '--fixed-size',
    )
    assert status == 0, error
    assert '6 images not compared: most of their scores are equal' in text


def test_an_export_that_differs_is_not_written(
    config, weights, tmp_path, run_tool_here, monkeypatch
):
    from mmtrack_ext.models import onnx_check

    monkeypatch.setattr(onnx_check, 'TOLERANCE', 0.0)
    out = tmp_path / 'a.onnx'
    status, _, error = run_tool_here('export_onnx.py', config, weights, out, '--size', '96x64')
    assert (status, error.count('\n')) == (2, 1), error
    assert 'the export differs from torch by' in error
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (['{weights}', 'out.bin'], 'must end in .onnx'),
        (['{weights}', 'out.onnx', '--size', '100'], '--size takes WIDTHxHEIGHT'),
        (['{weights}', 'out.onnx', '--size', '100x64'], 'multiples of 32'),
        (['none.pth', 'out.onnx'], 'none.pth: no such file'),
        (['out.onnx'], 'has no weights'),
        (
            [
                '{weights}',
                'out.onnx',
                '--form',
                'detections',
                '--cfg-options',
                'model.test_cfg.nms.type=soft_nms',
            ],
            'within each class',
        ),
        (
            [
                '{weights}',
                'out.onnx',
                '--form',
                'detections',
                '--cfg-options',
                'model.test_cfg.classes=[1]',
            ],
            'labels 0 to 0 of the head',
        ),
    ],
)
def test_a_mistake_is_one_line(config, weights, tmp_path, run_tool_here, arguments, words):
    filled = [argument.format(weights=weights) for argument in arguments]
    status, _, error = run_tool_here('export_onnx.py', config, *filled)
    assert (status, error.count('\n')) == (2, 1), error
    assert words in error
    assert not list(tmp_path.iterdir())
