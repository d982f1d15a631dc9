"""From raw outputs to boxes, as the original does it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from mmtrack_ext.models.dense_heads import NanoDetPlusHead
from mmtrack_ext.models.dense_heads.class_nms import class_nms


@pytest.fixture(scope='module')
def head(config):
    return NanoDetPlusHead(80, 96, test_cfg=config.model.test_cfg)


@pytest.fixture(scope='module')
def meta(recorded):
    warp = recorded['meta/warp_matrix']
    assert np.array_equal(warp, np.diag(np.diag(warp)))  # resizing alone
    return dict(
        img_shape=(96, 128),
        scale_factor=(float(warp[0, 0]), float(warp[1, 1])),
        ori_shape=tuple(recorded['meta/ori_hw'].tolist()),
    )


@pytest.fixture
def detect(head, recorded, meta, as_maps):
    def run(settings, *, rescale):
        cfg = dict(
            score_thr=float(recorded[f'eval/{settings}/score_thr']),
            max_per_img=int(recorded[f'eval/{settings}/max_num']),
        )
        maps = as_maps(torch.from_numpy(recorded['eval/raw']))
        return head.predict_by_feat(*maps, [meta], cfg=cfg, rescale=rescale)[0]

    return run


@pytest.mark.parametrize('settings', ['det_default', 'det_high'])
def test_boxes_scores_and_labels(detect, recorded, settings):
    found = detect(settings, rescale=False)
    expected = recorded[f'eval/{settings}/boxes']
    np.testing.assert_array_equal(found.labels, recorded[f'eval/{settings}/labels'])
    np.testing.assert_allclose(found.bboxes, expected[:, :4], rtol=0, atol=2e-3)
    np.testing.assert_allclose(found.scores, expected[:, 4], rtol=0, atol=1e-5)


@pytest.mark.parametrize('settings', ['det_default', 'det_high'])
def test_boxes_in_the_original_image(detect, recorded, settings):
    found = detect(settings, rescale=True)
    found = found[found.labels.argsort(stable=True)]  # recorded class by class
    expected = recorded[f'eval/{settings}/mapped']
    np.testing.assert_array_equal(found.labels, expected[:, 5])
    np.testing.assert_allclose(found.bboxes, expected[:, :4], rtol=0, atol=2e-3)
    np.testing.assert_allclose(found.scores, expected[:, 4], rtol=0, atol=1e-5)


def test_both_ways_of_suppression_are_needed(recorded):
    """The recording covers 10,000 and more boxes, and fewer."""
    scores = torch.from_numpy(recorded['eval/raw'])[..., :80].sigmoid()
    assert (scores > 0.05).sum() >= 10_000 > (scores > 0.3).sum()


def test_whole_model_predicts(build, fill, recorded, meta):
    model = build().eval()
    image = torch.from_numpy(fill.make_image(int(recorded['meta/eval_seed'])))
    sample = DetDataSample(metainfo=meta)
    with torch.no_grad():
        (sample,) = model(image, [sample], mode='predict')
    found = sample.pred_instances
    found = found[found.labels.argsort(stable=True)]
    np.testing.assert_allclose(
        found.bboxes, recorded['eval/det_default/mapped'][:, :4], rtol=0, atol=2e-3
    )


def one_point(*, distances, point, num_points=4):
    """Logits of 4 x 4 points at stride 8, one of which surely predicts a box of class 1."""
    class_map = torch.full((1, 2, num_points, num_points), -20.0)
    box_map = torch.zeros(1, 32, num_points, num_points)
    row, column = point
    class_map[0, 1, row, column] = 20.0
    for side, distance in enumerate(distances):
        box_map[0, 8 * side + distance, row, column] = 100.0
    return [class_map], [box_map]


@pytest.fixture
def one_level():
    return NanoDetPlusHead(2, 4, strides=[8])


def test_box_by_hand(one_level):
    maps = one_point(distances=(1, 2, 1, 0), point=(3, 2))  # around (16, 24), without half a cell
    (found,) = one_level.predict_by_feat(*maps, [dict(img_shape=(32, 32))])
    assert found.bboxes.tolist() == [[8, 8, 24, 24]]
    assert found.labels.tolist() == [1]


def test_boxes_are_clipped_to_the_padded_input_then_to_the_image(one_level):
    maps = one_point(distances=(7, 7, 7, 7), point=(1, 1))  # -48 ... 64 in both directions
    meta = dict(
        img_shape=(20, 24), batch_input_shape=(32, 32), scale_factor=(0.5, 2), ori_shape=(10, 48)
    )
    (found,) = one_level.predict_by_feat(*maps, [meta])
    assert found.bboxes.tolist() == [[0, 0, 32, 32]]
    (found,) = one_level.predict_by_feat(*maps, [meta], rescale=True)
    assert found.bboxes.tolist() == [[0, 0, 48, 10]]


def test_other_classes_can_be_left_out(one_level):
    maps = one_point(distances=(1, 1, 1, 1), point=(1, 1))
    meta = dict(img_shape=(32, 32))
    for classes, count in (([0], 0), ([1], 1), (None, 1)):
        (found,) = one_level.predict_by_feat(*maps, [meta], cfg=dict(classes=classes))
        assert len(found) == count
    with pytest.raises(ValueError, match=r"'classes' of test_cfg .* 0 to \d+ .*Got \[80\]"):
        one_level.predict_by_feat(*maps, [meta], cfg=dict(classes=[80]))


def test_boxes_are_decoded_in_single_precision(one_level):
    logits = torch.randn(50, 32, generator=torch.Generator().manual_seed(0))
    priors = torch.tensor([[16.0, 24.0, 8.0, 8.0]]).expand(50, 4)
    expected = one_level.decode(logits, priors)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        assert torch.equal(one_level.decode(logits, priors), expected)


def boxes_of_classes(scores, labels, *, shift=0.0):
    boxes = torch.tensor([[10.0, 10, 20, 20]]).repeat(len(scores), 1)
    boxes[:, 0::2] += shift * torch.arange(len(scores))[:, None]
    return InstanceData(bboxes=boxes, scores=torch.tensor(scores), labels=torch.tensor(labels))


@pytest.mark.parametrize('split_thr', [1, 10_000])
def test_only_boxes_of_one_class_suppress_each_other(split_thr):
    results = boxes_of_classes([0.5, 0.9, 0.8, 0.7], [3, 3, 7, 3])
    nms = dict(type='nms', iou_threshold=0.6, split_thr=split_thr)
    kept = class_nms(results, nms=nms)
    np.testing.assert_allclose(kept.scores, [0.9, 0.8])
    assert kept.labels.tolist() == [3, 7]
    assert class_nms(results, nms=nms, max_per_img=1).labels.tolist() == [3]


@pytest.mark.parametrize('split_thr', [1, 10_000])
def test_limit_of_overlap(split_thr):
    # neighbours shifted by 2 of 10 pixels: overlap 8 / 12 = 0.667; by 4: 6 / 14 = 0.43
    results = boxes_of_classes([0.9, 0.8, 0.7], [0, 0, 0], shift=2.0)
    for limit, expected in ((0.6, [0.9, 0.7]), (0.7, [0.9, 0.8, 0.7]), (0.4, [0.9])):
        nms = dict(type='nms', iou_threshold=limit, split_thr=split_thr)
        np.testing.assert_allclose(class_nms(results, nms=nms).scores, expected)


@pytest.mark.parametrize(('split_thr', 'remain'), [(3, 2), (4, 3)])
def test_many_boxes_are_not_moved(split_thr, remain):
    """From ``split_thr`` on exact, below rounded: class 79 moves by 79 * 3001 pixels, where
    float32 knows steps of 1/64, so that a shift of 0.245 becomes one of 0.25.
    """
    boxes = [[0.0, 0, 1, 1], [0.245, 0, 1.245, 1], [2999.0, 2999, 3000, 3000]]
    results = InstanceData(
        bboxes=torch.tensor(boxes),
        scores=torch.tensor([0.9, 0.8, 0.7]),
        labels=torch.tensor([79, 79, 79]),
    )
    # Overlaps: 0.755 / 1.245 = 0.6064 and 0.75 / 1.25 = 0.6.
    nms = dict(type='nms', iou_threshold=0.603, split_thr=split_thr)
    assert len(class_nms(results, nms=nms)) == remain


def test_no_suppression_is_best_first_up_to_the_limit():
    results = boxes_of_classes([0.5, 0.9, 0.8], [3, 3, 7])
    assert class_nms(results, nms=None, max_per_img=2).scores.tolist() == pytest.approx([0.9, 0.8])


def test_nothing_stays_nothing():
    nothing = boxes_of_classes([0.5], [0])[:0]
    assert len(class_nms(nothing, nms=dict(type='nms', iou_threshold=0.6), max_per_img=100)) == 0
