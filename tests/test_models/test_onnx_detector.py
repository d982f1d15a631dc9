"""Exported NanoDets inside of trackers: what torch finds, onnxruntime finds."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
import sys

import numpy as np
import pytest
import torch

from mmtrack_ext.registry import MODELS  # first: it installs the operators

# isort: split
from mmdet.structures import DetDataSample
from mmengine.config import Config

from mmtrack_ext.apis import MOTInferencer
from mmtrack_ext.models import onnx_check, onnx_export
from mmtrack_ext.models.detectors import ONNXDetector, rename_nanodet_key
from mmtrack_ext.models.detectors.onnx_metadata import DetectorMetadata

onnx = pytest.importorskip('onnx')
pytest.importorskip('onnxruntime')

pytestmark = pytest.mark.filterwarnings('default')  # torch and mmdet warn of their own parts

SIZE = (128, 96)  # width, height
KINDS = ('nanodet_plus_m', 'nanodet_m')
TEST_CFG = dict(
    score_thr=0.3, nms=dict(type='nms', iou_threshold=0.6), max_per_img=100, classes=None
)


@pytest.fixture(scope='module')
def detector(root, load_module):
    """A detector of the zoo, with the weights of tests/data/nanodet/fill.py: it sees much."""
    folder, made = root / 'tests' / 'data' / 'nanodet', {}
    fill = load_module(folder / 'fill.py')
    shapes = json.loads((folder / 'family_keys.json').read_text(encoding='utf-8'))

    def build(kind):
        if kind not in made:
            model = MODELS.build(config_of(root, kind))
            filled = {rename_nanodet_key(k): v for k, v in fill.fill_state(shapes[kind]).items()}
            weights = {k: torch.from_numpy(v) for k, v in filled.items() if k is not None}
            missing, _ = model.load_state_dict(weights, strict=False)
            assert not [name for name in missing if 'aux' not in name]
            made[kind] = model.eval()
        return made[kind]

    return build


def config_of(root, kind):
    path = root / 'configs' / '_base_' / 'models' / f'{kind}.py'
    config = Config.fromfile(path).model.to_dict()
    config.pop('aux_bbox_head', None)
    return {**config, 'test_cfg': TEST_CFG}


@pytest.fixture(scope='module')
def export(root, detector, tmp_path_factory):
    """The file of a detector; each is written once."""
    folder, made = tmp_path_factory.mktemp('exports'), {}

    def write(kind, form, *, fixed=False):
        path = folder / f'{kind}_{form}_{fixed}.onnx'
        if path not in made:
            model = detector(kind)
            metadata = onnx_export.describe(
                model,
                form=form,
                class_names=['pedestrian'],
                input_size=SIZE if fixed else None,
                data_preprocessor=config_of(root, kind)['data_preprocessor'],
            )
            images = list(onnx_check.example_images(metadata, SIZE, free_size=not fixed))
            network = onnx_export.network(model, metadata)
            onnx_export.trace(network, images[0], path, free_size=not fixed)
            onnx_export.finish(path, metadata)
            made[path] = metadata
        return path

    return write


def frames(count, *, width=SIZE[0], height=SIZE[1]):
    """Plain boxes that walk over a noisy ground, in which these weights see much; BGR."""
    rng = np.random.default_rng(7)
    ground = rng.integers(0, 256, (height, width, 3))
    colors, starts = rng.integers(0, 256, (4, 3)), rng.integers(0, 60, (4, 2))
    for t in range(count):
        image = ground.astype(np.uint8).copy()
        for color, (x, y) in zip(colors, starts + 2 * t, strict=True):
            image[y : y + 30, x : x + 14] = color
        yield image


def batch(sizes, *, scale=2.0):
    """As a pipeline leaves frames of these (width, height), resized from ``scale`` times that."""
    inputs, samples = [], []
    for width, height in sizes:
        image = next(frames(1, width=width, height=height))
        inputs.append(torch.from_numpy(image.transpose(2, 0, 1).copy()))
        original = (int(height * scale), int(width * scale))
        meta = dict(img_shape=(height, width), ori_shape=original, scale_factor=(1 / scale,) * 2)
        samples.append(DetDataSample(metainfo=meta))
    return dict(inputs=inputs, data_samples=samples)


def check(found, expected, *, at_least=0):
    for one, other in zip(found, expected, strict=True):
        assert len(one.pred_instances) == len(other.pred_instances) >= at_least
        for name, tolerance in (('bboxes', 1e-3), ('scores', 1e-5), ('labels', 0)):
            values = (x.pred_instances[name].numpy() for x in (one, other))
            np.testing.assert_allclose(*values, atol=tolerance)


@pytest.mark.parametrize('form', ['raw', 'detections'])
@pytest.mark.parametrize('kind', KINDS)
def test_detections_are_those_of_torch(detector, export, kind, form):
    exported = ONNXDetector(export(kind, form))
    # One frame of the size of the export; three of which two have to be padded, to another size.
    for sizes in ([(128, 96)], [(150, 90), (120, 128), (100, 70)]):
        with torch.no_grad():
            expected = detector(kind).test_step(batch(sizes))
        check(exported.test_step(batch(sizes)), expected, at_least=20)
        in_original_pixels = torch.cat([x.pred_instances.bboxes for x in expected]).max()
        assert in_original_pixels > 160
        data = batch(sizes)
        # Inside of a model without a data_preprocessor: frames as the pipeline leaves them.
        exported.predict(data['inputs'], data['data_samples'], rescale=True)
        check(data['data_samples'], expected)


@pytest.mark.parametrize('form', ['raw', 'detections'])
def test_boxes_in_pixels_of_the_input(detector, export, form):
    data = batch([(128, 96)])
    exported, model = ONNXDetector(export('nanodet_plus_m', form)), detector('nanodet_plus_m')
    found = exported.predict(data['inputs'], copy.deepcopy(data['data_samples']), rescale=False)
    prepared = model.data_preprocessor(data, False)
    with torch.no_grad():
        expected = model.predict(prepared['inputs'], prepared['data_samples'], rescale=False)
    check(found, expected, at_least=20)
    assert found[0].pred_instances.bboxes.max() <= 128


@pytest.mark.parametrize(
    'changes',
    [dict(score_thr=0.1, max_per_img=60), dict(nms=dict(type='nms', iou_threshold=0.2)),
     dict(score_thr=0.5, max_per_img=-1, nms=None), dict(score_thr=0.999)],
    ids=['more', 'overlap', 'all', 'none'],
)  # fmt: skip
def test_thresholds_can_be_changed(detector, export, changes):
    model = detector('nanodet_m')
    data = model.data_preprocessor(batch([(128, 96), (128, 96)]), False)
    with torch.no_grad():
        maps = model.bbox_head(model.extract_feat(data['inputs']))
        metas = [sample.metainfo for sample in data['data_samples']]
        cfg = {**TEST_CFG, **changes}
        expected = model.bbox_head.predict_by_feat(*maps, metas, cfg=cfg, rescale=True)
    samples = data['data_samples']
    expected = model.add_pred_to_datasample(copy.deepcopy(samples), expected)
    for form in ('raw', 'detections'):
        exported = ONNXDetector(export('nanodet_m', form), test_cfg=changes)
        # Already preprocessed images are taken as they are.
        check(exported.predict(data['inputs'], samples), expected)
    counts = {60: 60, 100: None, -1: None}
    wanted = counts[cfg['max_per_img']]
    assert wanted is None or {len(sample.pred_instances) for sample in samples} == {wanted}
    assert (len(samples[0].pred_instances) == 0) == (cfg['score_thr'] == 0.999)


def test_raw_outputs_allow_other_classes(detector, export):
    classes = [5, 0]
    exported = ONNXDetector(
        export('nanodet_plus_m', 'raw'), test_cfg=dict(classes=classes, score_thr=0.1)
    )
    (found,) = exported.test_step(batch([(128, 96)]))
    assert set(found.pred_instances.labels.tolist()) == set(classes)


def test_tensor_mode_gives_the_outputs_of_the_file(detector, export):
    data = detector('nanodet_m').data_preprocessor(batch([(128, 96)]), False)
    with torch.no_grad():
        expected = detector('nanodet_m')(data['inputs'], mode='tensor')
    found = ONNXDetector(export('nanodet_m', 'raw'))(data['inputs'])
    assert found.shape == (1, 252, 112)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    outputs = ONNXDetector(export('nanodet_m', 'detections'))(data['inputs'])
    assert [x.shape[1:] for x in outputs] == [(4,), (), (), ()]


@pytest.mark.parametrize('form', ['raw', 'detections'])
@pytest.mark.parametrize('kind', KINDS)
def test_tracks_are_those_of_torch(root, detector, export, tmp_path, kind, form):
    weights = tmp_path / 'detector.pth'
    torch.save(detector(kind).state_dict(), weights)
    config = Config.fromfile(root / 'configs' / 'nanotrack' / 'nanotrack_onnx_video.py')
    config.test_dataloader.dataset.pipeline[1].scale = SIZE
    tracker = dict(type='NanoTracker', high_min_score=0.4)
    config.model = dict(type='TrackingByDetection', detector=config_of(root, kind), tracker=tracker)
    torch_one = MOTInferencer(config, detector=weights, device='cpu')
    config.model = dict(type='TrackingByDetection', detector=dict(type='ONNXDetector'),
                        tracker=tracker)  # fmt: skip
    config.model.detector.path = str(export(kind, form))
    onnx_one = MOTInferencer(config, device='cpu')
    ids = set()
    for image in frames(6):
        detections, expected = torch_one(image)
        found, tracked = onnx_one(image)
        assert len(detections) > 20
        np.testing.assert_allclose(found.boxes, detections.boxes, atol=1e-3)
        assert tracked.ids.tolist() == expected.ids.tolist()
        np.testing.assert_allclose(tracked.boxes, expected.boxes, atol=1e-3)
        assert tracked.detection_index.tolist() == expected.detection_index.tolist()
        ids |= set(tracked.ids.tolist())
    assert len(ids) > 10


def test_the_file_says_what_it_is(export):
    path = export('nanodet_plus_m', 'detections')
    properties = {entry.key: entry.value for entry in onnx.load(str(path)).metadata_props}
    assert properties['form'] == 'detections'
    assert json.loads(properties['class_names'])[:3] == ['person', 'bicycle', 'car']
    assert json.loads(properties['mean']) == [103.53, 116.28, 123.675]
    assert json.loads(properties['strides']) == [8, 16, 32, 64]
    metadata = DetectorMetadata.from_properties(properties, 'a.onnx')
    assert metadata.to_properties() == properties
    assert metadata.test_cfg == TEST_CFG
    assert (metadata.num_classes, metadata.reg_max, metadata.prior_offset) == (80, 7, 0.0)
    assert (metadata.input_size, metadata.pad_size_divisor) == (None, 32)
    legacy = ONNXDetector(export('nanodet_m', 'raw')).metadata
    assert (legacy.form, legacy.detector, legacy.prior_offset) == ('raw', 'NanoDet', 0.5)
    assert legacy.strides == [8, 16, 32]


def test_other_programs_need_the_images_alone(export):
    """Thresholds are inputs with defaults; the raw output is gone."""
    import onnxruntime

    path = str(export('nanodet_m', 'detections'))
    session = onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])
    assert [node.name for node in session.get_inputs()] == ['images']
    defaults = {node.name for node in session.get_overridable_initializers()}
    assert defaults >= {'score_thr', 'iou_threshold', 'max_per_img'}
    outputs = [node.name for node in session.get_outputs()]
    assert outputs == ['boxes', 'scores', 'labels', 'batch_index']
    images = np.random.default_rng(0).normal(size=(3, 3, 96, 128)).astype(np.float32)
    _, scores, _, batch_index = session.run(None, {'images': images})
    assert (np.diff(batch_index) >= 0).all()
    assert scores.min() > 0.3
    assert np.bincount(batch_index).max() <= 100


def test_copies_work_as_the_original(export):
    original = ONNXDetector(export('nanodet_m', 'detections'), num_threads=1)
    expected = original.test_step(batch([(128, 96)]))
    for other in (copy.deepcopy(original), pickle.loads(pickle.dumps(original))):
        check(other.test_step(batch([(128, 96)])), expected)
        assert other.session.get_session_options().intra_op_num_threads == 1


def test_threads(export):
    for given, expected in ((None, torch.get_num_threads()), (3, 3)):
        options = ONNXDetector(export('nanodet_m', 'raw'), num_threads=given).session
        assert options.get_session_options().intra_op_num_threads == expected


def test_a_model_without_a_file_builds(root):
    config = Config.fromfile(root / 'configs' / 'nanotrack' / 'nanotrack_onnx_video.py')
    model = MODELS.build(config.model)
    assert not list(model.parameters())
    with pytest.raises(ValueError, match=r'model\.detector\.path=FILE\.onnx'):
        model.test_step(batch([(128, 96)]))


def with_metadata(path, out, **changes):
    """A copy of a file with other metadata."""
    model = onnx.load(str(path))
    properties = {entry.key: entry.value for entry in model.metadata_props} | changes
    kept = {name: value for name, value in properties.items() if value is not None}
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, kept)
    onnx.save(model, str(out))
    return out


@pytest.mark.parametrize(
    ('name', 'options', 'words'),
    [
        ('missing.onnx', {}, 'missing.onnx'),
        ('text.onnx', {}, 'text.onnx: onnxruntime cannot read this network: '),
        ('foreign.onnx', {}, 'no detector that tools/export_onnx.py has written; its metadata lac'),
        ('short.onnx', {}, 'its metadata lacks strides, reg_max.'),
        ('form.onnx', {}, "must be one of raw, detections. Got 'boxes' instead."),
        ('json.onnx', {}, 'metadata that is no JSON'),
        ('other.onnx', {}, 'the raw outputs of YOLOX cannot be decoded here'),
        ('raw.onnx', dict(num_threads=0), "'num_threads' parameter of ONNXDetector"),
        ('raw.onnx', dict(test_cfg=dict(score=1)), 'score_thr, nms, max_per_img, classes. Got sc'),
        ('detections.onnx', dict(test_cfg=dict(classes=[0])), 'exported for classes=None, not [0]'),
        (
            'detections.onnx',
            dict(test_cfg=dict(nms=dict(type='soft_nms', iou_threshold=0.5))),
            'within each class',
        ),
    ],
)
def test_a_mistake_is_one_line(export, tmp_path, name, options, words):
    raw = export('nanodet_m', 'raw')
    (tmp_path / 'text.onnx').write_text('no network')
    with_metadata(raw, tmp_path / 'raw.onnx')
    with_metadata(export('nanodet_m', 'detections'), tmp_path / 'detections.onnx')
    nothing = {field.name: None for field in dataclasses.fields(DetectorMetadata)}
    with_metadata(raw, tmp_path / 'foreign.onnx', **nothing)
    with_metadata(raw, tmp_path / 'short.onnx', strides=None, reg_max=None)
    with_metadata(raw, tmp_path / 'form.onnx', form='boxes')
    with_metadata(raw, tmp_path / 'json.onnx', mean='[103')
    with_metadata(raw, tmp_path / 'other.onnx', detector='YOLOX', strides='null')
    with pytest.raises((ValueError, OSError)) as error:
        ONNXDetector(tmp_path / name, **options)
    assert words in str(error.value)
    assert '\n' not in str(error.value)


def test_mistakes_in_use_are_one_line(export):
    fixed = ONNXDetector(export('nanodet_m', 'raw', fixed=True))
    check(fixed.test_step(batch([(128, 96)])), fixed.test_step(batch([(128, 96)])), at_least=20)
    with pytest.raises(ValueError, match=r'fixed to images of 128 x 96\. Got 128 x 128 instead'):
        fixed.test_step(batch([(128, 120)]))
    free = ONNXDetector(export('nanodet_m', 'raw'))
    with pytest.raises(ValueError, match='the network fails: ') as error:
        free.predict(torch.zeros(1, 4, 96, 128), [DetDataSample()])
    assert '\n' not in str(error.value)
    with pytest.raises(ValueError, match='cannot be trained'):
        free(torch.zeros(1, 3, 96, 128), mode='loss')


def test_without_onnxruntime_it_says_what_to_install(export, monkeypatch):
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)
    with pytest.raises(ValueError, match='ONNXDetector needs the package onnxruntime: pip install'):
        ONNXDetector(export('nanodet_m', 'raw'))


def test_the_check_sees_what_differs(export, detector):
    """A file with other thresholds, and detections that are wrong in one number."""
    metadata = ONNXDetector(export('nanodet_m', 'detections')).metadata
    sample = ONNXDetector(export('nanodet_m', 'detections')).test_step(batch([(128, 96)]))[0]
    expected = sample.pred_instances
    assert onnx_check.difference_of_detections(expected, expected) == 0
    with pytest.raises(ValueError, match='boxes where torch gives'):
        onnx_check.difference_of_detections(expected[1:], expected)
    for name, row, change in (('bboxes', 3, 0.01), ('scores', 5, 0.002), ('labels', 2, 1)):
        wrong = copy.deepcopy(expected)
        wrong[name][row] += change
        with pytest.raises(ValueError, match='the boxes of the export differ'):
            onnx_check.difference_of_detections(wrong, expected)
    assert metadata.max_per_img == 100
