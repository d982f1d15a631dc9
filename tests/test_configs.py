"""Every shipped config loads, builds its model and tracker and says what it is."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path

import pytest

from mmtrack_ext.association.trackers import build_tracker
from mmtrack_ext.utils.config import config_options, load_config, read_config

CONFIGS = Path(__file__).parents[1] / 'configs'
# Names that configs have in mmtracking 0.x, and here.
ALIASES = {
    f'qdtrack_faster-rcnn_{alias}': f'qdtrack_faster-rcnn_{name}'
    for alias, name in {
        'r50_fpn_4e_mot17-private-half': 'r50_4e_mot17-half_test-mot17-half',
        'r50_fpn_4e_crowdhuman_mot17-private-half': (
            'r50_4e_crowdhuman-mot17-half_test-mot17-half'
        ),
        'r50_fpn_4e_dancetrack': 'r50_4e_dancetrack_test-dancetrack',
        'r101_fpn_24e_lvis': 'r101_24e_lvis_test-tao',
        'r101_fpn_12e_tao': 'r101_12e_tao_test-tao',
    }.items()
}
LEAVES = sorted(
    path
    for path in CONFIGS.glob('*/*.py')
    if path.parent.name != '_base_' and path.stem not in ALIASES
)

OFFICIAL_MOT17 = CONFIGS / 'bytetrack' / 'bytetrack_yolox-x_mot17-test.py'

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
    for sequence in (None, *tracker.get('per_sequence', ())):
        assert type(build_tracker(tracker, sequence=sequence)).__name__ == tracker['type']


@functools.cache
def build_detector(text):
    """Several configs have the same; on torch's meta device, since YOLOX-X has 400 MB."""
    import torch

    from mmtrack_ext.registry import MODELS

    with torch.device('meta'):
        return MODELS.build(json.loads(text))


@pytest.mark.filterwarnings('default')  # torch and mmdet warn of their own parts
@pytest.mark.parametrize('path', LEAVES, ids=name_of)
def test_model_and_pipeline_of_every_config_build(path):
    from mmtrack_ext.datasets.flat_video import build_step
    from mmtrack_ext.registry import MODELS
    from mmtrack_ext.utils.register_all_modules import register_all_modules

    register_all_modules()
    config = read_config(path)
    model = config['model']
    is_whole = path.parent.name in DETECTORS or model['type'] != 'TrackingByDetection'
    detector = model if is_whole else model.pop('detector')
    if detector is not None:
        built = build_detector(json.dumps(detector))
        is_file = detector['type'] == 'ONNXDetector'  # its weights are elsewhere
        assert is_file or any(True for _ in built.parameters())
    if not is_whole:
        assert type(MODELS.build(model)).__name__ == model['type']
    dataset = config['test_dataloader']['dataset']
    for part in dataset.get('datasets', [dataset]):
        steps = [build_step(step) for step in part['pipeline']]
        names = [type(step).__name__ for step in steps]
        assert names[0] == ('LoadDetections' if detector is None else 'LoadImageFromFile')
        assert names[-1] == 'PackFrameInputs'
        assert ('KeepFrame' in names) == ('reid' in model)


@pytest.mark.parametrize(('alias', 'name'), ALIASES.items())
def test_published_names_are_aliases(alias, name):
    path = CONFIGS / 'qdtrack' / f'{alias}.py'
    assert path.read_text(encoding='utf-8') == f"_base_ = './{name}.py'\n"
    assert read_config(path) == read_config(path.with_stem(name))


@pytest.mark.parametrize('path', LEAVES, ids=name_of)
def test_tracker_of_every_config_fits_any_other(path):
    config = read_config(path)
    if 'tracker' not in config['model']:
        return
    before = read_config(OFFICIAL_MOT17)
    swapped = load_config(OFFICIAL_MOT17, tracker=path).to_dict()
    assert swapped['model'].pop('tracker') == config['model']['tracker']
    del before['model']['tracker']
    assert swapped == before


@pytest.mark.parametrize('path', LEAVES, ids=name_of)
def test_headers_name_files_that_exist(path):
    for name in re.findall(r'(?:configs|tools)/[\w./-]+\.py', path.read_text(encoding='utf-8')):
        of_mmdet = name.startswith('configs/yolox')
        assert of_mmdet or (CONFIGS.parent / name).is_file(), f'{path} names {name}'


@pytest.mark.parametrize('path', LEAVES, ids=name_of)
def test_every_config_can_be_tested(path):
    config = read_config(path)
    in_order = dict(type='VideoSampler')
    if config['test_dataloader']['dataset']['type'] == 'CocoDataset':  # pictures, no videos
        in_order = dict(type='DefaultSampler', shuffle=False)
    assert config['test_dataloader']['sampler'] == in_order
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


def arguments(path, sequence, *names):
    tracker = build_tracker(read_config(CONFIGS / path)['model']['tracker'], sequence=sequence)
    return tuple(getattr(tracker, name) for name in names)


# Of https://github.com/ifzhang/ByteTrack, tools/track.py: score above which detections are high,
# score from which they start a track, frames that a lost track is kept.
@pytest.mark.parametrize(
    ('config', 'sequence', 'expected'),
    [
        ('yolox-x_mot17-test', 'MOT17-01-SDP', (0.65, 0.75, 30)),
        ('yolox-x_mot17-test', 'MOT17-03-FRCNN', (0.6, 0.7, 30)),
        ('yolox-x_mot17-half', 'MOT17-05-FRCNN', (0.6, 0.7, 14)),
        ('yolox-x_mot17-test', 'MOT17-06-DPM', (0.65, 0.75, 14)),
        ('yolox-x_mot17-test', 'MOT17-12-FRCNN', (0.7, 0.8, 30)),
        ('yolox-x_mot17-half', 'MOT17-13-FRCNN', (0.6, 0.7, 25)),
        ('yolox-x_mot17-test', 'MOT17-14-FRCNN', (0.67, 0.77, 25)),
        ('yolox-x_mot20-test', 'MOT20-04', (0.6, 0.7, 30)),
        ('yolox-x_mot20-test', 'MOT20-06', (0.3, 0.4, 30)),
        ('yolox-x_mot20-test', 'MOT20-08', (0.3, 0.4, 30)),
    ],
)
def test_official_settings_of_byte_track(config, sequence, expected):
    path = f'bytetrack/bytetrack_{config}.py'
    names = ('high_min_score', 'init_min_score', 'max_age')
    assert arguments(path, sequence, *names) == expected
    is_mot20 = sequence.startswith('MOT20')
    costs = ('high_max_cost', 'low_max_cost', 'tentative_max_cost', 'fuse_score')
    assert arguments(path, sequence, *costs) == (0.7 if is_mot20 else 0.9, 0.5, 0.7, not is_mot20)
    output = ('output_min_area', 'output_max_aspect_ratio')
    assert arguments(path, sequence, *output) == (100, 1.6)


# Of https://github.com/hustvl/SparseTrack: score above which detections are high, score from which
# they start a track, frames that a lost track is kept, layers of high and of low detections.
@pytest.mark.parametrize(
    ('config', 'sequence', 'expected', 'costs'),
    [
        ('yolox-x_mot17-test', 'MOT17-01-DPM', (0.6, 0.65, 30, 2, 3), (0.75, 0.3, 0.8, True)),
        ('yolox-x_mot17-test', 'MOT17-05-SDP', (0.6, 0.65, 14, 1, 3), (0.75, 0.3, 0.8, True)),
        ('yolox-x-detections_mot17', 'MOT17-06-SDP', (0.65, 0.7, 14, 1, 3), (0.75, 0.3, 0.8, True)),
        ('yolox-x_mot17-test', 'MOT17-12-FRCNN', (0.7, 0.75, 30, 1, 3), (0.75, 0.3, 0.8, True)),
        ('yolox-x-detections_mot17', 'MOT17-13-DPM', (0.6, 0.65, 25, 1, 3), (0.75, 0.3, 0.8, True)),
        ('yolox-x-detections_mot17-half', None, (0.6, 0.7, 30, 1, 8), (0.85, 0.3, 0.8, True)),
        ('yolox-x-detections_mot20', 'MOT20-04', (0.6, 0.65, 60, 1, 8), (0.6, 0.3, 0.7, False)),
        ('yolox-x-detections_mot20', 'MOT20-08', (0.27, 0.32, 60, 1, 8), (0.6, 0.3, 0.7, False)),
        ('yolox-x-detections_dancetrack', None, (0.7, 0.75, 60, 1, 12), (0.85, 0.35, 0.7, True)),
    ],
)
def test_official_settings_of_sparse_track(config, sequence, expected, costs):
    path = f'sparsetrack/sparsetrack_{config}.py'
    scores = ('high_min_score', 'init_min_score', 'max_age', 'high_depth_levels')
    assert arguments(path, sequence, *scores, 'low_depth_levels') == expected
    names = ('high_max_cost', 'low_max_cost', 'tentative_max_cost', 'fuse_score')
    assert arguments(path, sequence, *names) == costs
    assert arguments(path, sequence, 'output_min_area', 'output_max_aspect_ratio') == (100, 1.6)


def test_published_forms_of_deep_sort():
    names = ('variant', 'min_score', 'min_confidence', 'max_cosine_distance', 'nn_budget')
    names += ('max_iou_distance', 'max_age', 'n_init')
    nwojke = arguments('deepsort/deepsort_poi-detections_mot16.py', None, *names)
    assert nwojke == ('nwojke', 0, 0.3, 0.2, 100, 0.7, 30, 3)
    paddle = arguments('deepsort/deepsort-paddle_detections_mot16.py', 'MOT16-02', *names)
    assert paddle == ('paddle', 0.3, 0.3, 0.2, 100, 0.9, 70, 3)
    path = 'deepsort/deepsort-paddle_detections_mot16.py'
    assert arguments(path, 'MOT16-02', 'clip_to') == ((1920, 1080),)
    assert arguments(path, 'MOT16-05', 'clip_to') == ((640, 480),)


def test_released_nano_track():
    path = 'nanotrack/nanotrack-released_nanodet-plus-detections_pets09.py'
    names = ('compat_released', 'plus_one_iou', 'min_score', 'truncate_boxes')
    assert arguments(path, None, *names) == (True, True, 0.3, True)
    names = ('high_min_score', 'high_max_cost', 'low_max_cost', 'low_depth_levels', 'max_age')
    assert arguments(path, None, *names) == (0.45, 0.8, 0.4, 3, 30)


@pytest.fixture
def of_mmdet():
    """The config of YOLOX-X that comes with mmdet, changed as its ByteTrack changes it."""
    import mmdet
    from mmengine.config import Config

    path = Path(mmdet.__file__).parent / '.mim/configs/yolox/yolox_x_8xb8-300e_coco.py'
    if not path.is_file():
        pytest.skip(f'this mmdet comes without its configs: {path}')
    model = Config.fromfile(path).model
    model.bbox_head.num_classes = 1
    model.test_cfg.nms.iou_threshold = 0.7
    return model


@pytest.mark.filterwarnings('default')
def test_yolox_x_has_the_weights_of_mmdet(of_mmdet):
    from mmtrack_ext.utils.register_all_modules import register_all_modules

    register_all_modules()
    config = read_config(OFFICIAL_MOT17)
    ours = build_detector(json.dumps(config['model']['detector'])).state_dict()
    theirs = build_detector(json.dumps(of_mmdet.to_dict())).state_dict()
    shapes = {name: tuple(value.shape) for name, value in ours.items()}
    assert shapes == {name: tuple(value.shape) for name, value in theirs.items()}
    assert shapes['bbox_head.multi_level_conv_cls.2.weight'] == (1, 320, 1, 1)
    assert len(shapes) == 894


@pytest.mark.filterwarnings('default')
def test_weights_of_a_published_byte_track_load_as_detector(of_mmdet, tmp_path):
    """A narrow YOLOX, as part of a larger model and alone, finds the same boxes as mmdet's."""
    import numpy as np
    import torch

    from mmtrack_ext.apis.inference import MOTInferencer
    from mmtrack_ext.registry import MODELS
    from mmtrack_ext.utils.register_all_modules import register_all_modules

    def narrow(model):
        model['backbone'].update(deepen_factor=0.33, widen_factor=0.125)
        model['neck'].update(in_channels=[32, 64, 128], out_channels=32, num_csp_blocks=1)
        model['bbox_head'].update(in_channels=32, feat_channels=32)
        return model

    register_all_modules()
    torch.manual_seed(0)
    theirs = MODELS.build(narrow(of_mmdet)).eval()
    theirs.init_weights()
    head = theirs.bbox_head
    for layer in (*head.multi_level_conv_cls, *head.multi_level_conv_obj):
        torch.nn.init.normal_(layer.weight, std=0.5)  # a network that sees something everywhere
        layer.bias.data[0] = -1
    weights = theirs.state_dict()
    torch.save({'state_dict': {f'detector.{k}': v for k, v in weights.items()}}, tmp_path / 'a.pth')
    torch.save(weights, tmp_path / 'b.pth')
    config = load_config(OFFICIAL_MOT17)
    narrow(config.model.detector)
    image = np.random.default_rng(0).integers(0, 256, (54, 96, 3), np.uint8)
    scale = (144, 80)  # of 96 x 54 it makes 142 x 80, which is padded to 160 x 96
    config.test_dataloader.dataset.pipeline[1].scale = scale
    found = []
    for name in ('a.pth', 'b.pth'):
        inferencer = MOTInferencer(config, detector=tmp_path / name, device='cpu')
        found.append(inferencer(image)[0])
    import cv2

    padded = np.full((96, 160, 3), 114, np.uint8)
    padded[:80, :142] = cv2.resize(image, (142, 80))
    inputs = torch.from_numpy(padded).permute(2, 0, 1)[None].float()
    metas = [dict(img_shape=(80, 142), scale_factor=(142 / 96, 80 / 54))]
    with torch.no_grad():
        outputs = head(theirs.extract_feat(inputs))
        (expected,) = head.predict_by_feat(*outputs, metas, theirs.test_cfg, rescale=True)
    assert len(expected) > 3
    for detections in found:
        np.testing.assert_allclose(detections.boxes, expected.bboxes, atol=1e-3)
        np.testing.assert_allclose(detections.scores, expected.scores, atol=1e-5)


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
