"""Decoding and suppression inside of ONNX: the boxes that torch gives for the same raw outputs."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

from mmtrack_ext.registry import MODELS  # noqa: F401  # first: it installs the operators

# isort: split
from mmtrack_ext.models.detectors.onnx_postprocess import (
    NO_CAP,
    OUTPUTS,
    SETTINGS,
    PostProcess,
    graph_settings,
)
from mmtrack_ext.models.detectors.raw_decoder import RawDecoder

onnxruntime = pytest.importorskip('onnxruntime')

SIZE = (96, 128)  # height, width: 192 + 48 + 12 + 4 points
CFG = dict(score_thr=0.3, nms=dict(type='nms', iou_threshold=0.6), max_per_img=100, classes=None)
PLUS = dict(strides=(8, 16, 32, 64), prior_offset=0.0)
LEGACY = dict(strides=(8, 16, 32), prior_offset=0.5)


class FromMaps(torch.nn.Module):
    """What a head's last layers give, one map a level, to detections."""

    def __init__(self, decoder, cfg):
        super().__init__()
        self.num_classes = decoder.num_classes
        self.post_process = PostProcess(decoder, cfg)

    def forward(self, *maps_and_settings):
        maps, settings = maps_and_settings[:-3], maps_and_settings[-3:]
        images = maps[0].new_zeros((maps[0].shape[0], 3, *SIZE))
        kinds = self.num_classes
        split = [x[:, :kinds] for x in maps], [x[:, kinds:] for x in maps]
        return self.post_process(split, images, settings)


class Graph:
    """That, as onnxruntime runs it, and as torch does."""

    def __init__(self, path, *, num_classes=4, head=PLUS, **changes):
        self.cfg = {**CFG, **changes}
        self.decoder = RawDecoder(num_classes, reg_max=7, test_cfg=self.cfg, **head)
        settings = graph_settings(self.cfg)
        maps = self.maps(self.random(2))
        example = (*maps.values(), *(torch.from_numpy(settings[name]) for name in SETTINGS))
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # the exporter's
            torch.onnx.export(
                FromMaps(self.decoder, self.cfg).eval(),
                example,
                str(path),
                input_names=[*maps, *SETTINGS],
                output_names=list(OUTPUTS),
                dynamic_axes={name: {0: 'count'} for name in OUTPUTS}
                | {name: {0: 'batch'} for name in maps},
                opset_version=17,
                dynamo=False,
            )
        self.session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])

    def maps(self, raw):
        """Raw outputs as maps by the names of the graph's inputs."""
        pairs = zip(*self.decoder.to_maps(raw, SIZE), strict=True)
        return {f'map_{level}': torch.cat(pair, dim=1) for level, pair in enumerate(pairs)}

    def random(self, count, *, seed=0, spread=2.0, bias=-2.0):
        """(count, P, C + 32) logits; boxes mostly some strides wide, so that many overlap."""
        rng = np.random.default_rng(seed)
        decoder = self.decoder
        points = sum(-(-SIZE[0] // stride) * -(-SIZE[1] // stride) for stride in decoder.strides)
        raw = rng.normal(0, spread, (count, points, decoder.num_classes + 32))
        raw[..., : decoder.num_classes] += bias
        return torch.from_numpy(raw.astype(np.float32))

    def __call__(self, raw, **changes):
        """(image, box, score, label) rows of onnxruntime, and those of torch."""
        cfg = {**self.cfg, **changes}
        maps = {name: x.numpy() for name, x in self.maps(raw).items()}
        outputs = self.session.run(None, maps | graph_settings(cfg))
        boxes, scores, labels, images = outputs
        assert (boxes.dtype, scores.dtype, labels.dtype) == (np.float32, np.float32, np.int64)
        metas = [dict(batch_input_shape=SIZE, img_shape=SIZE)] * len(raw)
        expected = [
            [number, *box.tolist(), score.item(), label.item()]
            for number, one in enumerate(self.decoder.predict_raw(raw, metas, cfg=cfg))
            for box, score, label in zip(one.bboxes, one.scores, one.labels, strict=True)
        ]
        found = np.column_stack([images, boxes, scores, labels])
        return found, np.array(expected).reshape(-1, 7)


@pytest.fixture(scope='module')
def graph(tmp_path_factory):
    """A graph by its arguments; each is written once."""
    folder, made = tmp_path_factory.mktemp('graphs'), {}

    def build(**arguments):
        key = repr(sorted(arguments.items()))
        if key not in made:
            made[key] = Graph(folder / f'{len(made)}.onnx', **arguments)
        return made[key]

    return build


def check(found, expected, *, at_least=0):
    assert len(expected) >= at_least
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found[:, [0, 6]], expected[:, [0, 6]])
    np.testing.assert_allclose(found[:, 1:6], expected[:, 1:6], atol=1e-3)


@pytest.mark.parametrize('head', [PLUS, LEGACY], ids=['plus', 'legacy'])
@pytest.mark.parametrize('count', [1, 3])
def test_boxes_labels_scores_and_their_order(graph, head, count):
    graph = graph(head=head)
    for seed in range(4):
        found, expected = graph(graph.random(count, seed=seed), max_per_img=-1)
        check(found, expected, at_least=100 * count)


def test_the_cap_counts_in_each_image(graph):
    graph = graph()
    raw = graph.random(3)
    raw[1, :, :4] -= 3  # an image of few
    for cap in (1, 7, 60):
        found, expected = graph(raw, max_per_img=cap)
        check(found, expected)
        counts = np.bincount(found[:, 0].astype(int))
        assert counts[0] == counts[2] == cap
    assert counts[1] < 60
    everything, _ = graph(raw, max_per_img=-1)
    first = everything[everything[:, 0] == 0]
    np.testing.assert_allclose(found[:60], first[:60], atol=1e-3)  # the best ones


def test_score_and_overlap_are_inputs(graph):
    graph = graph()
    raw = graph.random(2)
    counts = []
    for score_thr, iou_threshold in ((0.1, 0.3), (0.1, 0.7), (0.5, 0.7)):
        found, expected = graph(
            raw, score_thr=score_thr, nms=dict(type='nms', iou_threshold=iou_threshold),
            max_per_img=-1,
        )  # fmt: skip
        check(found, expected)
        assert found[:, 5].min() > score_thr
        counts.append(len(found))
    assert counts[0] < counts[1] > counts[2]


@pytest.mark.parametrize('classes', [[0], [2], [3, 1]])
def test_classes_are_chosen_before_the_cap(graph, classes):
    graph = graph(classes=classes, max_per_img=20)
    found, expected = graph(graph.random(3))
    check(found, expected, at_least=60)
    assert set(found[:, 6]) == set(classes)


def check_many(found, expected, *, at_least):
    """Class by class: of very many scores some are nearly equal, and may change places."""
    in_classes = [np.lexsort((-rows[:, 5], rows[:, 6], rows[:, 0])) for rows in (found, expected)]
    check(found[in_classes[0]], expected[in_classes[1]], at_least=at_least)


def test_many_pairs_are_suppressed_class_by_class(graph):
    """From 10,000 pairs on torch leaves classes where they are; the graph does so, too."""
    graph = graph(num_classes=80)
    many, few = graph.random(2, spread=1, bias=0), graph.random(2, seed=1)
    raw = torch.cat([many[:1], few[:1], many[1:]])
    pairs = (raw[..., :80].sigmoid() > 0.3).sum((1, 2)).tolist()
    assert pairs[0] > 10_000 > pairs[1]
    for cap in (100, -1):
        check_many(*graph(raw, max_per_img=cap), at_least=300)


@pytest.mark.parametrize(('split_thr', 'counts'), [(10_000, (4044, 3927)), (1, (4045, 3920))])
def test_overlaps_are_rounded_as_torch_rounds_them(graph, split_thr, counts):
    """Here it matters for some boxes whether their class is moved, far, before their overlap."""
    nms = dict(type='nms', iou_threshold=0.6, split_thr=split_thr)
    graph = graph(num_classes=80, nms=nms, max_per_img=-1)
    for seed, count in zip((58, 98), counts, strict=True):  # found by trying seeds
        found, expected = graph(graph.random(1, seed=seed, bias=-1.5))
        check_many(found, expected, at_least=count)
        assert len(found) == count


def test_no_suppression(graph):
    graph = graph(nms=None, max_per_img=-1)
    raw = graph.random(2)
    found, expected = graph(raw)
    check(found, expected, at_least=100)
    assert len(found) == (raw[..., :4].sigmoid() > 0.3).sum()


def test_images_without_boxes(graph):
    graph = graph()
    raw = graph.random(3)
    raw[1, :, :4] = -20
    found, expected = graph(raw)
    check(found, expected, at_least=100)
    assert set(found[:, 0]) == {0, 2}
    raw[..., :4] = -20
    found, expected = graph(raw)
    assert found.shape == expected.shape == (0, 7)


def test_two_boxes_by_hand(graph):
    """Two points side by side, boxes of one size: overlap 1/3 where they are 8 of 16 apart."""
    graph = graph(num_classes=1)
    raw = torch.full((1, 256, 33), -20.0)
    raw[0, :, 1:] = 0
    for point, logit in ((5 * 16 + 4, 1.0), (5 * 16 + 5, 2.0)):  # (32, 40) and (40, 40)
        raw[0, point, 0] = logit
        raw[0, point, 1:] = -50
        raw[0, point, [2, 10, 18, 26]] = 50  # one stride to each side
    found, _ = graph(raw, nms=dict(type='nms', iou_threshold=0.34))
    sigmoid = [0.880797, 0.731059]
    expected = [[0, 32, 32, 48, 48, sigmoid[0], 0], [0, 24, 32, 40, 48, sigmoid[1], 0]]
    np.testing.assert_allclose(found, expected, atol=1e-4)
    found, _ = graph(raw, nms=dict(type='nms', iou_threshold=0.33))
    np.testing.assert_allclose(found, expected[:1], atol=1e-4)


def test_boxes_end_at_the_border(graph):
    graph = graph(num_classes=1)
    raw = torch.full((1, 256, 33), -20.0)
    raw[0, [0, 191], 0] = 3.0  # the first and the last point of stride 8: (0, 0), (120, 88)
    raw[0, :, 1:] = -50
    raw[0, :, [3, 11, 19, 27]] = 50  # two strides to each side
    found, _ = graph(raw)
    np.testing.assert_allclose(found[:, 1:5], [[0, 0, 16, 16], [104, 72, 128, 96]], atol=1e-3)


def test_what_onnx_cannot_do_is_refused():
    assert graph_settings({**CFG, 'max_per_img': -1})['max_per_img'] == NO_CAP
    for nms in (dict(type='soft_nms', iou_threshold=0.5),
                dict(type='nms', iou_threshold=0.5, class_agnostic=True)):  # fmt: skip
        with pytest.raises(ValueError, match='within each class'):
            graph_settings({**CFG, 'nms': nms})
    decoder = RawDecoder(4, reg_max=7, **PLUS)
    for classes in ([], [4], [-1]):
        with pytest.raises(ValueError, match='labels 0 to 3'):
            PostProcess(decoder, {**CFG, 'classes': classes})
    with pytest.raises(ValueError, match=r'must be \(B, 256, 36\)'):
        decoder.to_maps(torch.zeros(1, 252, 36), SIZE)
