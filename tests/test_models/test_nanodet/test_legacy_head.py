"""The head of the first NanoDet: assignment, losses and boxes from recorded outputs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmdet.models.task_modules.prior_generators import AnchorGenerator
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from mmtrack_ext.models.dense_heads import NanoDetHead, nanodet_head, point_gfl_head
from mmtrack_ext.models.dense_heads.point_decoding import PointPredictions

SIZES = ((12, 16), (6, 8), (3, 4))  # levels of 96 x 128 pixels
LOSSES = ('loss_qfl', 'loss_bbox', 'loss_dfl')
TINY = [(0, 2)]  # (image, row): the object that holds a single centre of a cell


@pytest.fixture(scope='module')
def legacy(folder):
    """Arrays by name, without ``nanodet_m/``."""
    with np.load(folder / 'nanodet_m.npz') as arrays:
        return {name.removeprefix('nanodet_m/'): arrays[name] for name in arrays.files}


@pytest.fixture(scope='module')
def head():
    return NanoDetHead(80, 96)


def maps_of(raw):
    levels = torch.from_numpy(raw).split([height * width for height, width in SIZES], dim=1)
    pairs = zip(levels, SIZES, strict=True)
    maps = [level.transpose(1, 2).unflatten(2, size) for level, size in pairs]
    return [x[:, :80] for x in maps], [x[:, 80:] for x in maps]


@pytest.fixture(scope='module')
def predictions(head, legacy):
    """What the network gave in training, batch statistics."""
    return head.flatten(*maps_of(legacy['bn_train/raw']))


def total(losses):
    return sum(losses.values())


# ---- boxes


@pytest.fixture
def detect(head, legacy, recorded):
    """Post-process the recorded outputs with recorded settings."""
    warp = recorded['meta/warp_matrix']
    meta = dict(
        img_shape=(96, 128),
        scale_factor=(float(warp[0, 0]), float(warp[1, 1])),
        ori_shape=tuple(recorded['meta/ori_hw'].tolist()),
    )

    def run(settings, *, rescale, **options):
        cfg = dict(
            score_thr=float(legacy[f'eval/{settings}/score_thr']),
            max_per_img=int(legacy[f'eval/{settings}/max_num']),
            **options,
        )
        maps = maps_of(legacy['eval/raw'])
        return head.predict_by_feat(*maps, [meta], cfg=cfg, rescale=rescale)[0]

    return run


@pytest.mark.parametrize('settings', ['det_default', 'det_high'])
def test_boxes_scores_and_labels(detect, legacy, settings):
    found = detect(settings, rescale=False)
    expected = legacy[f'eval/{settings}/boxes']
    np.testing.assert_array_equal(found.labels, legacy[f'eval/{settings}/labels'])
    np.testing.assert_allclose(found.bboxes, expected[:, :4], rtol=0, atol=2e-3)
    np.testing.assert_allclose(found.scores, expected[:, 4], rtol=0, atol=1e-5)


@pytest.mark.parametrize('settings', ['det_default', 'det_high'])
def test_boxes_in_the_original_image(detect, legacy, settings):
    found = detect(settings, rescale=True)
    found = found[found.labels.argsort(stable=True)]  # recorded class by class
    expected = legacy[f'eval/{settings}/mapped']
    np.testing.assert_array_equal(found.labels, expected[:, 5])
    np.testing.assert_allclose(found.bboxes, expected[:, :4], rtol=0, atol=2e-3)
    np.testing.assert_allclose(found.scores, expected[:, 4], rtol=0, atol=1e-5)


def test_both_ways_of_suppression_are_needed(legacy):
    """The recording covers 10,000 and more boxes, and fewer."""
    scores = torch.from_numpy(legacy['eval/raw'])[..., :80].sigmoid()
    assert (scores > 0.05).sum() >= 10_000 > (scores > 0.4).sum() > 0


def test_other_classes_go_before_the_cap(detect, legacy):
    """All of the class's boxes, where the cap over all classes leaves few of them."""
    label = int(np.bincount(legacy['eval/det_default/labels']).argmax())
    among_all = (legacy['eval/det_default/labels'] == label).sum()
    alone = detect('det_default', rescale=False, classes=[label])
    assert len(alone) > among_all
    assert (alone.labels == label).all()
    expected = legacy['eval/det_default/boxes'][legacy['eval/det_default/labels'] == label]
    np.testing.assert_allclose(alone.scores[:among_all], expected[:, 4], rtol=0, atol=1e-5)


def test_box_by_hand():
    """Points are centres of cells: row 2, column 1 at stride 8 is (12, 20)."""
    head = NanoDetHead(2, 4, strides=[8])
    class_map, box_map = torch.full((1, 2, 4, 4), -20.0), torch.zeros(1, 32, 4, 4)
    class_map[0, 1, 2, 1] = 20.0
    for side, distance in enumerate((1, 2, 2, 1)):
        box_map[0, 8 * side + distance, 2, 1] = 100.0
    (found,) = head.predict_by_feat([class_map], [box_map], [dict(img_shape=(32, 32))])
    assert found.bboxes.tolist() == [[4, 4, 28, 28]]
    assert found.labels.tolist() == [1]


# ---- which cell answers for which object


def test_cells_by_hand_and_by_mmdet(head, predictions):
    cells = head.cells(predictions.priors)
    assert cells[0].tolist() == [4 - 20, 4 - 20, 4 + 20, 4 + 20]  # 5 strides of 8 wide
    assert cells[-1].tolist() == [112 - 80, 80 - 80, 112 + 80, 80 + 80]
    anchors = AnchorGenerator(
        [8, 16, 32], [1.0], octave_base_scale=5, scales_per_octave=1, center_offset=0.5
    )
    assert torch.equal(cells, torch.cat(anchors.grid_priors(list(SIZES), device='cpu')))


@pytest.mark.parametrize(
    ('name', 'only'),
    [('bn_train/', None), ('bn_eval/', None), ('bn_train/onegt/', TINY), ('bn_eval/onegt/', TINY)],
)
def test_assignment(head, predictions, make_samples, legacy, name, only):
    """It depends on cells alone, so one set of predictions serves for all recordings."""
    cells = InstanceData(priors=head.cells(predictions.priors))
    targets = head.targets(predictions, make_samples(only))
    gt_index = legacy[f'{name}assign_gt_index']
    np.testing.assert_array_equal(targets.positive, np.flatnonzero(gt_index.ravel() >= 0))
    assert targets.num_positive == legacy[f'{name}qfl_norm']
    for i, sample in enumerate(make_samples(only)):
        result = head.assigner.assign(cells, [192, 48, 12], sample.gt_instances)
        np.testing.assert_array_equal(result.gt_inds - 1, gt_index[i])
        if only is None:
            overlaps = np.where(gt_index[i] >= 0, result.max_overlaps, 0)
            expected = legacy[f'{name}assign_iou'][i]
            np.testing.assert_allclose(overlaps, expected, rtol=0, atol=1e-6)


def test_positives_per_image(head, predictions, make_samples, legacy):
    targets = head.targets(predictions, make_samples())
    per_image = torch.bincount(targets.positive // 252, minlength=3)
    np.testing.assert_array_equal(per_image, legacy['bn_train/num_pos'])
    # 10, 4 and 0: the image without any counts as one
    assert per_image.sum() == 14
    assert targets.num_positive == 15
    scores = predictions.class_logits.flatten(0, 1).sigmoid()[targets.positive].amax(dim=1)
    np.testing.assert_allclose(scores.sum(), legacy['bn_train/box_weight_sum'], rtol=1e-6)


def surely(*, distances, logits):
    """Predictions at the 16 points of 32 x 32 pixels, all with the same distances, in strides."""
    box_logits = torch.zeros(len(logits), 16, 32)
    for side, distance in enumerate(distances):
        box_logits[:, :, 8 * side + distance] = 100.0
    steps = 8 * (torch.arange(4) + 0.5)
    rows, columns = torch.meshgrid(steps, steps, indexing='ij')
    priors = torch.stack([columns.ravel(), rows.ravel()], dim=1)
    priors = torch.cat([priors, torch.full((16, 2), 8.0)], dim=1)
    class_logits = torch.tensor(logits)[:, None, None].expand(-1, 16, 1)
    return PointPredictions(class_logits, box_logits, priors)


def sample_of(boxes, ignored=None):
    sample = DetDataSample()
    boxes = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    sample.gt_instances = InstanceData(bboxes=boxes, labels=torch.zeros(len(boxes)).long())
    if ignored is not None:
        sample.ignored_instances = InstanceData(bboxes=torch.tensor(ignored).reshape(-1, 4))
    return sample


def test_one_class_by_hand():
    """Cells of 16 x 16. The object equals the one around (12, 12), point 5: overlap 1; its four
    neighbours have 128 / 384 and the corners 64 / 448, so mean + deviation = .323 + .271.
    The class score to predict is the predicted box's overlap: (4, 4, 28, 28) with it, 256 / 576.
    """
    head = NanoDetHead(1, 4, strides=[8], octave_base_scale=2)
    predictions = surely(distances=(1, 1, 2, 2), logits=[0.0])
    targets = head.targets(predictions, [sample_of([[4, 4, 20, 20]])])
    assert targets.positive.tolist() == [5]
    assert targets.labels.tolist() == [1] * 5 + [0] + [1] * 10  # 1 = background
    np.testing.assert_allclose(targets.overlaps.sum(), 256 / 576, rtol=1e-6)
    losses = head.losses(predictions, targets)
    # score 1/2 everywhere: log 2 each; weights .5^2 for negatives, (4/9 - 1/2)^2 for the positive
    qfl = np.log(2) * (15 * 0.25 + (4 / 9 - 0.5) ** 2)
    np.testing.assert_allclose(losses['loss_qfl'], qfl, rtol=1e-6)
    # the union is the smallest enclosing box, so GIoU = IoU; the only weight, 1/2, cancels out
    np.testing.assert_allclose(losses['loss_bbox'], 2 * (1 - 256 / 576), rtol=1e-6)
    # left and top are right; right and bottom say 2 with logit 100 where it is 1: 100 each
    np.testing.assert_allclose(losses['loss_dfl'], 0.25 * 200 / 4, rtol=1e-6)


def test_nine_candidates_a_level():
    """An object of 32 x 32: four cells overlap it by 256 / 1024, the eight next by 192 / 1088.
    Mean + deviation of four and five is .2092 + .0387 < .25; of four and four it would be above.
    """
    head = NanoDetHead(1, 4, strides=[8], octave_base_scale=2)
    predictions = surely(distances=(1, 1, 1, 1), logits=[0.0])
    targets = head.targets(predictions, [sample_of([[0, 0, 32, 32]])])
    assert targets.positive.tolist() == [5, 6, 9, 10]


# ---- losses


def test_losses_of_recorded_outputs(head, predictions, make_samples, legacy):
    """Without the network's own rounding every term agrees to seven digits."""
    losses = head.losses(predictions, head.targets(predictions, make_samples()))
    assert tuple(losses) == LOSSES
    for name in LOSSES:
        np.testing.assert_allclose(losses[name], legacy[f'bn_train/{name}'], rtol=1e-6)
    np.testing.assert_allclose(total(losses), legacy['bn_train/loss_total'], rtol=1e-6)


@pytest.mark.parametrize('compat_released', [False, True])
def test_losses_of_a_tiny_object(predictions, make_samples, legacy, compat_released):
    """One positive of weight 0.31: the divisor of the box losses has no lower bound."""
    head = NanoDetHead(80, 96, compat_released=compat_released)
    targets = head.targets(predictions, make_samples(TINY))
    losses = head.losses(predictions, targets)
    for name in LOSSES:
        np.testing.assert_allclose(losses[name], legacy[f'bn_train/onegt/{name}'], rtol=1e-6)
    scores = predictions.class_logits.flatten(0, 1)[targets.positive].sigmoid()
    weight = legacy['bn_train/onegt/box_weight_sum']
    np.testing.assert_allclose(scores.amax(dim=1).sum(), weight, rtol=1e-6)


def test_no_object_as_released(predictions, make_samples, legacy):
    head = NanoDetHead(80, 96, compat_released=True)
    losses = head.losses(predictions, head.targets(predictions, make_samples([])))
    for name in LOSSES:
        assert losses[name] == legacy[f'bn_train/nogt/{name}'] == 0


def test_objects_of_another_process_count(predictions, make_samples, monkeypatch):
    monkeypatch.setattr(nanodet_head, 'reduce_mean', lambda x: (x + 1) / 2)  # one point there
    losses = []
    for compat_released in (False, True):
        head = NanoDetHead(80, 96, compat_released=compat_released)
        losses.append(head.losses(predictions, head.targets(predictions, make_samples([]))))
    assert losses[0] == losses[1]
    assert losses[0]['loss_qfl'] > 1


def test_no_object_teaches_that_there_is_none(head, predictions, make_samples, legacy):
    """By default the negatives' loss remains, over one per image."""
    losses = head.losses(predictions, head.targets(predictions, make_samples([])))
    logits = legacy['bn_train/raw'][..., :80].astype(np.float64)
    expected = (np.log1p(np.exp(logits)) / (1 + np.exp(-logits)) ** 2).sum() / 3
    np.testing.assert_allclose(losses['loss_qfl'], expected, rtol=1e-6)
    assert losses['loss_bbox'] == losses['loss_dfl'] == 0


@pytest.mark.parametrize('split', [1, 2])
def test_divisors_are_means_over_processes(
    head, predictions, make_samples, legacy, monkeypatch, split
):
    """Two processes share the three images; their mean loss is that of one with all."""
    samples, parts = make_samples(), (slice(None, split), slice(split, None))
    heard: list[list[torch.Tensor]] = [[], []]

    def run(rank, reduce_mean):
        monkeypatch.setattr(point_gfl_head, 'reduce_mean', reduce_mean)
        part = PointPredictions(
            predictions.class_logits[parts[rank]],
            predictions.box_logits[parts[rank]],
            predictions.priors,
        )
        return head.losses(part, head.targets(part, samples[parts[rank]]))

    for rank in (0, 1):
        run(rank, lambda x, rank=rank: heard[rank].append(x) or x)
    means = [torch.stack(values).mean(dim=0) for values in zip(*heard, strict=True)]
    answers = [iter(means), iter(means)]
    losses = [run(rank, lambda x, rank=rank: next(answers[rank])) for rank in (0, 1)]
    for name in LOSSES:
        mean = (losses[0][name] + losses[1][name]) / 2
        # The class divisor is of both processes: 10 + (4 + 1), or (10 + 4) + 1.
        np.testing.assert_allclose(mean, legacy[f'bn_train/{name}'], rtol=1e-6)


# ---- ignored regions


def ignoring(limit):
    assigner = dict(type='ATSSAssigner', topk=9, ignore_iof_thr=limit)
    return NanoDetHead(1, 4, strides=[8], octave_base_scale=2, train_cfg=dict(assigner=assigner))


@pytest.mark.parametrize('boxes', [[[4, 4, 20, 20]], []])
@pytest.mark.parametrize(('limit', 'num_ignored'), [(-1, 0), (0.4, 8), (0.6, 4)])
def test_ignored_regions(boxes, limit, num_ignored):
    """Cells of 16 x 16 around 4, 12, 20 and 28. A region from x = 20 on holds all of those around
    28, half of those around 20, no other; with and without objects in the image.
    """
    predictions = surely(distances=(1, 1, 2, 2), logits=[0.0])
    sample = sample_of(boxes, ignored=[20.0, -99, 99, 99])
    targets = ignoring(limit).targets(predictions, [sample])
    assert (targets.label_weights == 0).sum() == num_ignored
    assert targets.positive.tolist() == ([5] if boxes else [])
    assert targets.label_weights[5] == 1


def test_ignored_regions_have_no_effect_by_default(head, predictions, make_samples):
    samples = make_samples()
    for sample in samples:
        sample.ignored_instances = InstanceData(bboxes=torch.tensor([[-999.0, -999, 999, 999]]))
    assert head.targets(predictions, samples).label_weights.all()


# ---- building and loading


def test_unused_convolutions_of_the_original_are_accepted(head):
    weights = dict(head.state_dict())
    weights |= {f'gfl_reg.{i}.weight': torch.zeros(32, 96, 1, 1) for i in range(3)}
    NanoDetHead(80, 96).load_state_dict(weights)
    outer = torch.nn.ModuleDict(dict(bbox_head=NanoDetHead(80, 96)))
    outer.load_state_dict({f'bbox_head.{name}': value for name, value in weights.items()})
    with pytest.raises(RuntimeError, match='gfl_other'):
        NanoDetHead(80, 96).load_state_dict(weights | dict(gfl_other=torch.zeros(1)))


def test_plain_convolutions():
    """NanoDet-g's: 128 * 128 * 9 + norm's 2 * 128, and 124 outputs, at each of three levels."""
    head = NanoDetHead(80, 128, stacked_convs=1, conv='conv', reg_max=10, octave_base_scale=8)
    count = sum(parameter.numel() for parameter in head.parameters())
    assert count == 3 * (128 * 128 * 9 + 2 * 128 + 128 * 124 + 124)
    with pytest.raises(ValueError, match=r"'conv' of NanoDetHead .* depthwise, conv\. Got 'dw'"):
        NanoDetHead(80, 128, conv='dw')
