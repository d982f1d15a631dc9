"""The configs of QDTrack against the published recipes, and their data against tiny sets."""

from __future__ import annotations

import copy
import functools
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.runner import Runner

from mmtrack_ext.datasets.samplers import FrameSampler
from mmtrack_ext.registry import DATASETS, PARAM_SCHEDULERS
from mmtrack_ext.utils.config import read_config
from mmtrack_ext.utils.register_all_modules import register_all_modules

FOLDER = Path(__file__).parents[1] / 'configs' / 'qdtrack'
MOT17, MOT17_FRCNN = 'r50_4e_mot17-half_test-mot17-half', 'r50_4e_mot17-half_test-mot17-half-frcnn'
CROWDHUMAN = 'r50_4e_crowdhuman-mot17-half_test-mot17-half'
DANCETRACK = 'r50_4e_dancetrack_test-dancetrack'
LVIS, TAO = 'r101_24e_lvis_test-tao', 'r101_12e_tao_test-tao'
BDD = 'r50_bdd-style_coco-video'
OF_MOT, OF_TAO = (MOT17, MOT17_FRCNN, CROWDHUMAN, DANCETRACK), (LVIS, TAO)
# mmdet, mmcv and torch warn of their own parts.
pytestmark = pytest.mark.filterwarnings('default')


@pytest.fixture(scope='module', autouse=True)
def _registered():
    register_all_modules()


def path_of(name):
    return FOLDER / f'qdtrack_faster-rcnn_{name}.py'


@functools.cache
def read_once(name):
    return read_config(path_of(name))


def read(name):
    return copy.deepcopy(read_once(name))


# Values of mmtracking 0.14, configs/mot/qdtrack, which its README's figures belong to.


@pytest.mark.parametrize('name', [*OF_MOT, *OF_TAO, BDD])
def test_what_all_share(name):
    model = read(name)['model']
    head = model['track_head']
    assert head['train_cfg']['assigner'] == dict(
        type='MaxIoUAssigner',
        pos_iou_thr=0.7,
        neg_iou_thr=0.5 if name in OF_MOT else 0.3,
        min_pos_iou=0.5,
        match_low_quality=False,
        ignore_iof_thr=-1,
    )
    sampler = head['train_cfg']['sampler']
    limits = [sampler[key] for key in ('num', 'pos_fraction', 'neg_pos_ub', 'add_gt_as_proposals')]
    assert limits == [256, 0.5, 3, True]
    assert sampler['pos_sampler']['type'] == 'InstanceBalancedPosSampler'
    negatives = dict(type='RandomSampler')
    if name == BDD:
        negatives = dict(type='IoUBalancedNegSampler', floor_thr=-1, floor_fraction=0, num_bins=3)
    assert sampler['neg_sampler'] == negatives
    embed = head['embed_head']
    assert [embed[key] for key in ('num_convs', 'num_fcs', 'embed_channels')] == [4, 1, 256]
    assert embed['norm_cfg'] == dict(type='GN', num_groups=32)
    losses = [embed[key]['loss_weight'] for key in ('loss_track', 'loss_track_aux')]
    assert losses == [0.25, 1.0]
    detector = model['detector']
    proposals = [detector['train_cfg']['rpn_proposal'], detector['test_cfg']['rpn']]
    assert [p['nms_pre'] for p in proposals] == [2000, 1000]
    assert [p['max_per_img'] for p in proposals] == [1000, 1000]
    assert [p['nms']['iou_threshold'] for p in proposals] == [0.7, 0.7]
    coders = [detector['rpn_head']['bbox_coder'], detector['roi_head']['bbox_head']['bbox_coder']]
    assert [coder['clip_border'] for coder in coders] == [name not in OF_MOT] * 2


@pytest.mark.parametrize('name', [*OF_MOT, *OF_TAO, BDD])
def test_detector(name):
    model = read(name)['model']
    preprocessor, detector = model['data_preprocessor'], model['detector']
    backbone = detector['backbone']
    norm, is_of_mot = backbone['norm_cfg'], name in OF_MOT
    assert (backbone['depth'], backbone['style']) == (
        101 if name in OF_TAO else 50,
        'caffe' if is_of_mot else 'pytorch',
    )
    assert norm == dict(type='BN', requires_grad=not is_of_mot)
    assert (backbone['norm_eval'], backbone['frozen_stages']) == (True, 1)
    mean, std = [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]
    if is_of_mot:
        mean, std = mean[::-1], [1, 1, 1]
    assert (preprocessor['mean'], preprocessor['std']) == (mean, std)
    assert preprocessor['bgr_to_rgb'] == (not is_of_mot)
    assert preprocessor['type'] == 'FramePairPreprocessor'
    num_classes = detector['roi_head']['bbox_head']['num_classes']
    assert num_classes == (1 if is_of_mot else 482 if name in OF_TAO else 8)
    rcnn = detector['test_cfg']['rcnn']
    limits = (1e-4, 300) if name in OF_TAO else (0.05, 100)
    assert (rcnn['score_thr'], rcnn['max_per_img']) == limits
    assert rcnn['nms'] == dict(type='nms', iou_threshold=0.5)


def test_what_each_training_starts_from():
    starts = {}
    for name in (MOT17, DANCETRACK, LVIS, TAO, BDD):
        config = read(name)
        detector = config['model']['detector']
        whole, part = detector['init_cfg'], detector['backbone'].get('init_cfg')
        files = [(of or {}).get('checkpoint', '').rpartition('/')[2] for of in (whole, part)]
        starts[name] = (*files, config['load_from'], config['model'].get('freeze_detector', False))
    person = 'faster_rcnn_r50_fpn_1x_coco-person_20201216_175929-d022e227.pth'
    before = f'work_dirs/{path_of(LVIS).stem}/epoch_24.pth'
    assert starts == {
        MOT17: (person, '', None, False),
        DANCETRACK: (person, '', None, False),
        LVIS: ('', 'resnet101-63fe2227.pth', None, False),
        TAO: ('', '', before, True),
        BDD: ('', 'resnet50-0676ba61.pth', None, False),
    }


@pytest.mark.parametrize(
    ('name', 'rate', 'epochs', 'milestones', 'warmup', 'validated'),
    [
        (MOT17, 0.02, 4, [3], 0, [1, 2, 3, 4]),
        (CROWDHUMAN, 0.02, 4, [3], 0, [1, 2, 3, 4]),
        (DANCETRACK, 0.02, 4, [3], 0, [1, 2, 3, 4]),
        (LVIS, 0.02, 24, [16, 22], 1000, [16, 18, 20, 22, 24]),
        (TAO, 0.002, 12, [8, 11], 1000, list(range(1, 13))),
        (BDD, 0.02, 12, [8, 11], 1000, list(range(1, 13))),
    ],
)
def test_schedules(name, rate, epochs, milestones, warmup, validated):
    config = read(name)
    assert config['optim_wrapper'] == dict(
        type='OptimWrapper',
        optimizer=dict(type='SGD', lr=rate, momentum=0.9, weight_decay=1e-4),
        clip_grad=dict(max_norm=35, norm_type=2),
    )
    assert config['train_dataloader']['batch_size'] == 2
    assert config['auto_scale_lr'] == dict(enable=False, base_batch_size=16)
    loop = config['train_cfg']
    first, every = loop.get('val_begin', 1), loop['val_interval']
    # EpochBasedTrainLoop's rule
    assert [e for e in range(first, epochs + 1) if e % every == 0 or e == epochs] == validated
    assert loop['max_epochs'] == epochs
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)
    schedules = [dict(schedule) for schedule in config['param_scheduler']]
    built = [PARAM_SCHEDULERS.build(dict(one, optimizer=optimizer)) for one in schedules]
    if warmup:
        assert optimizer.param_groups[0]['lr'] == pytest.approx(rate / 1000)
        for _ in range(warmup):
            built[0].step()
    rates = []
    for _ in range(epochs):
        rates.append(optimizer.param_groups[0]['lr'])
        built[-1].step()
    drops = [sum(epoch >= milestone for milestone in milestones) for epoch in range(epochs)]
    assert rates == pytest.approx([rate * 0.1**drop for drop in drops])


@pytest.mark.parametrize('name', OF_MOT)
def test_tracker_of_mot(name):
    tracker = read(name)['model']['tracker']
    assert tracker['type'] == 'QuasiDenseTracker'
    assert (tracker['init_min_score'], tracker['match_min_score']) == (0.9, 0.5)
    assert (tracker['max_age'], tracker['backdrop_max_age']) == (29, 1)  # there 30: counted from 1


def test_tracker_of_tao_and_of_bdd():
    for name in OF_TAO:
        assert read(name)['model']['tracker'] == dict(
            type='QuasiDenseTAOTracker',
            init_min_score=1e-4,
            match_min_score=1e-4,
            min_similarity=0.5,
            max_score_difference=1.0,
            max_age=9,
            momentum=0.8,
            score_momentum=0.5,
            distractor_max_score=0.5,
            distractor_min_iou=0.3,
            metric='bisoftmax',
            add_cosine=True,
        )
    tracker = read(BDD)['model']['tracker']
    values = [tracker[key] for key in ('init_min_score', 'match_min_score', 'max_age')]
    assert values == [0.7, 0.3, 9]


def steps_of(pipeline):
    """(share_random_params, type, step) of every step of a pipeline of pairs."""
    return [
        (part['share_random_params'], step['type'], step)
        for part in pipeline
        for step in part['transforms']
    ]


def parts_of(name):
    dataset = read(name)['train_dataloader']['dataset']
    return dataset.get('datasets', [dataset])


@pytest.mark.parametrize('name', OF_MOT)
def test_augmentation_of_mot(name):
    for part in parts_of(name):
        assert part['reference'] == dict(frame_range=10, include_key=False)
        steps = steps_of(part['pipeline'])
        assert [(shared, kind) for shared, kind, _ in steps] == [
            (True, 'LoadImageFromFile'),
            (True, 'LoadTrackAnnotations'),
            (True, 'RandomResize'),
            (True, 'PhotoMetricDistortion'),
            (False, 'RandomCrop'),
            (True, 'RandomFlip'),
            (True, 'PackFrameInputs'),
        ]
        resize, crop, flip = steps[2][2], steps[4][2], steps[5][2]
        assert (resize['scale'], resize['ratio_range']) == ((1088, 1088), (0.8, 1.2))
        assert (resize['keep_ratio'], resize['clip_object_border']) == (True, False)
        assert (crop['crop_size'], crop['bbox_clip_border']) == ((1088, 1088), False)
        assert flip['prob'] == 0.5
    test = read(name)['test_dataloader']['dataset']['pipeline'][1]
    assert test == dict(type='Resize', scale=(1088, 1088), keep_ratio=True)


@pytest.mark.parametrize('name', OF_TAO)
def test_augmentation_of_tao(name):
    balanced = read(name)['train_dataloader']['dataset']
    assert (balanced['type'], balanced['oversample_thr']) == ('ClassBalancedDataset', 1e-3)
    assert balanced['dataset']['reference'] == dict(frame_range=1, include_key=False)
    steps = steps_of(balanced['dataset']['pipeline'])
    assert {shared for shared, _, _ in steps} == {True}
    assert [step for _, kind, step in steps if kind.startswith('Random')] == [
        dict(
            type='RandomChoiceResize',
            scales=[(1333, side) for side in (640, 672, 704, 736, 768, 800)],
            keep_ratio=True,
        ),
        dict(type='RandomFlip', prob=0.5),
    ]
    test = read(name)['test_dataloader']['dataset']['pipeline'][1]
    assert test == dict(type='Resize', scale=(1333, 800), keep_ratio=True)


def files_of(dataset):
    return dataset['data_root'] + dataset['ann_file'], dataset['data_prefix']['img_path']


def test_files_that_each_trains_and_tests_with():
    half, mot17_train = 'data/MOT17/annotations/half-{}_cocoformat.json', 'train/'
    crowdhuman = ('data/crowdhuman/annotations/crowdhuman_train.json', 'train/')
    dancetrack = 'data/DanceTrack/annotations/{}_cocoformat.json'
    mot17 = (half.format('train'), mot17_train)
    assert [files_of(part) for part in parts_of(MOT17)] == [mot17]
    assert [files_of(part) for part in parts_of(CROWDHUMAN)] == [mot17, crowdhuman]
    assert [files_of(part) for part in parts_of(DANCETRACK)] == [
        (dancetrack.format('train'), 'train/')
    ]
    tao = 'data/tao/annotations/{}_482_classes.json'
    assert [files_of(parts_of(name)[0]['dataset']) for name in OF_TAO] == [
        ('data/lvis/annotations/lvisv0.5+coco_train.json', 'coco/train2017/'),
        (tao.format('train'), 'frames/'),
    ]
    tested = {
        MOT17: (half.format('val'), mot17_train),
        CROWDHUMAN: (half.format('val'), mot17_train),
        DANCETRACK: (dancetrack.format('val'), 'val/'),
        LVIS: (tao.format('validation'), 'frames/'),
        TAO: (tao.format('validation'), 'frames/'),
    }
    for name, expected in tested.items():
        config = read(name)
        for phase in ('val', 'test'):
            assert files_of(config[f'{phase}_dataloader']['dataset']) == expected
            metric = config[f'{phase}_evaluator'][0]
            assert metric['ann_file'] == expected[0]
    metrics = [read(name)['val_evaluator'][0]['metric'] for name in OF_TAO]
    assert metrics == [('bbox',), ('track', 'bbox')]


def test_seven_sequences_are_an_option(tmp_path):
    """All three copies count where the published figures are compared with."""
    names = [
        f'MOT17-{video}-{copy_}' for video in ('02', '04') for copy_ in ('DPM', 'FRCNN', 'SDP')
    ]
    images = [
        dict(id=n, video_id=n, frame_id=0, file_name=f'{n}.png', width=8, height=8)
        for n in range(len(names))
    ]
    content = dict(images=images, categories=[dict(id=1, name='pedestrian')])
    content['videos'] = [dict(id=number, name=name) for number, name in enumerate(names)]
    (tmp_path / 'annotations').mkdir()
    (tmp_path / 'annotations' / 'half-val_cocoformat.json').write_text(json.dumps(content))
    found = {}
    for name in (MOT17, CROWDHUMAN, MOT17_FRCNN):
        config = read(name)['test_dataloader']['dataset'] | dict(data_root=str(tmp_path))
        dataset = DATASETS.build(config)
        found[name] = [dataset.get_data_info(n)['video_name'] for n in range(len(dataset))]
    assert found == {MOT17: names, CROWDHUMAN: names, MOT17_FRCNN: [names[1], names[4]]}
    config = read(MOT17_FRCNN)
    assert 'sequences' not in config['val_dataloader']['dataset']
    del config['test_dataloader']['dataset']['sequences']
    assert config == read(MOT17)


# Pipelines, on images of one grey value a frame.


def smaller(pipeline, factor=8):
    """The same with sizes divided by a factor."""
    pipeline = copy.deepcopy(pipeline)
    for part in pipeline:
        for step in part.get('transforms', [part]):
            for key in ('scale', 'crop_size'):
                if key in step:
                    step[key] = tuple(side // factor for side in step[key])
            if 'scales' in step:
                step['scales'] = [tuple(s // factor for s in sides) for sides in step['scales']]
    return pipeline


def write_image(path, value, size=(120, 120)):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((*size[::-1], 3), value, np.uint8))


def corner(sample):
    """Where the first box begins, in the resized image before it was flipped."""
    box = sample.gt_instances.bboxes[0].tolist()
    return (sample.img_shape[1] - box[2] if sample.flip else box[0]), box[1]


def test_pairs_of_mot_are_cut_apart_and_changed_alike(tmp_path):
    """A static image: whatever differs within a pair is the pipeline's."""
    write_image(tmp_path / 'train' / 'Images' / 'a.jpg', 90)
    box = dict(id=1, image_id=1, category_id=1, bbox=[50, 55, 20, 15], iscrowd=0)
    content = dict(
        images=[dict(id=1, file_name='Images/a.jpg', width=120, height=120)],
        annotations=[box, box | dict(id=2, bbox=[20, 60, 30, 30]), box | dict(id=3, iscrowd=1)],
        categories=[dict(id=1, name='pedestrian')],
    )
    (tmp_path / 'annotations').mkdir()
    (tmp_path / 'annotations' / 'crowdhuman_train.json').write_text(json.dumps(content))
    part = parts_of(CROWDHUMAN)[1]
    part.update(data_root=str(tmp_path), pipeline=smaller(part['pipeline']))
    dataset = DATASETS.build(part)
    pairs = [dataset[0] for _ in range(20)]
    scales, flips, cuts = set(), set(), set()
    for item in pairs:
        assert item.keys() == {'inputs', 'data_samples'}
        (key_image, ref_image), (key, ref) = item['inputs'], item['data_samples']
        assert key.gt_instances.instances_id.tolist() == [0, 1]
        assert ref.gt_instances.instances_id.tolist() == [0, 1]
        assert key.gt_instances.labels.tolist() == [0, 0]
        assert len(key.ignored_instances) == len(ref.ignored_instances) == 1
        assert (key.scale_factor, key.flip) == (ref.scale_factor, ref.flip)
        width, height = (120 * factor for factor in key.scale_factor)
        assert 0.8 * 136 - 1 <= height <= 1.2 * 136 + 1
        assert key_image.shape == (3, min(136, round(height)), min(136, round(width)))
        assert key_image.float().mean() == ref_image.float().mean()  # of the same colours
        scales.add(key.scale_factor)
        flips.add(key.flip)
        cuts.add(corner(key) == corner(ref))
    assert len(scales) > 3
    # Below a scale of 1 there is nothing to cut.
    assert flips == cuts == {False, True}


def test_frames_of_mot_are_paired_with_another_within_ten(tmp_path):
    images = [
        dict(id=n, video_id=1, frame_id=n, file_name=f'{n}.png', width=120, height=120)
        for n in range(25)
    ]
    boxes = [
        dict(id=n + 1, image_id=n, category_id=1, bbox=[40, 40, 40, 40], instance_id=0)
        for n in range(25)
    ]
    content = dict(videos=[dict(id=1, name='V')], images=images, annotations=boxes)
    content['categories'] = [dict(id=1, name='pedestrian')]
    (tmp_path / 'annotations').mkdir()
    (tmp_path / 'annotations' / 'half-train_cocoformat.json').write_text(json.dumps(content))
    for n in range(25):
        write_image(tmp_path / 'train' / f'{n}.png', 10 * n)
    part = parts_of(MOT17)[0]
    part.update(data_root=str(tmp_path), pipeline=smaller(part['pipeline']))
    dataset = DATASETS.build(part)
    pairs = [[s.frame_id for s in dataset[12]['data_samples']] for _ in range(60)]
    gaps = {ref - key for key, ref in pairs}
    assert {key for key, _ in pairs} == {12}
    assert min(gaps) >= -10
    assert max(gaps) <= 10
    assert 0 not in gaps
    assert len(gaps) > 10


# LVIS, COCO and TAO: raw files as published, converted by the tools, through the configs.

CLASSES = {2: 'cat', 5: 'dog', 8: 'bird', 11: 'fish', 14: 'cow'}  # fish and cow never occur


def raw_tao(prefix, first, lengths, categories):
    """Videos a second a frame, with one object of each category, whose ids start at 0."""
    content = dict(videos=[], images=[], tracks=[], annotations=[])
    content['categories'] = [dict(id=key, name=name) for key, name in CLASSES.items()]
    for video, length in enumerate(lengths, start=first):
        lists = dict(neg_category_ids=[14], not_exhaustive_category_ids=[])
        content['videos'].append(dict(id=video, name=f'{prefix}/made/v{video}', **lists))
        for category in categories[video - first]:
            track = dict(id=len(content['tracks']), video_id=video, category_id=category)
            content['tracks'].append(track)
        for frame in range(length):
            image = dict(id=100 * video + frame, video_id=video, frame_index=30 * frame)
            image |= dict(file_name=f'{prefix}/made/v{video}/{frame}.jpg', width=96, height=64)
            content['images'].insert(0, image)  # the last frame first
            for track in content['tracks']:
                if track['video_id'] == video:
                    box = [10 + 25 * (track['id'] % 3), 12 + frame, 20, 24]
                    row = dict(id=len(content['annotations']), image_id=image['id'], bbox=box)
                    row |= dict(track_id=track['id'], category_id=track['category_id'], area=480)
                    content['annotations'].append(row | dict(video_id=video, iscrowd=0))
    return content


def raw_image(number, boxes, first):
    """An image and the annotations (category, left) of it, squares of 20."""
    image = dict(id=number, file_name=f'COCO_train2014_{number:012d}.jpg', width=96, height=64)
    rows = []
    for category, left in boxes:
        bounds = [left, 10, left + 20, 10, left + 20, 30, left, 30]
        row = dict(id=first + len(rows), image_id=number, category_id=category, area=400)
        rows.append(row | dict(bbox=[left, 10, 20, 20], segmentation=[bounds], iscrowd=0))
    return image, rows


@pytest.fixture
def tao_root(tmp_path, run_tool_here):
    """``data`` with TAO and LVIS + COCO, converted; two training videos, one to validate."""
    data = tmp_path / 'data'
    for folder in ('tao', 'lvis', 'coco'):
        (data / folder / 'annotations').mkdir(parents=True)
    train = raw_tao('train', 1, [3, 2], [[2, 5], [2, 8]])
    validation = raw_tao('val', 3, [2], [[2, 5]])
    for name, content in (('train', train), ('validation', validation)):
        (data / 'tao' / 'annotations' / f'{name}.json').write_text(json.dumps(content))
        for image in content['images']:
            write_image(data / 'tao' / 'frames' / image['file_name'], 80, (96, 64))
    # Three images of LVIS with cats, the last with a fish, too; COCO knows a dog in the first.
    lvis = [
        raw_image(7, [(2, 0)], 1),
        raw_image(8, [(2, 0)], 2),
        raw_image(9, [(2, 0), (8, 40)], 3),
    ]
    coco = [raw_image(7, [(17, 1), (18, 60)], 1)]
    named = [dict(id=k, name=name, synset=f'{name}.n.01') for k, name in CLASSES.items()]
    tables = dict(
        lvis=(lvis, named), coco=(coco, [dict(id=17, name='cat'), dict(id=18, name='dog')])
    )
    for folder, (rows, categories) in tables.items():
        content = dict(categories=categories, images=[image for image, _ in rows])
        content['annotations'] = [row for _, several in rows for row in several]
        (data / folder / 'annotations' / 'train.json').write_text(json.dumps(content))
    (data / 'mapping.json').write_text(
        json.dumps({name: dict(synset=f'{name}.n.01') for name in ('cat', 'dog')})
    )
    for number in (7, 8, 9):
        write_image(data / 'coco' / 'train2017' / f'{number:012d}.jpg', 80, (96, 64))
    converters = 'dataset_converters/'
    folder = data / 'tao' / 'annotations'
    assert run_tool_here(f'{converters}tao2coco.py', '-i', data / 'tao', '-o', folder)[0] == 0
    merged = data / 'lvis' / 'annotations' / 'lvisv0.5+coco_train.json'
    files = [('lvis', merged.with_name('train.json')), ('out', merged)]
    files += [('coco', data / 'coco/annotations/train.json'), ('mapping', data / 'mapping.json')]
    arguments = [text for name, path in files for text in (f'--{name}', path)]
    assert run_tool_here(f'{converters}lvis_coco_merge.py', *arguments)[0] == 0
    return data


def with_root(dataset, data):
    """A dataset of a config with data elsewhere, three classes and small images."""
    dataset = copy.deepcopy(dataset)
    inner = dataset.get('dataset', dataset)
    inner['data_root'] = inner['data_root'].replace('data/', f'{data}/', 1)
    inner['ann_file'] = inner['ann_file'].replace('482', '3')
    inner['pipeline'] = smaller(inner['pipeline'])
    return dataset


def test_lvis_and_coco_through_the_config(tao_root):
    config = with_root(read(LVIS)['train_dataloader']['dataset'], tao_root)
    config['oversample_thr'] = 0.75
    dataset = DATASETS.build(config)
    assert dataset.metainfo['classes'] == ('cat', 'dog', 'bird')
    # Of three images one has the dog of COCO and one the bird: factors sqrt(0.75 * 3) = 1.5, so 2.
    assert dataset.repeat_indices == [0, 0, 1, 2, 2]
    sampler = FrameSampler(dataset, seed=0)
    assert sorted(sampler) == [0, 1, 2, 3, 4]
    seen = []
    for number in range(5):
        key, ref = dataset[number]['data_samples']
        assert (key.img_id, key.flip, key.scale_factor) == (ref.img_id, ref.flip, ref.scale_factor)
        assert key.gt_instances.instances_id.tolist() == [0, 1][: len(key.gt_instances)]
        seen.append((key.img_id, key.gt_instances.labels.tolist()))
    # The cat of COCO at the cat of LVIS has an IoU of 0.905 with it, and is left out.
    assert seen == [(7, [0, 1])] * 2 + [(8, [0])] + [(9, [0, 2])] * 2


def test_tao_through_the_config(tao_root):
    config = with_root(read(TAO)['train_dataloader']['dataset'], tao_root)
    dataset = DATASETS.build(config)
    assert dataset.repeat_indices == [0, 1, 2, 3, 4]  # no class is as rare as 1 in 1000
    loader = dict(
        batch_size=5,
        num_workers=0,
        sampler=dict(type='FrameSampler', shuffle=False),
        dataset=dataset,
    )
    batch = next(iter(Runner.build_dataloader(loader, seed=0)))
    keys, refs = batch['data_samples']
    frames = [
        (key.video_name, key.frame_id, ref.frame_id) for key, ref in zip(keys, refs, strict=1)
    ]
    gaps = {ref - key for _, key, ref in frames}
    assert gaps == {-1, 1}
    assert [frame[:2] for frame in frames] == [
        *(('train-made-v1', frame) for frame in range(3)),
        *(('train-made-v2', frame) for frame in range(2)),
    ]
    for key, ref in zip(keys, refs, strict=True):
        assert key.video_name == ref.video_name
        assert key.scale_factor == ref.scale_factor
        assert key.gt_instances.instances_id.tolist() == ref.gt_instances.instances_id.tolist()
        assert len(key.gt_instances) == 2
    assert keys[0].gt_instances.instances_id.tolist() == [0, 1]
    assert keys[0].gt_instances.labels.tolist() == [0, 1]
    assert keys[3].gt_instances.instances_id.tolist() == [2, 3]
    assert keys[3].gt_instances.labels.tolist() == [0, 2]


def test_missing_data_names_folder_converter_and_a_config_without(tmp_path, run_tool_here):
    status, _, error = run_tool_here('train.py', path_of(MOT17), '--work-dir', tmp_path / 'run')
    assert status == 2
    assert error.count('\n') == 1
    for part in (
        'data/MOT17, a folder that is missing',
        'mot2coco.py -i data/MOT17 -o data/MOT17/annotations --split-train',
        'configs/qdtrack/qdtrack_faster-rcnn_r18_synthmot.py',
    ):
        assert part in error
