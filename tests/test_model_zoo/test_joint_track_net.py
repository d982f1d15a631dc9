"""Files of JointTrackNet, CenterTrack, FairMOT and DLA become ours."""

from __future__ import annotations

import json
import re

import pytest
import torch

from mmtrack_ext.model_zoo.joint_track_net import convert_joint_track_net
from mmtrack_ext.models.backbones import DLANet
from mmtrack_ext.models.necks import DLAUpNeck
from mmtrack_ext.models.tracking_heads.joint_track_head import JointTrackHead

DEAD = ('base.level3.project.', 'base.level4.project.')
STEMS = ('base.pre_img_layer.', 'base.pre_hm_layer.')


@pytest.fixture(scope='module')
def original(root):
    """Names and shapes of the original; every array holds one number, another for each."""
    path = root / 'tests' / 'data' / 'jointtracknet' / 'keys.json'
    shapes = json.loads(path.read_text(encoding='utf-8'))
    values = {name: torch.tensor(float(number)) for number, name in enumerate(shapes)}
    return {
        name: values[name].expand(shape) if shape else torch.tensor(7)
        for name, shape in shapes.items()
    }


@pytest.fixture
def convert(tmp_path):
    """Save weights as the authors do, and convert the file."""

    def run(weights, **options):
        torch.save({'epoch': 1, 'state_dict': weights}, tmp_path / 'original.pth')
        return convert_joint_track_net(tmp_path / 'original.pth', **options)

    return run


def without(weights, *prefixes):
    return {name: value for name, value in weights.items() if not name.startswith(prefixes)}


def load(converted, head=None, **backbone):
    """The network with what was converted; names that are missing."""
    parts = torch.nn.Module()
    parts.backbone = DLANet(**backbone)
    if head is not None:
        parts.neck, parts.bbox_head = DLAUpNeck(), JointTrackHead(**head)
    missing, unexpected = parts.load_state_dict(converted.state_dict, strict=False)
    assert not unexpected
    return parts, missing


def test_every_array_of_the_original_has_its_place(convert, original):
    converted = convert({f'module.{name}': value for name, value in original.items()})
    _, missing = load(converted, head={})
    assert (missing, converted.missing) == ([], ())
    assert converted.network == 'JointTrackNet with DLA-34'
    assert set(converted.dropped) == {name for name in original if name.startswith(DEAD)}
    assert len(converted.dropped) == 12
    assert len(converted.state_dict) == len(converted.loaded) == 410
    for ours, theirs in [
        ('backbone.level4.tree2.root.conv.weight', 'base.level4.tree2.root.conv.weight'),
        ('neck.ida_up.up_2.weight', 'ida_up.up_2.weight'),
        (
            'neck.dla_up.ida_2.proj_3.conv.conv_offset.weight',
            'dla_up.ida_2.proj_3.conv.conv_offset_mask.weight',
        ),
        ('bbox_head.ltrb_amodal.2.bias', 'ltrb_amodal.2.bias'),
    ]:
        assert torch.equal(converted.state_dict[ours], original[theirs])


def test_report_names_parts_and_reasons(convert, original):
    weights = without(original, 'embedding.') | {'base.fc.bias': torch.zeros(1000)}
    converted = convert(weights)
    assert converted.report()[0].startswith('Loaded 406 arrays: hm (4), reg (4), ')
    assert converted.report()[1:] == [
        'Missing 4 arrays: bbox_head.embedding (4)',
        'Dropped 13 arrays',
        '  base.level3 (6), base.level4 (6): outer projections, which nothing depends on',
        "  base.fc (1): ImageNet's classifier",
    ]


def test_center_track_for_coco_gives_its_person(convert, original):
    weights = without(original, 'embedding.', 'ltrb_amodal.')
    weights['hm.2.weight'] = torch.arange(80.0)[:, None, None, None].expand(80, 256, 1, 1)
    weights['hm.2.bias'] = torch.arange(80.0) + 0.5
    skipped = convert(weights)
    assert {name for name in skipped.dropped if name.startswith('hm')} == {
        'hm.2.weight',
        'hm.2.bias',
    }
    assert skipped.dropped['hm.2.bias'] == (
        '80 classes instead of 1; --reuse-person takes the first'
    )
    parts, _ = load(skipped, head={})
    assert parts.bbox_head.hm[2].bias.item() == pytest.approx(-4.6)  # started anew

    reused = convert(weights, reuse_person=True)
    assert 'bbox_head.hm.2.bias' not in reused.missing
    assert reused.state_dict['bbox_head.hm.2.bias'].tolist() == [0.5]
    assert not reused.state_dict['bbox_head.hm.2.weight'].any()
    three = convert(weights, num_classes=3, reuse_person=True)
    assert three.state_dict['bbox_head.hm.2.bias'].tolist() == [0.5, 1.5, 2.5]
    assert len(convert(weights, num_classes=80).state_dict) == 402


def test_fewer_classes_than_wanted_are_left_out(convert, original):
    converted = convert(original, num_classes=3, reuse_person=True)
    assert converted.dropped['hm.2.bias'] == '1 classes instead of 3'
    assert 'bbox_head.hm.2.bias' in converted.missing


def test_fair_mot_gives_its_identities_not_its_boxes(convert, original):
    weights = without(original, *STEMS, 'embedding.', 'ltrb_amodal.', 'tracking.')
    weights |= {'id.0.weight': original['embedding.0.weight'] + 1, 'id.0.bias': torch.ones(256)}
    weights |= {'id.2.weight': torch.ones(64, 256, 1, 1), 'id.2.bias': torch.ones(64)}
    weights |= {'wh.2.weight': torch.ones(4, 256, 1, 1), 'wh.2.bias': torch.ones(4)}
    converted = convert(weights)
    _, missing = load(converted, head=dict(embedding_channels=64))
    assert {name.rpartition('.')[0].split('.')[1] for name in missing} == {
        'pre_img_layer', 'pre_hm_layer', 'ltrb_amodal', 'tracking', 'wh',
    }  # fmt: skip
    state = converted.state_dict
    assert torch.equal(state['bbox_head.embedding.0.weight'], weights['id.0.weight'])
    assert 'four edges' in converted.dropped['wh.0.weight']


def plain(original):
    """An ImageNet file of DLA-34."""
    weights = {k.removeprefix('base.'): v for k, v in original.items() if k.startswith('base.')}
    weights = without(weights, 'pre_')
    return weights | {'fc.weight': torch.zeros(1000, 512, 1, 1), 'fc.bias': torch.zeros(1000)}


def test_imagenet_file_of_dla_starts_a_backbone(convert, original, tmp_path):
    weights = plain(original)
    converted = convert(weights)
    assert converted.network == 'DLA-34'
    assert all(
        name.startswith(('backbone.pre_img', 'backbone.pre_hm')) for name in load(converted)[1]
    )
    assert set(converted.dropped) >= {'fc.weight', 'level4.project.0.weight'}
    expected = weights['level5.root.bn.running_mean']

    converted.save(tmp_path / 'ours.pth')
    torch.save(weights, tmp_path / 'theirs.pth')  # needs no converting: the names are the same
    for file in (dict(checkpoint='ours.pth', prefix='backbone.'), dict(checkpoint='theirs.pth')):
        file['checkpoint'] = str(tmp_path / file['checkpoint'])
        backbone = DLANet(init_cfg=dict(type='Pretrained', **file))
        stem = backbone.pre_img_layer[0].weight.clone()
        backbone.init_weights()
        assert torch.equal(backbone.level5.root.bn.running_mean, expected)
        assert torch.equal(backbone.pre_img_layer[0].weight, stem)


def test_larger_dla_is_recognised(convert):
    with torch.device('meta'):
        shapes = DLANet('102', use_prev_img=False, use_prior_heatmap=False).state_dict()
    converted = convert(
        {name: torch.zeros((), dtype=x.dtype).expand(x.shape) for name, x in shapes.items()}
    )
    assert converted.network == 'DLA-102'


def test_counters_that_old_files_lack_start_anew(convert, original):
    old = {k: v for k, v in original.items() if not k.endswith('num_batches_tracked')}
    converted = convert(old)
    assert converted.missing == ()
    assert converted.state_dict['neck.ida_up.node_1.actf.0.num_batches_tracked'] == 0
    assert load(converted, head={})[1] == []


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        ({'reg.2.bias': None}, 'DLA-34, in our names: bbox_head.reg.2.bias (missing)'),
        ({'base.level0.0.weight': torch.zeros(2)}, '((2,) instead of (16, 16, 3, 3))'),
        ({'hm.0.bias': torch.full((256,), torch.nan)}, 'bbox_head.hm.0.bias (not finite)'),
        ({'wh.2.bias': None, 'wh.2.weight': None, 'wh.0.bias': None, 'wh.0.weight': None},
         'wh.0.bias (missing), bbox_head.wh.2.weight (missing), and 1 more'),
        ({'base.base_layer.0.weight': None}, 'this is no JointTrackNet'),
    ],
)  # fmt: skip
def test_another_network_is_refused(convert, original, change, words):
    weights = {k: v for k, v in {**original, **change}.items() if v is not None}
    with pytest.raises(ValueError, match=re.escape(words)) as error:
        convert(weights)
    assert str(error.value).count('\n') == 0
    assert 'original.pth: ' in str(error.value)


def test_our_own_file_is_refused(convert, original):
    with pytest.raises(ValueError, match='names of mmtrack_ext already'):
        convert(convert(original).state_dict)
