"""The model: what its losses are made of, and what it finds."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from mmtrack_ext.registry import MODELS

# isort: split
from mmengine.dataset import pseudo_collate

from mmtrack_ext.structures import instances_to_detections

DETECTORS = ('FasterRCNN', 'CascadeRCNN')
FIRST, SECOND = (10, 10, 20, 40), (60, 12, 16, 36)  # left, top, width, height


@pytest.fixture
def pairs(frame):
    """Two pairs: of objects 3 and 4, and of object 0, of the classes 3, 4 and 0."""

    def moved(box, step):
        return (box[0] + step, *box[1:])

    keys = [frame({3: FIRST, 4: SECOND}, seed=1), frame({0: FIRST}, ignored=[SECOND], seed=2)]
    refs = [frame({4: moved(SECOND, 3), 3: moved(FIRST, 3)}, seed=3), frame({0: SECOND}, seed=4)]
    images, samples = zip(*keys, *refs, strict=True)
    return torch.stack(images), list(samples)


def total(losses):
    return {
        name: sum(value) if isinstance(value, list) else value for name, value in losses.items()
    }


@pytest.mark.parametrize('detector', DETECTORS)
def test_detector_losses_are_those_of_the_key_frames_alone(tiny_model, pairs, detector):
    """With their own labels; in evaluation mode a frame's features do not depend on the others."""
    model = tiny_model(detector)
    inputs, samples = pairs
    torch.manual_seed(5)
    losses = total(model(inputs, samples, 'loss'))
    torch.manual_seed(5)
    expected = total(model.detector(inputs[:2], copy.deepcopy(samples[:2]), mode='loss'))
    assert {n for n in losses if n not in expected} == {'loss_track', 'loss_track_aux'}
    for name, value in expected.items():
        assert_close(losses[name], value)
    wrong = copy.deepcopy(samples[:2])
    for sample in wrong:
        sample.gt_instances.labels[:] = 0
    torch.manual_seed(5)
    of_wrong = total(model.detector(inputs[:2], wrong, mode='loss'))
    name = 'loss_cls' if detector == 'FasterRCNN' else 's0.loss_cls'
    assert abs(of_wrong[name] - losses[name]) > 1e-3


def test_ground_truth_is_left_as_it_was(tiny_model, pairs):
    inputs, samples = pairs
    tiny_model()(inputs, samples, 'loss')
    assert [s.gt_instances.labels.tolist() for s in samples] == [[3, 4], [0], [4, 3], [0]]


def test_proposals_of_keys_as_in_training_and_of_references_as_in_testing(
    tiny_model, pairs, monkeypatch
):
    model = tiny_model()
    model.detector.train_cfg.rpn_proposal.max_per_img = 20
    model.detector.rpn_head.test_cfg.max_per_img = 7
    caught = []
    monkeypatch.setattr(model.track_head, 'loss', lambda *args: caught.extend(args) or {})
    model(*pairs, 'loss')
    _, _, of_keys, of_refs, keys, refs = caught
    assert [len(boxes) for boxes in of_keys] == [20, 20]
    assert [len(boxes) for boxes in of_refs] == [7, 7]
    assert [id(sample) for sample in (*keys, *refs)] == [id(sample) for sample in pairs[1]]


def test_features_of_pairs_are_those_of_their_frames(tiny_model, pairs, monkeypatch):
    model = tiny_model()
    caught = []
    monkeypatch.setattr(model.track_head, 'loss', lambda *args: caught.extend(args) or {})
    model(*pairs, 'loss')
    for frame, (of_all, index) in enumerate([(caught[0], 0), (caught[0], 1), (caught[1], 0)]):
        alone = model.detector.extract_feat(pairs[0][frame][None])
        for level, expected in zip(of_all, alone, strict=True):
            assert_close(level[index], expected[0])


def test_both_frames_teach_the_backbone(tiny_model, pairs):
    """Of both pairs; the object of the second has identity 0."""
    model = tiny_model()
    inputs = pairs[0].requires_grad_()
    losses = model(inputs, pairs[1], 'loss')
    (losses['loss_track'] + losses['loss_track_aux']).backward()
    assert (inputs.grad.abs().sum((1, 2, 3)) > 0).all()


def test_learns_to_tell_objects_apart(tiny_model, pairs):
    model = tiny_model().train()
    inputs, samples = pairs
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    values = []
    for _ in range(15):
        loss, log = model.parse_losses(model(inputs, samples, 'loss'))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        values.append({name: value.item() for name, value in log.items()})
    for name in ('loss', 'loss_track', 'loss_rpn_cls'):
        assert values[-1][name] < values[0][name] / 2, name


def test_frozen_detector_stays_frozen(tiny_model, pairs):
    model = tiny_model(freeze_detector=True)
    model.train()
    assert not any(module.training for module in model.detector.modules())
    assert model.track_head.training
    before = copy.deepcopy(model.detector.state_dict())
    losses = model(*pairs, 'loss')
    assert set(losses) == {'loss_track', 'loss_track_aux'}
    sum(losses.values()).backward()
    assert all(p.grad is None and not p.requires_grad for p in model.detector.parameters())
    assert model.track_head.embed_head.fc_embed.weight.grad.abs().sum() > 0
    for name, value in model.detector.state_dict().items():
        assert_close(value, before[name], rtol=0, atol=0)
    model.eval().train()
    assert not model.detector.training


def test_frozen_detector_gives_the_proposals_of_a_trained_one(tiny_model, pairs, monkeypatch):
    proposals = []
    for freeze in (True, False):
        model = tiny_model(freeze_detector=freeze)
        monkeypatch.setattr(model.track_head, 'loss', lambda *args: proposals.append(args[2]) or {})
        model(*pairs, 'loss')
    for frozen, free in zip(*proposals, strict=True):
        assert_close(frozen, free)


@pytest.fixture
def resized(frame):
    """Frames of a 48 x 128 image that are fed as 96 x 64."""

    def build(number):
        scale = dict(ori_shape=(128, 48), scale_factor=(2.0, 0.5), video_name='a', frame_id=number)
        image, sample = frame({0: (4 * number, 10, 20, 40), 1: SECOND}, seed=number)
        sample.set_metainfo(scale)
        return image, sample

    return build


@pytest.mark.parametrize('detector', DETECTORS)
def test_detections_are_the_detectors_with_an_embedding_each(tiny_model, resized, detector):
    model = tiny_model(detector)
    image, sample = resized(0)
    with torch.no_grad():
        expected = model.detector.predict(image[None], [copy.deepcopy(sample)])[0].pred_instances
        (found,) = model.detect(image[None], [sample])
        assert len(expected) > 3
        in_input = expected.bboxes * torch.tensor([2, 0.5, 2, 0.5])
        features = model.detector.extract_feat(image[None])
        (embeddings,) = model.track_head.predict(features, [in_input])
    left = sample.pred_instances
    for name in ('bboxes', 'scores', 'labels'):
        assert_close(left[name], expected[name])
    assert_close(left.embeddings, embeddings)
    assert left.embeddings.std(0).min() > 1e-4  # they differ from box to box
    np.testing.assert_array_equal(found.embeddings, instances_to_detections(left).embeddings)
    np.testing.assert_array_equal(found.boxes, instances_to_detections(left).boxes)


def test_several_frames_equal_one_by_one(tiny_model, resized):
    model = tiny_model()
    outcomes = []
    for size in (1, 3):
        frames = [resized(number) for number in range(3)]
        samples = []
        for start in range(0, 3, size):
            images, some = zip(*frames[start : start + size], strict=True)
            with torch.no_grad():
                samples += model(torch.stack(images), list(some), 'predict')
        outcomes.append(samples)
    for alone, together in zip(*outcomes, strict=True):
        for field in ('pred_instances', 'pred_track_instances'):
            ours, theirs = getattr(alone, field), getattr(together, field)
            assert ours.keys() == theirs.keys()
            for name in ours.keys():  # noqa: SIM118  # iterating gives rows
                assert_close(ours[name], theirs[name], rtol=1e-4, atol=1e-4)


def test_a_frame_without_detections(tiny_model, resized):
    model = tiny_model()
    model.detector.roi_head.test_cfg.score_thr = 1.1
    image, sample = resized(0)
    with torch.no_grad():
        (tracked,) = model(image[None], [sample], 'predict')
    assert tracked.pred_instances.embeddings.shape == (0, 8)
    assert len(tracked.pred_track_instances) == 0


def test_pairs_from_the_data_loader(tiny_model, pairs):
    """As a data loader gives them: [keys, references]; normalised, keys before references."""
    inputs, samples = pairs
    pixels = (inputs * 80).byte()
    items = [
        dict(inputs=[pixels[i], pixels[i + 2]], data_samples=[samples[i], samples[i + 2]])
        for i in range(2)
    ]
    model = tiny_model()
    data = model.data_preprocessor(pseudo_collate(items), training=True)
    mean = torch.tensor([103.53, 116.28, 123.675])[:, None, None]
    std = torch.tensor([57.375, 57.12, 58.395])[:, None, None]
    assert_close(data['inputs'], (pixels - mean) / std)
    identities = [s.gt_instances.instances_id.tolist() for s in data['data_samples']]
    assert identities == [[3, 4], [0], [4, 3], [0]]


def test_preprocessor_of_the_detector_serves_the_pairs(tiny_config):
    config = tiny_config()
    of_detector = {**config.pop('data_preprocessor'), 'type': 'DetDataPreprocessor'}
    config['detector']['data_preprocessor'] = of_detector
    model = MODELS.build(config)
    assert type(model.data_preprocessor).__name__ == 'FramePairPreprocessor'
    assert model.data_preprocessor.std.flatten().tolist() == pytest.approx([57.375, 57.12, 58.395])


def test_refusals(tiny_config, tiny_model, pairs):
    config = tiny_config()
    config['detector'] = dict(
        type='RetinaNet',
        backbone=config['detector']['backbone'],
        neck=config['detector']['neck'],
        bbox_head=dict(type='RetinaHead', num_classes=1, in_channels=16),
    )
    with pytest.raises(
        ValueError, match=r'must be a two-stage detector, such as FasterRCNN\. Got R'
    ):
        MODELS.build(config)
    inputs, samples = pairs
    with pytest.raises(ValueError, match='trains with pairs'):
        tiny_model()(inputs[:3], samples[:3], 'loss')
