"""What the network is given in every frame, and what becomes of what it says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData, PixelData
from torch import nn

from mmtrack_ext.association.detections import Detections
from mmtrack_ext.datasets.transforms.center_targets import CenterTargets
from mmtrack_ext.models.mot import JointTrackNet
from mmtrack_ext.registry import MODELS
from mmtrack_ext.structures import instances_to_detections, instances_to_tracked
from mmtrack_ext.structures.center_warp import warp_boxes
from mmtrack_ext.structures.heatmaps import draw_prior_heatmap

WARP = np.array([[0.5, 0, 0], [0, 0.5, 2]])  # an image of 192 x 120 in an input of 96 x 64
TRACKER = dict(type='JointTracker')


# A network whose answers can be worked out by hand


@MODELS.register_module(force=True)
class WatchedBackbone(nn.Module):
    """Shrinks the frame four times, and keeps what it was given."""

    use_prev_img = use_prior_heatmap = True

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, img, prev_img=None, prior_heatmap=None):
        self.seen.append((img, prev_img, prior_heatmap))
        return [nn.functional.avg_pool2d(img, 4)]


@MODELS.register_module(force=True)
class SightlessBackbone(WatchedBackbone):
    """Has no stem but the one for the frame."""

    use_prev_img = use_prior_heatmap = False

    def forward(self, img):
        return super().forward(img)


@MODELS.register_module(force=True)
class FirstMap(nn.Module):
    """A neck that has nothing to do."""

    def forward(self, maps):
        return maps[0]


@MODELS.register_module(force=True)
class SpotHead(nn.Module):
    """The brightness of the frame is the logit; boxes are 4 x 6 cells; nothing moves."""

    def forward(self, feature):
        def constant(*values):
            shape = len(feature), len(values), *feature.shape[2:]
            return feature.new_tensor(values)[None, :, None, None].expand(shape)

        return {
            'hm': feature[:, :1],
            'reg': constant(0.5, 0.5),
            'ltrb_amodal': constant(-1.5, -2.5, 2.5, 3.5),
            'tracking': constant(0.5, 0.5),
            'embedding': constant(3.0, 4.0, 0.0),
        }


def watched(backbone='WatchedBackbone', *, tracker=TRACKER, **options):
    return JointTrackNet(
        backbone=dict(type=backbone),
        neck=dict(type='FirstMap'),
        bbox_head=dict(type='SpotHead'),
        tracker=tracker,
        **options,
    ).eval()


def spot_frame(*cells, logit=3.0):
    """(3, 64, 96); a cell is (x, y) of the 24 x 16 cells of the grid."""
    grid = torch.full((3, 16, 24), -9.0)
    for x, y in cells:
        grid[:, y, x] = logit
    return grid.repeat_interleave(4, 1).repeat_interleave(4, 2)


def sample(video, number, **fields):
    meta = dict(video_name=video, frame_id=number, warp_matrix=WARP)
    made = DetDataSample(metainfo=meta)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def box_at(x, y):
    """In pixels of the image, 8 a cell: 32 x 48 about the middle of the cell."""
    return [8 * (x - 1.5), 8 * (y - 2.5) - 4, 8 * (x + 2.5), 8 * (y + 3.5) - 4]


def test_a_thing_that_walks():
    model = watched()
    frames = torch.stack([spot_frame((5 + t, 7)) for t in range(4)])
    samples = model(frames, [sample('a', t) for t in range(4)], 'predict')
    for t, one in enumerate(samples):
        tracked = instances_to_tracked(one.pred_track_instances)
        assert tracked.ids.tolist() == [1]
        assert tracked.boxes.tolist() == [box_at(5 + t, 7)]
        np.testing.assert_allclose(tracked.scores, 1 / (1 + np.exp(-3)), rtol=1e-6)
        detections = instances_to_detections(one.pred_instances)
        assert detections.centers.tolist() == [[8 * (5.5 + t), 8 * 7.5 - 4]]
        assert detections.displacements.tolist() == [[0, 0]]
        np.testing.assert_allclose(detections.embeddings, [[0.6, 0.8, 0]], rtol=1e-6)


def test_what_the_network_is_given():
    """The frame before, or itself where a video starts; the tracks of the frame before."""
    model = watched()
    frames = torch.stack([spot_frame((3 * t + 3, 7)) for t in range(5)])
    places = [('a', 0), ('a', 1), ('a', 2), ('b', 0), ('b', 1)]
    samples = []
    for part in (slice(0, 2), slice(2, 5)):  # memory reaches from one batch to the next
        samples += model(frames[part], [sample(*place) for place in places[part]], 'predict')
    seen = model.backbone.seen
    assert len(seen) == 5
    for (images, previous, prior), number, before in zip(
        seen, range(5), [0, 0, 1, 3, 3], strict=True
    ):
        assert torch.equal(images[0], frames[number])
        assert torch.equal(previous[0], frames[before])
        expected = np.zeros((64, 96), np.float32)
        if places[number][1]:
            tracked = instances_to_tracked(samples[number - 1].pred_track_instances)
            assert len(tracked) == 1
            expected = draw_prior_heatmap(warp_boxes(tracked.boxes, WARP), (64, 96))
            center = (4 * (3 * (number - 1) + 3) + 2, 30)
            assert np.unravel_index(expected.argmax(), expected.shape) == center[::-1]
        np.testing.assert_array_equal(prior[0, 0], expected)


def test_only_good_tracks_that_were_just_seen_are_drawn():
    frames = [
        spot_frame((5, 7), (15, 7)),
        spot_frame((5, 7)),
        spot_frame((5, 7), logit=-0.2),  # 0.45: tracked, and not drawn
        spot_frame((5, 7)),
    ]
    model = watched()
    model(torch.stack(frames), [sample('a', t) for t in range(4)], 'predict')
    peaks = [(prior == 1).sum().item() for *_, prior in model.backbone.seen]
    assert peaks == [0, 2, 1, 0]
    assert len(model.tracker.tracks) == 2


@pytest.mark.parametrize(
    ('backbone', 'test_cfg', 'calls', 'given'),
    [
        ('WatchedBackbone', {}, 3, (True, True)),
        ('WatchedBackbone', dict(use_prior_heatmap=False), 1, (True, False)),
        ('WatchedBackbone', dict(zero_prior_heatmap=True), 1, (True, True)),
        ('SightlessBackbone', {}, 1, (False, False)),
    ],
)
def test_inputs_switched_off(backbone, test_cfg, calls, given):
    """The stem is left out, or is fed zeros; without the tracks a batch goes through at once."""
    model = watched(backbone, test_cfg=test_cfg)
    frames = torch.stack([spot_frame((5 + t, 7)) for t in range(3)])
    model(frames, [sample('a', t) for t in range(3)], 'predict')
    assert len(model.backbone.seen) == calls
    images, *more = model.backbone.seen[-1]
    assert len(images) == 3 // calls
    assert tuple(x is not None for x in more) == given
    if 'zero_prior_heatmap' in test_cfg:
        assert not more[1].any()


def test_batches_without_the_prior_see_the_frames_before():
    places = [('a', 0), ('a', 1), ('a', 2), ('b', 0), ('b', 1), ('c', 0)]
    frames = torch.stack([spot_frame((t + 1, 7)) for t in range(6)])
    for size in (1, 2, 4, 6):
        model = watched(test_cfg=dict(use_prior_heatmap=False))
        for start in range(0, 6, size):
            part = slice(start, start + size)
            model(frames[part], [sample(*place) for place in places[part]], 'predict')
        previous = torch.cat([previous for _, previous, _ in model.backbone.seen])
        assert torch.equal(previous, frames[[0, 0, 1, 3, 3, 5]])


@pytest.mark.parametrize(
    ('backbone', 'prior'),
    [('WatchedBackbone', True), ('WatchedBackbone', False), ('SightlessBackbone', False)],
)
def test_frames_out_of_order_are_refused(backbone, prior):
    model = watched(backbone, test_cfg=dict(use_prior_heatmap=prior))
    frames = torch.stack([spot_frame((5, 7))] * 2)
    model(frames, [sample('a', 0), sample('a', 1)], 'predict')
    with pytest.raises(ValueError, match=r'Frame 3 of a came after frame 1 of a'):
        model(frames[:1], [sample('a', 3)], 'predict')
    with pytest.raises(ValueError, match=r'Frame 2 of b came after frame 1 of a'):
        model(frames[:1], [sample('b', 2)], 'predict')
    model(frames[:1], [sample('a', 2)], 'predict')
    with pytest.raises(ValueError, match='Frame 1 of a came after'):
        watched()(frames[:1], [sample('a', 1)], 'predict')


def test_the_limits_of_detections():
    frame = spot_frame((5, 7), (12, 7))[None]
    frame[..., 28:, 40:] -= 2.5  # logit 0.5 (0.62) for the second
    for test_cfg, count in (
        ({}, 2),
        (dict(min_score=0.63), 1),
        (dict(max_detections=1), 1),
        (dict(min_score=0.96), 0),
    ):
        (one,) = watched(test_cfg=test_cfg)(frame.clone(), [sample('a', 0)], 'predict')
        assert len(one.pred_instances) == count


def test_the_flip_test_of_a_network_that_is_its_own_mirror_image():
    frames = torch.stack([spot_frame((4 + t, 7), (18 - t, 3)) for t in range(3)])
    results = []
    for flip_test in (False, True):
        model = watched(test_cfg=dict(flip_test=flip_test))
        samples = model(frames, [sample('a', t) for t in range(3)], 'predict')
        results.append([instances_to_tracked(s.pred_track_instances) for s in samples])
    for one, other in zip(*results, strict=True):
        assert one.ids.tolist() == other.ids.tolist() == [1, 2]
        np.testing.assert_allclose(one.boxes, other.boxes)
        np.testing.assert_allclose(one.scores, other.scores, rtol=1e-6)
    for given in model.backbone.seen[1]:  # frame, frame before and prior heat map alike
        assert len(given) == 2
        assert given[0].unique().numel() > 1
        assert torch.equal(given[1], given[0].flip(-1))


def test_public_detections():
    model = watched(test_cfg=dict(public_detections=True))
    frame = spot_frame((5, 7), (15, 7))[None]
    public = Detections([box_at(15, 7)], [1.0])
    (one,) = model(frame, [sample('a', 0, detections=public)], 'predict')
    assert len(one.pred_instances) == 2
    assert one.pred_track_instances.bboxes.tolist() == [box_at(15, 7)]
    (one,) = model(frame, [sample('a', 1, detections=Detections.empty())], 'predict')
    assert one.pred_track_instances.instances_id.tolist() == [1]
    with pytest.raises(ValueError, match='LoadDetections'):
        model(frame, [sample('a', 2)], 'predict')


def test_camera_motion_reaches_the_tracker():
    """30 cells at once, which the camera explains."""
    tracker = dict(type='JointTracker', use_displacement=False)
    for motion, ids in ((None, []), (np.array([[1.0, 0, 80], [0, 1, 0]]), [1])):
        model = watched(tracker=tracker)
        model(spot_frame((5, 7))[None], [sample('a', 0)], 'predict')
        moved = sample('a', 1) if motion is None else sample('a', 1, camera_motion=motion)
        (one,) = model(spot_frame((15, 7))[None], [moved], 'predict')
        assert one.pred_track_instances.instances_id.tolist() == ids


def test_debug_maps():
    model = watched()
    model.keep_debug_maps = True
    frames = torch.stack([spot_frame((5, 7)), spot_frame((6, 7))])
    first, second = model(frames, [sample('a', 0), sample('a', 1)], 'predict')
    maps = second.debug_maps
    assert np.unravel_index(maps['heatmap'].argmax(), (16, 24)) == (7, 6)
    assert maps['prior_heatmap'][30, 22] == 1
    assert maps['prior_heatmap'].shape == maps['input_shape'] == (64, 96)
    assert maps['embedding'].shape == (16, 24, 3)
    np.testing.assert_array_equal(maps['warp_matrix'], WARP)
    assert not first.debug_maps['prior_heatmap'].any()
    assert 'debug_maps' not in watched()(frames[:1], [sample('a', 0)], 'predict')[0]


def test_what_is_wrong_is_named():
    with pytest.raises(ValueError, match="'test_cfg' of JointTrackNet has no flip_tset"):
        watched(test_cfg=dict(flip_tset=True))
    with pytest.raises(ValueError, match=r"'frozen_parts' .* Got 'backbnoe'"):
        watched(frozen_parts=['backbnoe'])
    bare = DetDataSample(metainfo=dict(video_name='a', frame_id=0))
    with pytest.raises(ValueError, match=r"without 'warp_matrix'.*CenterResize"):
        watched()(spot_frame()[None], [bare], 'predict')
    with pytest.raises(ValueError, match=r"number in the video.*dict\(type='PackFrameInputs'\)"):
        watched()(spot_frame()[None], [DetDataSample()], 'predict')
    with pytest.raises(ValueError, match=r'multiples of 32\. Got 96 x 60'):
        watched()(spot_frame()[None, :, :60], [bare], 'predict')
    with pytest.raises(ValueError, match=r"'tracker' of JointTrackNet must be a config"):
        watched(tracker=None)
    with pytest.raises(ValueError, match=r'where tracks may start.* Got SORTTracker'):
        watched(tracker=dict(type='SORTTracker'), test_cfg=dict(public_detections=True))
    with pytest.raises(ValueError, match=r"criterion=dict\(type='JointTrackLoss'\)"):
        watched()(spot_frame()[None], [bare], 'loss')


# A small network with random weights


def tiny(*, test_cfg=None, **options):
    """Many detections: the logits of all cells are around 0, and boxes have an inside."""
    config = dict(
        backbone=dict(type='DLANet', depth='tiny'),
        neck=dict(type='DLAUpNeck', in_channels=[32, 48, 64, 96], node='conv'),
        bbox_head=dict(
            type='JointTrackHead', in_channels=32, head_channels=8, embedding_channels=8,
            prior_bias=0.0,
        ),
        tracker=dict(type='JointTracker'),
        test_cfg=dict(min_score=0.5, prior_min_score=0.5, max_detections=12) | (test_cfg or {}),
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = JointTrackNet(**config | options)
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = None  # take the statistics of the one batch that follows
    with torch.no_grad():
        frames = noise(4, seed=5)
        prior = torch.rand(4, 1, 64, 96, generator=torch.Generator().manual_seed(5))
        model.network(frames, frames, prior)
    model.bbox_head.hm[2].weight.data *= 5
    model.bbox_head.ltrb_amodal[2].bias.data = torch.tensor([-3.0, -4, 3, 4])
    return model.eval()


def noise(count, seed=0):
    """Frames that look alike."""
    rng = torch.Generator().manual_seed(seed)
    scene = torch.randn(1, 3, 64, 96, generator=rng)
    return scene + 0.3 * torch.randn(count, 3, 64, 96, generator=rng)


def run(model, frames, places, size):
    samples = []
    with torch.no_grad():
        for start in range(0, len(frames), size):
            part = slice(start, start + size)
            samples += model(frames[part], [sample(*place) for place in places[part]], 'predict')
    return samples


PLACES = [('a', 0), ('a', 1), ('a', 2), ('a', 3), ('b', 0), ('b', 1)]


@pytest.mark.parametrize('prior', [True, False])
@pytest.mark.parametrize('flip_test', [True, False])
def test_batches_equal_single_frames(prior, flip_test):
    frames = noise(6)
    test_cfg = dict(use_prior_heatmap=prior, flip_test=flip_test)
    alone = run(tiny(test_cfg=test_cfg), frames, PLACES, 1)
    assert sum(len(one.pred_track_instances) for one in alone) > 20
    for size in (4, 6):
        together = run(tiny(test_cfg=test_cfg), frames, PLACES, size)
        for one, other in zip(alone, together, strict=True):
            for name in ('pred_instances', 'pred_track_instances'):
                expected, found = getattr(one, name), getattr(other, name)
                assert len(expected) == len(found)
                for column in expected.keys():  # noqa: SIM118
                    torch.testing.assert_close(
                        found[column], expected[column], atol=1e-4, rtol=1e-4
                    )


def test_a_new_video_forgets_the_last_one():
    frames = noise(6)
    model = tiny()
    run(model, noise(3, seed=9), [('z', 0), ('z', 1), ('z', 2)], 3)
    for one, other in zip(
        run(model, frames, PLACES, 6), run(tiny(), frames, PLACES, 6), strict=True
    ):
        assert torch.equal(one.pred_instances.bboxes, other.pred_instances.bboxes)
        assert torch.equal(
            one.pred_track_instances.instances_id, other.pred_track_instances.instances_id
        )


def test_tracks_fed_back_change_what_is_detected():
    frames = noise(2)
    fed, unfed, without = (
        [one.pred_instances.scores for one in run(tiny(test_cfg=test_cfg), frames, PLACES[:2], 1)]
        for test_cfg in ({}, dict(zero_prior_heatmap=True), dict(use_prior_heatmap=False))
    )
    assert torch.equal(fed[0], unfed[0])  # no tracks yet: zeros
    assert (fed[1] - unfed[1]).abs().max() > 0.01
    assert (unfed[0] - without[0]).abs().max() > 0.01  # a stem that sees zeros is not left out


def test_the_frame_before_changes_what_is_detected():
    model, frames = tiny(), noise(2)
    outputs = model.raw_output((frames[:1], frames[1:], None))
    assert not torch.allclose(outputs['hm'], model.raw_output((frames[:1], frames[:1]))['hm'])


def test_tensor_mode_is_the_first_frame_of_a_video():
    model, frames = tiny(), noise(1)
    maps = model(frames, mode='tensor')
    expected = model.network(frames, frames, torch.zeros(1, 1, 64, 96))
    assert {name: tuple(x.shape[1:]) for name, x in maps.items()} == {
        'hm': (1, 16, 24), 'reg': (2, 16, 24), 'wh': (2, 16, 24), 'ltrb_amodal': (4, 16, 24),
        'tracking': (2, 16, 24), 'embedding': (8, 16, 24),
    }  # fmt: skip
    for name, values in maps.items():
        assert torch.equal(values, expected[name])


# Training


def training_pair(number):
    """Samples of a key frame with its targets and of the frame before."""
    boxes = np.array([[10, 8, 30, 50], [40 + number, 20, 70, 60]])
    frame = dict(
        img=np.zeros((64, 96, 3), np.uint8), gt_bboxes_labels=np.zeros(2, int),
        gt_instances_ids=2 * number + np.arange(2),
    )  # fmt: skip
    pair = [{**frame, 'gt_bboxes': boxes}, {**frame, 'gt_bboxes': boxes - 2}]
    results = {name: [one[name] for one in pair] for name in frame | {'gt_bboxes': 0}}
    results = CenterTargets(test_mode=True)(results)
    key, reference = sample('a', number), sample('a', number)
    for name in ('gt_heatmap', 'prior_heatmap'):
        setattr(key, name, PixelData(heatmap=torch.from_numpy(results[name][0])))
    columns = {name: torch.from_numpy(x) for name, x in results['gt_centers'][0].items()}
    key.gt_centers = InstanceData(**columns)
    return key, reference


def training_batch():
    keys, references = zip(*map(training_pair, range(2)), strict=True)
    return noise(4), [*keys, *references]


CRITERION = dict(type='JointTrackLoss', identity=dict(channels=8, num_ids=4))


def test_every_parameter_learns():
    model = tiny(criterion=CRITERION).train()
    losses = model(*training_batch(), mode='loss')
    total, logged = model.parse_losses(losses)
    assert {'loss', 'hm', 'reg', 'wh', 'ltrb_amodal', 'tracking', 'identity'} <= logged.keys()
    total.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


def test_keys_come_first_and_references_are_the_frames_before():
    model = watched()
    model.criterion = lambda outputs, samples: {'loss': outputs['hm'].mean(), 'samples': samples}
    inputs, samples = training_batch()
    losses = model(inputs, samples, mode='loss')
    assert losses['samples'] == samples[:2]
    images, previous, prior = model.backbone.seen[0]
    assert torch.equal(images, inputs[:2])
    assert torch.equal(previous, inputs[2:])
    assert torch.equal(prior[1], samples[1].prior_heatmap.heatmap)
    for wrong in ((inputs[:3], samples[:3]), (inputs, samples[::-1])):
        with pytest.raises(ValueError, match='trains with pairs of frames and their targets'):
            model(*wrong, mode='loss')


def test_frozen_parts():
    frozen = ('backbone', 'neck.dla_up', 'bbox_head.hm')
    model = tiny(criterion=CRITERION, frozen_parts=frozen)
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.train()
    assert not model.backbone.training
    assert model.neck.ida_up.training
    model(*training_batch(), mode='loss')['loss'].backward()
    optimizer.step()
    for name, value in model.state_dict().items():
        stays = name.startswith(tuple(f'{part}.' for part in frozen))
        assert torch.equal(value, before[name]) == stays, name
