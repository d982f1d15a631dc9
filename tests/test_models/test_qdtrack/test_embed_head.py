"""The embed head against mmdet's where that is right, and by hand where it is not."""

from __future__ import annotations

import math

import pytest
import torch
from torch.testing import assert_close

from mmtrack_ext.registry import MODELS

# isort: split
from mmtrack_ext.models.tracking_heads import QuasiDenseEmbedHead
from mmtrack_ext.models.tracking_heads.quasi_dense_embed_head import pair_targets

SMALL = dict(
    num_convs=2,
    num_fcs=1,
    in_channels=8,
    conv_out_channels=8,
    fc_out_channels=16,
    embed_channels=4,
    norm_cfg=dict(type='GN', num_groups=4),
)


@pytest.fixture
def embed_head():
    torch.manual_seed(0)
    head = QuasiDenseEmbedHead(**SMALL)
    head.init_weights()
    torch.nn.init.normal_(head.fc_embed.weight, std=0.5)
    return head


def features(number, seed):
    return torch.randn(number, 8, 7, 7, generator=torch.Generator().manual_seed(seed))


def test_published_size():
    head = QuasiDenseEmbedHead()
    assert sum(p.numel() for p in head.parameters()) == (
        4 * (256 * 256 * 9 + 2 * 256)  # convolutions without bias, norms
        + 12544 * 1024 + 1024
        + 1024 * 256 + 256
    )  # fmt: skip
    names = [name.rpartition('.')[0] for name in head.state_dict()]
    assert list(dict.fromkeys(names)) == [
        *(f'convs.{i}.{layer}' for i in range(4) for layer in ('conv', 'gn')),
        'fcs.0',
        'fc_embed',
    ]


def test_initial_weights():
    torch.manual_seed(0)
    head = QuasiDenseEmbedHead(num_convs=0, in_channels=16)
    head.init_weights()
    limit = math.sqrt(6 / (16 * 49 + 1024))  # Xavier, uniform
    assert 0.99 * limit < head.fcs[0].weight.abs().max() <= limit
    assert head.fc_embed.weight.std().item() == pytest.approx(0.01, rel=0.02)
    assert not head.fc_embed.bias.any()
    assert not head.fcs[0].bias.any()


@pytest.mark.filterwarnings('ignore:DeprecationWarning. .*bboxes is deprecated')
def test_loss_equals_mmdet(embed_head, sampled):
    losses = dict(
        loss_track=dict(type='MultiPosCrossEntropyLoss', loss_weight=0.25),
        loss_track_aux=dict(
            type='MarginL2Loss', neg_pos_ub=3, pos_margin=0, neg_margin=0.1, hard_mining=True
        ),
    )
    theirs = MODELS.build(dict(type='QuasiDenseEmbedHead', _scope_='mmdet', **SMALL, **losses))
    theirs.load_state_dict(embed_head.state_dict())
    keys = [sampled([0, 0, 1, 2]), sampled([1, 0, 1]), sampled([0])]
    refs = [sampled([1, 1, 0, 2], 9), sampled([0, 0, 1], 5), sampled([0, 0], 4)]
    matches = [torch.tensor([1, 0, -1]), torch.tensor([0, 1]), torch.tensor([-1])]
    case = (features(8, 1), features(27, 2), keys, refs)
    ours = embed_head.loss(*case, matches)
    expected = theirs.loss(*case, [match.float() for match in matches])
    assert ours.keys() == expected.keys()
    for name, value in ours.items():
        assert value.item() == pytest.approx(expected[name].item(), abs=1e-5)
        assert value > 0.01
    weight = embed_head.fcs[0].weight
    (gradient,) = torch.autograd.grad(sum(ours.values()), weight)
    (reference,) = torch.autograd.grad(sum(expected.values()), theirs.fcs[0].weight)
    assert_close(gradient, reference, rtol=0, atol=1e-5)


def test_targets_by_hand(sampled):
    """Key objects 0, 1, 2; the reference frame has 0 as its 1, and 2 as its 0, and lacks 1."""
    key, ref = sampled([2, 0, 1, 0]), sampled([0, 1, 1], 2)
    target = pair_targets(key, ref, torch.tensor([1, -1, 0]))
    assert target.int().tolist() == [
        [1, 0, 0, 0, 0],
        [0, 1, 1, 0, 0],
        [0, 0, 0, 0, 0],
        [0, 1, 1, 0, 0],
    ]


class Given(QuasiDenseEmbedHead):
    """Whose features are the embeddings."""

    def forward(self, features):
        return features


@pytest.fixture
def given():
    return Given(num_convs=0, in_channels=1)


def test_loss_by_hand(given, sampled):
    """One pair, object 0 in both frames; a second one without any common object."""
    keys, refs = [sampled([0]), sampled([0])], [sampled([0], 1), sampled([0], 1)]
    key = torch.tensor([[2.0, 0.0], [1.0, 0.0]])
    ref = torch.tensor([[1.0, 1.0], [0.5, 0.0], [3.0, 0.0], [9.0, 9.0]])
    losses = given.loss(key, ref, keys, refs, [torch.tensor([0]), torch.tensor([-1])])
    # Products 2 (positive) and 1; cosines 1 / sqrt(2) and 1; each the mean of two pairs.
    contrast = 0.25 * math.log(1 + math.exp(1 - 2)) / 2
    aux = ((1 - math.sqrt(0.5)) ** 2 + 0.9**2) / 2 / 2
    assert losses['loss_track'].item() == pytest.approx(contrast)
    assert losses['loss_track_aux'].item() == pytest.approx(aux)


def test_products_beyond_float16_stay_finite(given, sampled):
    key = torch.full((1, 2), 300.0)
    with torch.autocast('cpu', dtype=torch.float16):
        losses = given.loss(
            key, key.repeat(2, 1), [sampled([0])], [sampled([0], 1)], [torch.tensor([0])]
        )
    assert losses['loss_track'].item() == pytest.approx(0.25 * math.log(2))  # 180000 - 180000


def test_frames_without_boxes(embed_head, sampled):
    losses = embed_head.loss(
        features(0, 0), features(0, 0), [sampled([])], [sampled([])], [torch.zeros(0).long()]
    )
    assert {name: loss.item() for name, loss in losses.items()} == dict(
        loss_track=0, loss_track_aux=0
    )
    sum(losses.values()).backward()
    assert all(p.grad is not None for p in embed_head.parameters())
