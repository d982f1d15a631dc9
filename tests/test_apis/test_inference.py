"""Frame by frame from Python, equal to a test run."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmtrack_ext.apis import MOTInferencer, init_model
from mmtrack_ext.apis.models import check_classes
from mmtrack_ext.registry import MODELS
from mmtrack_ext.utils.config import load_config
from mmtrack_ext.utils.register_all_modules import register_all_modules

TRACKER = dict(type='ByteTracker', high_min_score=0.06, low_min_score=0.0, init_min_score=0.06)


@pytest.fixture(scope='module')
def config(root):
    register_all_modules()
    config = load_config(root / 'configs/bytetrack/bytetrack_nanodet-plus-m_synthmot.py')
    config.model.tracker = TRACKER
    return config


@pytest.fixture(scope='module')
def weights(config, tmp_path_factory):
    torch.manual_seed(0)
    detector = MODELS.build(config.model.detector)
    detector.init_weights()
    for layer in detector.bbox_head.gfl_cls:  # a network that sees something everywhere
        torch.nn.init.normal_(layer.weight, std=0.5)
        layer.bias.data[0] = -1
    path = tmp_path_factory.mktemp('weights') / 'detector.pth'
    torch.save(detector.state_dict(), path)
    return path


def frames(count):
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (120, 200, 3), dtype=np.uint8) for _ in range(count)]


def test_frames_give_what_the_model_gives(config, weights, capsys):
    inferencer = MOTInferencer(config, detector=weights, device='cpu')
    assert capsys.readouterr().out == ''  # mmengine would tell of each of the 734 weights
    image = frames(1)[0]
    detections, tracked = inferencer(image)
    # The same by hand: stretched to 320 x 192 by mmcv, normalised, boxes scaled back.
    import mmcv

    small = torch.from_numpy(mmcv.imresize(image, (320, 192))).permute(2, 0, 1)[None].float()
    mean = torch.tensor([103.53, 116.28, 123.675]).reshape(3, 1, 1)
    std = torch.tensor([57.375, 57.12, 58.395]).reshape(3, 1, 1)
    with torch.no_grad():
        raw = inferencer.model.detector((small - mean) / std, mode='tensor')[0]
    assert detections.scores[0] == pytest.approx(float(raw[:, 0].sigmoid().max()), abs=1e-5)
    assert detections.boxes[:, [0, 2]].max() <= 200
    assert detections.boxes[:, [1, 3]].max() <= 120
    assert tracked.ids.tolist() == list(range(1, len(tracked) + 1))
    assert inferencer.class_names == ('pedestrian',)


def test_reset_starts_again(config, weights):
    inferencer = MOTInferencer(config, detector=weights, device='cpu')
    first = [inferencer(frame)[1] for frame in frames(3)]
    inferencer.reset()
    second = [inferencer(frame)[1] for frame in frames(3)]
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.ids, b.ids)
        np.testing.assert_array_equal(a.boxes, b.boxes)


def test_frames_that_are_none_are_refused(config, weights):
    inferencer = MOTInferencer(config, detector=weights, device='cpu')
    with pytest.raises(ValueError, match=r'\(H, W, 3\) uint8. Got \(5, 5\)'):
        inferencer(np.zeros((5, 5), np.uint8))
    with pytest.raises(ValueError, match='float64'):
        inferencer(np.zeros((5, 5, 3)))


def test_a_part_without_weights_is_named(config):
    with pytest.raises(ValueError, match=r'The detector \(NanoDetPlus\) has no weights'):
        init_model(config, device='cpu')
    with pytest.raises(ValueError, match='has no reid'):
        init_model(config, reid='x.pth', device='cpu')
    without_network = Config(dict(model=dict(type='TrackingByDetection', tracker=TRACKER)))
    with pytest.raises(ValueError, match='--device gpu'):
        init_model(without_network, device='gpu')


@pytest.mark.parametrize(('index', 'names', 'known'), [(1, ['car'], '0 .car.'), (-1, [], 'from 0')])
def test_a_class_that_nothing_has_is_refused(index, names, known):
    check_classes([0], names)
    with pytest.raises(ValueError, match=f'There is no class {index}; classes are .*{known}'):
        check_classes([0, index], names)


def test_a_model_without_a_detector_cannot_look_at_frames(root):
    path = root / 'configs/bytetrack/bytetrack_detections_scenes.py'
    with pytest.raises(ValueError, match='no detector'):
        MOTInferencer(path, device='cpu')


@pytest.mark.parametrize('option', ['checkpoint', 'detector'])
def test_weights_that_a_checkpoint_overwrites_are_not_fetched(config, weights, tmp_path, option):
    config = copy.deepcopy(config)
    absent = 'https://nowhere.invalid/shufflenet.pth'
    config.model.detector.backbone.init_cfg = dict(type='Pretrained', checkpoint=absent)
    with pytest.raises(ValueError, match='nowhere'):
        MOTInferencer(config, device='cpu')
    whole = tmp_path / 'whole.pth'
    state = torch.load(weights, weights_only=True)
    torch.save({f'detector.{name}': value for name, value in state.items()}, whole)
    MOTInferencer(config, **{option: whole if option == 'checkpoint' else weights}, device='cpu')
