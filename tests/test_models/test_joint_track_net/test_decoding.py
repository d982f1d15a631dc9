"""Peaks of heat maps as boxes: against the recorded program, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmtrack_ext.datasets.transforms.center_targets import CenterTargets
from mmtrack_ext.models.tracking_heads.center_decoding import (
    decode,
    detections_of,
    embedding_colors,
    grid_to_image,
    merge_flipped,
)
from mmtrack_ext.structures.center_warp import warp_boxes, warp_corners, warp_points
from mmtrack_ext.structures.heatmaps import draw_prior_heatmap

HEADS = ('hm', 'reg', 'wh', 'ltrb_amodal', 'tracking')
CASES = [('all', 'amodal'), ('all', 'wh'), ('nohm', 'amodal'), ('imgonly', 'amodal')]
HALF = np.array([[0.5, 0, 0], [0, 0.5, 2]])  # 1920 x 1080 in 960 x 544


@pytest.fixture(scope='module')
def expected(folder):
    with np.load(folder / 'decode.npz') as arrays:
        return {name: arrays[name] for name in arrays.files}


# Against the recorded program


def decoded(recorded, expected, variant, box):
    outputs = {name: torch.from_numpy(recorded[f'{variant}__{name}']) for name in HEADS}
    if box == 'wh':
        del outputs['ltrb_amodal']
    if (variant, box) == ('all', 'amodal'):  # recorded where it is looked at
        cells = expected['all_amodal__cts'][0].astype(int)
        outputs['embedding'] = torch.zeros(1, 128, *outputs['hm'].shape[2:])
        at_peaks = torch.from_numpy(expected['all__embedding_at_peaks'])
        outputs['embedding'][0, :, cells[:, 1], cells[:, 0]] = at_peaks.T
    prefix = f'{variant}_{box}__'
    names = [name for name in expected if name.startswith(prefix)]
    found = decode(outputs, max_detections=20)
    return found, {name.removeprefix(prefix): expected[name] for name in names}


@pytest.mark.parametrize(('variant', 'box'), CASES)
def test_in_cells(recorded, expected, variant, box):
    found, record = decoded(recorded, expected, variant, box)
    np.testing.assert_array_equal(found['cells'], record['cts'])
    np.testing.assert_array_equal(found['cells'][..., 0], record['xs'])
    np.testing.assert_array_equal(found['labels'], record['clses'])
    np.testing.assert_allclose(found['scores'], record['scores'], atol=1e-5)
    np.testing.assert_allclose(found['boxes'], record['bboxes'], atol=2e-4)
    moved = found['previous_centers'] - found['cells']
    np.testing.assert_allclose(moved, record['tracking'], atol=2e-4)
    if 'embedding' in record:
        np.testing.assert_allclose(found['embeddings'][0], record['embedding'], atol=1e-5)


@pytest.mark.parametrize(('variant', 'box'), CASES)
def test_in_pixels(recorded, expected, variant, box):
    found, record = decoded(recorded, expected, variant, box)
    warp = grid_to_image(expected['trans_input'], 4)
    np.testing.assert_allclose(warp, expected['trans_output_inv'], atol=1e-9)
    boxes = warp_corners(found['boxes'][0], warp)
    np.testing.assert_allclose(boxes, record['post_bbox'], atol=2e-3)
    assert (record['post_class'] == found['labels'][0].numpy() + 1).all()  # there from 1
    solid = (record['post_bbox'][:, 2:] > record['post_bbox'][:, :2]).all(1)
    assert solid.any() == (box == 'wh')  # the recording's weights turn the other boxes inside out
    for limit, rows in ((0.0, 20), (float(record['thresh10']), 10)):
        chosen = np.arange(20)[:rows][solid[:rows]]
        detections = detections_of(found, 0, warp, min_score=limit, track_center='cell')
        names = dict(boxes='bbox', scores='score', centers='ct', displacements='tracking')
        for name, column in names.items():
            record_rows = record[f'post_{column}'][chosen]
            np.testing.assert_allclose(getattr(detections, name), record_rows, atol=2e-3)


@pytest.mark.parametrize('variant', ['all', 'nohm', 'imgonly'])
def test_points_in_pixels(recorded, expected, variant):
    """Of all 20, also of those whose boxes are inside out."""
    found, record = decoded(recorded, expected, variant, 'amodal')
    found['boxes'] = found['cells'].repeat(1, 1, 2) + torch.tensor([0.0, 0, 1, 1])
    warp = grid_to_image(expected['trans_input'], 4)
    detections = detections_of(found, 0, warp, track_center='cell')
    np.testing.assert_allclose(detections.scores, record['post_score'], atol=1e-5)
    np.testing.assert_allclose(detections.centers, record['post_ct'], atol=2e-3)
    np.testing.assert_allclose(detections.displacements, record['post_tracking'], atol=2e-3)
    limit = float(record['thresh10'])
    assert len(detections_of(found, 0, warp, min_score=limit)) == 10


def test_prior_heatmap(expected):
    seen = expected['prior_scores'] >= 0.5
    assert 0 < seen.sum() < len(seen)
    boxes = warp_boxes(expected['prior_boxes'][seen], expected['trans_input'])
    heatmap = draw_prior_heatmap(boxes, (128, 192))
    np.testing.assert_allclose(heatmap, expected['prior_hm'], atol=1e-6)


# By hand


def maps(**spots):
    """One frame of 6 x 8 cells and two classes, all logits -9 but those given by (class, y, x)."""
    heatmap = torch.full((1, 2, 6, 8), -9.0)
    for place, value in spots.get('hm', {}).items():
        heatmap[0][place] = value
    outputs = {'hm': heatmap}
    for name, values in spots.items():
        if name != 'hm':
            outputs[name] = torch.tensor(values)[None, :, None, None].expand(1, -1, 6, 8)
    return outputs


BOX = [-1.0, -2.0, 1.0, 2.0]


def test_peaks_of_all_classes_in_order():
    spots = {(0, 2, 3): 2.0, (0, 2, 4): 1.0, (1, 2, 4): 3.0, (0, 5, 7): 0.5, (1, 0, 0): 0.0}
    found = decode(maps(hm=spots, ltrb_amodal=BOX), max_detections=4)
    # (0, 2, 4) is beside a higher one of its class, and not of the other.
    assert found['labels'].tolist() == [[1, 0, 0, 1]]
    assert found['cells'].tolist() == [[[4, 2], [3, 2], [7, 5], [0, 0]]]
    logits = np.array([3, 2, 0.5, 0])
    np.testing.assert_allclose(found['scores'][0], 1 / (1 + np.exp(-logits)), rtol=1e-6)
    assert found['boxes'][0, 0].tolist() == [3, 0, 5, 4]


def test_a_batch_is_frame_by_frame():
    rng = torch.Generator().manual_seed(0)
    sizes = {'hm': 3, 'reg': 2, 'wh': 2, 'tracking': 2, 'embedding': 5}
    batch = {name: torch.randn(4, c, 12, 9, generator=rng) for name, c in sizes.items()}
    together = decode(batch, max_detections=7)
    for index in range(4):
        one = decode({name: x[index : index + 1] for name, x in batch.items()}, max_detections=7)
        for name, values in one.items():
            torch.testing.assert_close(together[name][index], values[0])
    lengths = together['embeddings'].norm(dim=-1)
    torch.testing.assert_close(lengths, torch.ones(4, 7))


def test_boxes_from_sizes():
    spots = {(0, 2, 3): 2.0}
    found = decode(maps(hm=spots, reg=[0.25, 0.5], wh=[2.0, -1.0]), max_detections=1)
    assert found['boxes'].tolist() == [[[2.25, 2.5, 4.25, 2.5]]]  # a negative size is none
    found = decode(maps(hm=spots, wh=[2.0, 1.0]), max_detections=1)  # the middle of the cell
    assert found['boxes'].tolist() == [[[2.5, 2, 4.5, 3]]]
    both = decode(maps(hm=spots, reg=[0.25, 0.5], wh=[2.0, 1.0], ltrb_amodal=BOX))
    assert both['boxes'][0, 0].tolist() == [2, 0, 4, 4]
    with pytest.raises(ValueError, match="needs the head 'ltrb_amodal' or 'wh'"):
        decode(maps(hm=spots))


def test_more_than_there_are_cells():
    found = decode(maps(hm={(0, 2, 3): 2.0}, ltrb_amodal=BOX), max_detections=1000)
    assert found['scores'].shape == (1, 96)
    assert len(detections_of(found, 0, np.eye(2, 3), min_score=0.5)) == 1


def test_where_displacements_start():
    """Cell (3, 2), its centre at (3.25, 2.5), a frame before at (2, 2.5): 8 pixels a cell."""
    spots = maps(hm={(1, 2, 3): 2.0}, reg=[0.25, 0.5], ltrb_amodal=BOX, tracking=[-1.0, 0.5])
    found, warp = decode(spots, max_detections=1), grid_to_image(HALF, 4)
    refined = detections_of(found, 0, warp)
    cell = detections_of(found, 0, warp, track_center='cell')
    assert refined.boxes.tolist() == cell.boxes.tolist() == [[16, -4, 32, 28]]
    assert refined.centers.tolist() == [[26, 16]]
    assert refined.displacements.tolist() == [[-10, 0]]
    assert cell.centers.tolist() == [[24, 12]]
    assert cell.displacements.tolist() == [[-8, 4]]
    still = detections_of(found, 0, warp, zero_displacement=True)
    assert (still.centers.tolist(), still.displacements.tolist()) == ([[26, 16]], [[0, 0]])
    del spots['tracking'], spots['reg']
    bare = detections_of(decode(spots, max_detections=1), 0, warp)
    assert bare.displacements is None
    assert bare.embeddings is None


def test_the_limit_is_exceeded():
    found = decode(maps(hm={(0, 2, 3): 0.0}, ltrb_amodal=BOX))
    assert found['scores'][0, 0] == 0.5
    assert len(detections_of(found, 0, np.eye(2, 3), min_score=0.5)) == 0
    assert len(detections_of(found, 0, np.eye(2, 3), min_score=0.499)) == 1


def test_decoding_targets_gives_the_boxes_back():
    """Boxes reach beyond the image; what was there in the frame before comes back, too."""
    key = np.array([[10, 20, 50, 90], [100, -30, 150, 61], [170.5, 60, 230, 127], [61, 77, 80, 99]])
    before = key + np.array([[4, 3], [-7, 2], [1, 1], [9, -5]])[:, [0, 1, 0, 1]]
    image = np.zeros((128, 192, 3), np.uint8)
    frame = dict(img=image, gt_bboxes_labels=np.array([0, 1, 0, 1]), gt_instances_ids=np.arange(4))
    pair = [{**frame, 'gt_bboxes': boxes} for boxes in (key, before)]
    results = {name: [one[name] for one in pair] for name in pair[0]}
    results = CenterTargets(num_classes=2, test_mode=True)(results)
    truth = results['gt_centers'][0]
    heatmap = torch.from_numpy(results['gt_heatmap'][0])
    outputs = {'hm': 20 * heatmap[None] - 10}
    for name in ('reg', 'ltrb_amodal', 'tracking'):
        filled = torch.zeros(1, truth[name].shape[1], *heatmap.shape[1:])
        filled.flatten(2)[0, :, truth['index']] = torch.from_numpy(truth[name]).T
        outputs[name] = filled
    detections = detections_of(decode(outputs), 0, grid_to_image(HALF, 4), min_score=0.9999)
    to_image = np.linalg.inv(np.vstack([HALF, [0, 0, 1]]))[:2]
    order = [int(np.argmin(abs(key - box).sum(1))) for box in warp_boxes(detections.boxes, HALF)]
    assert sorted(order) == [0, 1, 2, 3]
    np.testing.assert_allclose(detections.boxes, warp_corners(key[order], to_image), atol=1e-3)
    assert detections.labels.tolist() == [order_ % 2 for order_ in order]
    previous = detections.centers + detections.displacements
    clipped = np.clip(before, 0, [191, 127, 191, 127])[order]
    middles = (clipped[:, :2] + clipped[:, 2:]) / 2
    np.testing.assert_allclose(previous, warp_points(middles, to_image), atol=1e-3)


# The flip test


def test_mirror_images():
    """Only hm (after the sigmoid) and wh are averaged, the others are the frame's own."""
    rng = torch.Generator().manual_seed(1)
    sizes = {'hm': 1, 'reg': 2, 'wh': 2, 'tracking': 2, 'ltrb_amodal': 4, 'embedding': 3}
    frame = {name: torch.randn(2, c, 8, 12, generator=rng) for name, c in sizes.items()}
    mirrored = {name: torch.cat([x, x.flip(-1)]) for name, x in frame.items()}
    for name, values in decode(frame).items():
        torch.testing.assert_close(decode(mirrored, flipped=True)[name], values)
    other = {name: torch.cat([x, torch.zeros_like(x)]) for name, x in frame.items()}
    merged = merge_flipped(other)
    for name in sizes:
        share = 0.5 if name in ('hm', 'wh') else 1.0
        torch.testing.assert_close(merged[name], share * frame[name])
    spot = maps(hm={(0, 2, 3): 2.0}, ltrb_amodal=BOX)
    spot = {name: torch.cat([x, torch.zeros_like(x)]) for name, x in spot.items()}
    score = decode(spot, flipped=True)['scores'].max()
    assert score.item() == pytest.approx((1 / (1 + np.exp(-2)) + 0.5) / 2, rel=1e-6)


# Debug pictures


def test_embeddings_as_colours():
    """Two kinds of cells differ along one axis, the first channel."""
    embedding = torch.zeros(4, 2, 3)
    embedding[0, 0], embedding[1, 1] = 5.0, 2.0
    picture = embedding_colors(embedding)
    assert picture.shape == (2, 3, 3)
    assert picture.dtype == np.uint8
    assert {picture[0, 0, 0], picture[1, 0, 0]} == {0, 255}
    assert (picture[..., 1:] == 0).all()
    assert (picture[0] == picture[0, 0]).all()
    assert (picture[1] == picture[1, 0]).all()
    np.testing.assert_array_equal(embedding_colors(3 * embedding), picture)
