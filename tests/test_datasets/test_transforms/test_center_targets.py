"""Targets against recorded ones, and by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mmtrack_ext.datasets.flat_video import build_step
from mmtrack_ext.datasets.transforms import CenterTargets
from mmtrack_ext.datasets.transforms.center_affine import warp_frame
from mmtrack_ext.structures.center_warp import chain_warps, flip_matrix
from mmtrack_ext.structures.heatmaps import draw_gaussian

CASES = ['base', 'flip_scale', 'rot_jitter', 'disturb', 'edge']
# What the original does and we do only when asked.
PARITY = dict(noisy_lost_target=True, identity_requires_prev=True, match_unidentified=True)
QUIET = dict(hm_disturb=0, lost_disturb=0, fp_disturb=0)


def frame_of(annotations, params, matrix, corners):
    """One frame of 400 x 250 pixels with the recorded boxes, warped to 192 x 128."""
    boxes = np.array([one['bbox'] for one in annotations])
    boxes[:, 2:] += boxes[:, :2]
    frame = dict(
        img=np.zeros((250, 400, 3), np.uint8),
        gt_bboxes=boxes,
        gt_bboxes_labels=np.array([min(one['category_id'], 1) for one in annotations]),
        gt_ignore_flags=np.array([one['iscrowd'] == 1 for one in annotations]),
        gt_instances_ids=np.array([one['track_id'] for one in annotations]),
    )
    frame['gt_bboxes_labels'][frame['gt_bboxes_labels'] == 1] = 0
    if params['flip']:
        matrix = chain_warps(flip_matrix(400), matrix)
    warp_frame(frame, matrix, (192, 128), corners=corners)
    return frame


@pytest.fixture(scope='module', params=CASES)
def case(root, request):
    """Recorded arrays, settings, and the two frames of a case."""
    folder = root / 'tests' / 'data' / 'jointtracknet'
    with np.load(folder / 'targets.npz') as arrays:
        prefix = f'{request.param}__'
        recorded = {k.removeprefix(prefix): arrays[k] for k in arrays if k.startswith(prefix)}
    settings = json.loads((folder / 'targets.json').read_text(encoding='utf-8'))
    settings = settings['cases'][request.param]
    frames = [
        frame_of(settings['anns'], settings['params'], recorded['trans_input'], 4),
        frame_of(settings['pre_anns'], settings['params'], recorded['trans_input_pre'], 2),
    ]
    return recorded, settings, {name: [frame[name] for frame in frames] for name in frames[0]}


def targets(settings, **options):
    params = settings['params']
    noise = {name: params[name] for name in QUIET}
    return CenterTargets(**noise, **options, rng=np.random.RandomState(params['seed']))


def test_prior_equals_the_recorded_one(case):
    recorded, settings, item = case
    frame = {name: values[1] for name, values in item.items()}
    heatmap, centers = targets(settings, **PARITY).previous_objects(frame, (128, 192))
    np.testing.assert_allclose(heatmap, recorded['pre_hm'], atol=1e-6)
    assert list(centers) == settings['pre_ids']
    found = np.array(list(centers.values())) / 4
    np.testing.assert_allclose(found, recorded['pre_centres'], atol=1e-5)


def test_targets_equal_the_recorded_ones(case):
    recorded, settings, item = case
    found = targets(settings, **PARITY)(dict(item))
    np.testing.assert_allclose(found['gt_heatmap'][0], recorded['hm'], atol=1e-6)
    np.testing.assert_allclose(found['prior_heatmap'][0], recorded['pre_hm'], atol=1e-6)
    centers, rows = found['gt_centers'][0], recorded['mask'] > 0
    np.testing.assert_array_equal(centers['index'], recorded['ind'][rows])
    np.testing.assert_array_equal(centers['category'], recorded['cat'][rows])
    np.testing.assert_array_equal(centers['tracking_valid'], recorded['tracking_mask'][rows, 0])
    for name in ('reg', 'wh', 'ltrb_amodal', 'tracking'):
        np.testing.assert_allclose(centers[name], recorded[name][rows], atol=1e-5)
    identity = np.where(recorded['tid_mask'] > 0, recorded['tid'], -1)[rows]
    np.testing.assert_array_equal(centers['identity'], identity)


def test_sides_and_previous_centres_can_be_read_back(case):
    """What the decoder does: the cell plus the target, in pixels of the input."""
    recorded, settings, item = case
    centers = targets(settings, **PARITY)(dict(item))['gt_centers'][0]
    cells = np.stack([centers['index'] % 48, centers['index'] // 48], axis=1)
    boxes = 4 * (np.tile(cells, 2) + centers['ltrb_amodal'])
    rows = np.flatnonzero(recorded['mask'])  # one an annotation
    np.testing.assert_allclose(boxes, item['gt_bboxes'][0].numpy()[rows], atol=1e-3)
    valid = centers['tracking_valid']
    previous = (cells + centers['tracking'])[valid]
    ids = item['gt_instances_ids'][0][rows][valid].tolist()
    expected = recorded['pre_centres'][[settings['pre_ids'].index(one) for one in ids]]
    np.testing.assert_allclose(previous, expected, atol=1e-4)


def item(now, before=None, *, size=(64, 40)):
    """A pair of frames from rows of box, label, identity [, ignored]."""
    frames = []
    for rows in (now, now if before is None else before):
        frames.append(
            dict(
                img=np.zeros((size[1], size[0], 3), np.uint8),
                gt_bboxes=np.array([row[0] for row in rows], np.float32).reshape(-1, 4),
                gt_bboxes_labels=np.array([row[1] for row in rows], int),
                gt_instances_ids=np.array([row[2] for row in rows], int),
                gt_ignore_flags=np.array([len(row) > 3 for row in rows]),
            )
        )
    return {name: [frame[name] for frame in frames] for name in frames[0]}


BOX = [10, 8, 32, 38]  # cells 2.5..8, 2..9.5: centre 5.25, 5.75


def test_one_object_by_hand():
    found = CenterTargets(**QUIET)(item([(BOX, 0, 7)], [([14, 8, 36, 38], 0, 7)]))
    centers = found['gt_centers'][0]
    assert centers['index'].tolist() == [5 * 16 + 5]
    assert centers['reg'].tolist() == [[0.25, 0.5]]  # the clipped box ends at y = 9
    assert centers['wh'].tolist() == [[5.5, 7]]
    assert centers['ltrb_amodal'].tolist() == [[-2.5, -3, 3, 4.5]]
    assert centers['tracking'].tolist() == [[1.25, 0.75]]  # one cell to the right, from (5, 5)
    assert centers['tracking_valid'].tolist() == [True]
    assert centers['identity'].tolist() == [7]
    heatmap = found['gt_heatmap'][0]
    assert heatmap.shape == (1, 10, 16)
    assert np.argwhere(heatmap == 1).tolist() == [[0, 5, 5]]
    prior = np.zeros((40, 64), np.float32)
    draw_gaussian(prior, (25, 23), 6)  # 30 x 22 pixels: 6.95, rounded down
    np.testing.assert_array_equal(found['prior_heatmap'][0], prior[None])


def test_without_motion_the_displacement_is_the_offset_of_the_centre():
    """Not zero: it starts at the cell. The box is inside, where both clips are the same."""
    centers = CenterTargets(**QUIET)(item([([10, 8, 33, 30], 0, 0)]))['gt_centers'][0]
    np.testing.assert_array_equal(centers['tracking'], centers['reg'])
    assert centers['reg'].tolist() == [[0.375, 0.75]]
    assert centers['identity'].tolist() == [0]  # ids from 0 are valid


def test_classes_have_planes_of_their_own():
    rows = [(BOX, 2, 1), ([40, 8, 50, 20], 0, 2), ([0, 0, 8, 8], 1, 3, 'ignored')]
    found = CenterTargets(3)(item(rows))
    heatmap = found['gt_heatmap'][0]
    assert heatmap.shape == (3, 10, 16)
    assert np.argwhere(heatmap[0] == 1).tolist() == [[3, 11]]
    assert np.argwhere(heatmap[2] == 1).tolist() == [[5, 5]]
    assert found['gt_centers'][0]['category'].tolist() == [2, 0]
    ignored = np.zeros((10, 16))
    ignored[:3, :3] = 1
    np.testing.assert_array_equal(heatmap[1], ignored)


def test_object_of_no_class_is_ignored_in_all_planes():
    found = CenterTargets(2)(item([([0, 0, 8, 8], -1, 3)]))
    assert found['gt_heatmap'][0].sum() == 2 * 9
    assert len(found['gt_centers'][0]['index']) == 0


def test_ignored_objects_are_in_no_prior_and_lead_nowhere():
    before = [(BOX, 0, 1, 'ignored'), ([40, 8, 50, 20], 0, 2)]
    found = CenterTargets(**QUIET)(item([(BOX, 0, 1), ([40, 8, 50, 20], 0, 2)], before))
    assert found['gt_centers'][0]['tracking_valid'].tolist() == [False, True]
    assert np.argwhere(found['prior_heatmap'][0] == 1).tolist() == [[0, 14, 45]]


def test_an_object_outside_is_left_out():
    found = CenterTargets(**QUIET)(item([([70, 8, 90, 20], 0, 1), ([-30, 8, -4, 20], 0, 2)]))
    assert found['gt_heatmap'][0].max() == found['prior_heatmap'][0].max() == 0
    shapes = {name: column.shape for name, column in found['gt_centers'][0].items()}
    assert shapes['ltrb_amodal'] == (0, 4)
    assert shapes['identity'] == (0,)


def test_unidentified_objects_match_none_unless_asked():
    rows = [(BOX, 0, -1)]
    for asked in (False, True):
        found = CenterTargets(match_unidentified=asked, **QUIET)(item(rows))['gt_centers'][0]
        assert found['tracking_valid'].tolist() == [asked]
        assert found['identity'].tolist() == [-1]


def test_new_objects_have_an_identity_unless_asked():
    for asked, expected in ((False, 5), (True, -1)):
        step = CenterTargets(identity_requires_prev=asked, **QUIET)
        assert step(item([(BOX, 0, 5)], []))['gt_centers'][0]['identity'].tolist() == [expected]


def test_lost_object_is_not_drawn_and_leads_to_its_true_centre():
    noise = dict(hm_disturb=0.5, lost_disturb=1.0, fp_disturb=1.0)
    tracking = {}
    for noisy in (False, True):
        rng = np.random.RandomState(0)
        step = CenterTargets(**noise, noisy_lost_target=noisy, rng=rng)
        found = step(item([([10, 8, 34, 30], 0, 1)]))  # 24 x 22, centre 22, 19
        assert found['prior_heatmap'][0].max() == 0
        tracking[noisy] = found['gt_centers'][0]['tracking'][0]
    assert tracking[False].tolist() == [0.5, 0.75]
    moved = 0.5 * np.random.RandomState(0).standard_normal(2) * [24, 22] / 4
    np.testing.assert_allclose(tracking[True] - tracking[False], moved, rtol=1e-5)


def test_disturbance_happens_as_often_as_asked():
    """Lost 0.4 of 2000 times, doubled 0.1 of the rest; the noise is 0.05 of the box's 100 x 40."""
    step = CenterTargets(rng=np.random.RandomState(0))
    box, peaks, places = [[150, 100, 250, 140]], [], []
    for _ in range(2000):
        frame = dict(gt_bboxes=np.array(box), gt_bboxes_labels=[0], gt_instances_ids=[1])
        heatmap = step.previous_objects(frame, (240, 400))[0][0]
        found = np.argwhere(heatmap == 1)
        peaks.append(len(found))
        if len(found) == 1:
            places.append(found[0])
    assert abs(peaks.count(0) / 2000 - 0.4) < 0.03
    assert abs(peaks.count(2) / 2000 - 0.06) < 0.015
    np.testing.assert_allclose(np.std(places, axis=0), [2, 5], rtol=0.1)
    np.testing.assert_allclose(np.mean(places, axis=0), [119.5, 199.5], atol=0.5)  # rounded down


def test_test_mode_disturbs_nothing_and_draws_nothing():
    step = CenterTargets(hm_disturb=5, lost_disturb=1, fp_disturb=1, test_mode=True, rng='unused')
    quiet = CenterTargets(**QUIET)
    rows = item([(BOX, 0, 1), ([40, 8, 50, 20], 0, 2)])
    np.testing.assert_array_equal(
        step(dict(rows))['prior_heatmap'][0], quiet(dict(rows))['prior_heatmap'][0]
    )


def test_label_beyond_the_classes_and_odd_sizes_are_refused():
    with pytest.raises(ValueError, match='label 3: set num_classes of CenterTargets, which is 2'):
        CenterTargets(2)(item([(BOX, 3, 1)]))
    with pytest.raises(ValueError, match=r'multiples of 4.*Got 66 x 40'):
        CenterTargets()(item([], size=(66, 40)))
    with pytest.raises(ValueError, match="'hm_disturb' parameter of CenterTargets must be"):
        CenterTargets(hm_disturb=-1)


def test_pair_through_the_whole_pipeline():
    """As configs write it; the network's inputs and what the loss reads come out."""
    instances = [dict(bbox=[20, 10, 60, 50], bbox_label=0, ignore_flag=0, instance_id=4)]
    frame = dict(img=np.full((60, 100, 3), 90, np.uint8), instances=instances, img_id=3)
    frame.update(frame_id=0, height=60, width=100, ori_shape=(60, 100))
    steps = [
        dict(type='TransformBroadcaster', transforms=[dict(type='LoadTrackAnnotations')]),
        dict(type='PairedCenterAffine', scale=(96, 64), shift=0.05, scale_noise=0.05),
        dict(type='CenterTargets', lost_disturb=0.0),
        dict(
            type='TransformBroadcaster',
            transforms=[dict(type='CenterColorJitter'), dict(type='PackFrameInputs')],
        ),
    ]
    results = {name: [value, value] for name, value in frame.items()}
    for step in steps:
        results = build_step(step)(results)
    key, reference = results['data_samples']
    assert [tuple(image.shape) for image in results['inputs']] == [(3, 64, 96)] * 2
    assert tuple(key.gt_heatmap.heatmap.shape) == (1, 16, 24)
    assert tuple(key.prior_heatmap.heatmap.shape) == (1, 64, 96)
    assert 'gt_centers' not in reference
    assert key.warp_matrix.shape == reference.warp_matrix.shape == (2, 3)
    assert not np.array_equal(key.warp_matrix, reference.warp_matrix)
    centers = key.gt_centers
    assert centers.identity.tolist() == [4]
    # The centre that the displacement leads to is that of the reference frame's box.
    cell = centers.index.new_tensor([[centers.index % 24, centers.index // 24]])
    box = reference.gt_instances.bboxes.tensor.clamp(min=0)
    box = box.minimum(box.new_tensor([95, 63, 95, 63]))
    expected = (box[:, :2] + box[:, 2:]) / 2
    np.testing.assert_allclose(4 * (cell + centers.tracking), expected, atol=1e-4)
