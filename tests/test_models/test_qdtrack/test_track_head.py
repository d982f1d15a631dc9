"""Which boxes of two frames are compared."""

from __future__ import annotations

import pytest
import torch

from mmtrack_ext.registry import MODELS

# isort: split
from mmtrack_ext.models.tracking_heads.quasi_dense_track_head import match_identities

BOX = (10, 10, 20, 40)  # left, top, width, height


@pytest.fixture
def head(tiny_config):
    torch.manual_seed(0)
    head = MODELS.build(tiny_config()['track_head'])
    head.init_weights()
    return head


@pytest.fixture
def compared(head, monkeypatch):
    """The boxes that reach the embed head, for given proposals and frames."""

    def compare(proposals, samples, ref_proposals, ref_samples):
        caught = []
        monkeypatch.setattr(head.embed_head, 'loss', lambda *args: caught.extend(args) or {})
        head.loss(
            maps(len(samples)), maps(len(samples)), proposals, ref_proposals, samples, ref_samples
        )
        return caught

    return compare


def maps(number):
    generator = torch.Generator().manual_seed(0)
    return [
        torch.rand(number, 16, 64 // stride, 96 // stride, generator=generator)
        for stride in (4, 8, 16, 32)
    ]


def xyxy(*boxes):
    return torch.tensor([(x, y, x + w, y + h) for x, y, w, h in boxes], dtype=torch.float32)


@pytest.mark.parametrize(
    ('key', 'ref', 'expected'),
    [
        ([0, 1], [1, 0], [1, 0]),  # id 0 is an id
        ([0], [0], [0]),
        ([7, 3, 5], [5, 6, 7], [2, -1, 0]),
        ([4], [], [-1]),
        ([], [4], []),
        ([-1, 2], [-1, 2], [-1, 1]),  # two unknown objects are not the same
    ],
)
def test_identities_are_matched(key, ref, expected):
    key, ref = (torch.tensor(ids, dtype=torch.long) for ids in (key, ref))
    assert match_identities(key, ref).tolist() == expected


def test_positives_of_the_key_against_all_of_the_reference(compared, frame):
    _, key = frame({0: BOX})
    _, ref = frame({3: (60, 10, 20, 40), 0: BOX})
    proposals = xyxy((10, 12, 20, 40), (70, 30, 8, 8))  # overlaps 0.9 and 0
    ref_proposals = xyxy((0, 0, 6, 6), (60, 13, 20, 40))
    key_roi, ref_roi, keys, refs, matches = compared([proposals], [key], [ref_proposals], [ref])
    # The truth itself comes first among the proposals.
    assert keys[0].pos_priors.tolist() == xyxy(BOX, (10, 12, 20, 40)).tolist()
    assert refs[0].pos_priors.tolist() == xyxy((60, 10, 20, 40), BOX, (60, 13, 20, 40)).tolist()
    assert refs[0].neg_priors.tolist() == [[0, 0, 6, 6]]
    assert refs[0].pos_assigned_gt_inds.tolist() == [0, 1, 0]
    assert matches[0].tolist() == [1]  # identity 0 is the second object there
    assert len(key_roi) == 2
    assert len(ref_roi) == 4


def test_every_frame_has_its_own_ignored_regions(tiny_config, head, compared, frame):
    assigner = {**tiny_config()['track_head']['train_cfg']['assigner'], 'ignore_iof_thr': 0.5}
    head.assigner = head.assigner.__class__(**{k: v for k, v in assigner.items() if k != 'type'})
    left, right = (0, 50, 10, 10), (80, 50, 10, 10)
    _, key = frame({0: BOX}, ignored=[left])
    _, ref = frame({0: BOX}, ignored=[right])
    proposals = xyxy(left, right)
    _, _, keys, refs, _ = compared([proposals], [key], [proposals.clone()], [ref])
    assert keys[0].neg_priors.tolist() == xyxy(right).tolist()
    assert refs[0].neg_priors.tolist() == xyxy(left).tolist()


def test_a_static_image_is_a_pair_with_itself(compared, frame):
    _, image = frame({0: BOX, 1: (60, 10, 20, 40)})
    _, _, keys, refs, matches = compared([xyxy(BOX)], [image], [xyxy(BOX)], [image])
    assert matches[0].tolist() == [0, 1]
    assert keys[0].pos_assigned_gt_inds.tolist() == refs[0].pos_assigned_gt_inds.tolist()


def test_roi_features_come_from_the_right_frame(head):
    levels = [torch.stack([torch.full_like(m[0], 1.0), torch.full_like(m[0], 5)]) for m in maps(1)]
    features = head.roi_features(levels, [xyxy(BOX), xyxy(BOX, (20, 20, 30, 30))])
    assert features.shape == (3, 16, 7, 7)
    assert features.mean((1, 2, 3)).tolist() == pytest.approx([1, 5, 5])


def test_without_a_common_object_the_loss_is_zero_and_reaches_every_parameter(head, frame):
    _, key = frame({0: BOX})
    _, ref = frame({1: BOX})
    losses = head.loss(maps(1), maps(1), [xyxy(BOX)], [xyxy(BOX)], [key], [ref])
    assert {name: loss.item() for name, loss in losses.items()} == dict(
        loss_track=0, loss_track_aux=0
    )
    sum(losses.values()).backward()
    assert all(p.grad is not None and not p.grad.any() for p in head.parameters())


def test_frames_without_objects(head, frame):
    _, empty = frame({})
    losses = head.loss(maps(1), maps(1), [xyxy(BOX)], [xyxy(BOX)], [empty], [empty])
    sum(losses.values()).backward()
    assert all(p.grad is not None for p in head.parameters())


def test_identities_are_asked_for(head, frame):
    _, sample = frame({0: BOX})
    del sample.gt_instances.instances_id
    with pytest.raises(ValueError, match='LoadTrackAnnotations'):
        head.loss(maps(1), maps(1), [xyxy(BOX)], [xyxy(BOX)], [sample], [sample])
