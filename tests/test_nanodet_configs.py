"""The configs of NanoDet against the published recipes, and their data against a tiny COCO."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import PARAM_SCHEDULERS

from mmtrack_ext.registry import DATASETS, MODELS
from mmtrack_ext.utils.config import read_config
from mmtrack_ext.utils.register_all_modules import register_all_modules

FOLDER = Path(__file__).parents[1] / 'configs' / 'nanodet'
# mmdet, mmcv and torch warn of their own parts.
pytestmark = pytest.mark.filterwarnings('default')


class Row(NamedTuple):
    """A training of https://github.com/RangiLyu/nanodet."""

    mean_ap: str  # published, COCO val2017
    size: int
    ratio_range: tuple
    rate: float
    batch: int
    warmup: tuple  # steps, first factor
    epochs: int
    milestones: tuple = ()  # none: cosine
    val_interval: int = 10


LATE = (240, 260, 275)
LITE0, LITE1 = (140, 170, 180, 185), (130, 150, 160, 165)
ROWS = {
    'plus-m_320': Row('27.0', 320, (0.6, 1.4), 1e-3, 96, (500, 1e-4), 300),
    'plus-m_416': Row('30.4', 416, (0.6, 1.4), 1e-3, 96, (500, 1e-4), 300),
    'plus-m-1.5x_320': Row('29.9', 320, (0.6, 1.4), 1e-3, 96, (500, 1e-4), 300),
    'plus-m-1.5x_416': Row('34.1', 416, (0.6, 1.4), 1e-3, 96, (500, 1e-4), 300),
    'm_320': Row('20.6', 320, (0.6, 1.4), 0.14, 192, (300, 0.1), 280, LATE),
    'm_416': Row('23.5', 416, (0.5, 1.4), 0.14, 192, (300, 0.1), 280, LATE),
    'm-0.5x_320': Row('13.5', 320, (0.5, 1.5), 0.07, 96, (1000, 1e-5), 180, (130, 160, 175)),
    'm-1.5x_320': Row('23.5', 320, (0.6, 1.4), 0.14, 192, (300, 0.1), 280, LATE),
    'm-1.5x_416': Row('26.8', 416, (0.5, 1.4), 0.14, 176, (300, 0.1), 280, LATE),
    't_320': Row('21.7', 320, (0.6, 1.4), 0.14, 160, (500, 0.01), 190, LITE0),
    'g_416': Row('22.9', 416, (0.6, 1.4), 0.10, 128, (500, 0.01), 190, (130, 160, 175, 185), 5),
    'efficientlite0_320': Row('24.7', 320, (0.6, 1.4), 0.15, 150, (500, 0.01), 190, LITE0, 1),
    'efficientlite1_416': Row('30.3', 416, (0.5, 1.5), 0.07, 100, (500, 0.01), 170, LITE1, 5),
    'efficientlite2_512': Row(
        '32.6', 512, (0.5, 1.5), 0.06, 60, (300, 0.1), 135, (90, 110, 120, 130), 5
    ),
    'repvgg-a0_416': Row('27.8', 416, (0.5, 1.5), 0.07, 100, (500, 0.01), 170, LITE1, 5),
}
PLUS = [name for name in ROWS if name.startswith('plus')]
OF_PERSONS = {  # epochs, most boxes of an image
    'crowdhuman-mot17-half': (100, 100),
    'mot20': (50, 300),
    'dancetrack': (20, 100),
}


def coco_config(name):
    return read_config(FOLDER / f'nanodet-{name}_coco.py')


def steps_of(pipeline):
    return {step['type']: step for step in pipeline}


def test_every_row_has_a_config():
    names = {path.stem for path in FOLDER.glob('*_coco.py')}
    assert names == {f'nanodet-{name}_coco' for name in ROWS}


@pytest.mark.parametrize('name', ROWS)
def test_recipe(name):
    row, config, is_plus = ROWS[name], coco_config(name), name in PLUS
    assert config['train_cfg']['max_epochs'] == row.epochs
    assert config['train_cfg']['val_interval'] == row.val_interval
    assert config['train_dataloader']['batch_size'] == row.batch
    assert config['auto_scale_lr'] == dict(enable=False, base_batch_size=row.batch)
    wrapper = config['optim_wrapper']
    others = (
        dict(type='AdamW', weight_decay=0.05)
        if is_plus
        else dict(type='SGD', momentum=0.9, weight_decay=1e-4)
    )
    assert wrapper['optimizer'] == dict(lr=row.rate, **others)
    assert wrapper.get('clip_grad') == (dict(max_norm=35) if is_plus else None)
    steps, factor = row.warmup
    warmup, decay = config['param_scheduler']
    assert warmup == dict(type='LinearLR', start_factor=factor, by_epoch=False, begin=0, end=steps)
    if is_plus:
        expected = dict(type='CosineAnnealingLR', T_max=300, eta_min=5e-5, by_epoch=True)
    else:
        expected = dict(
            type='MultiStepLR', milestones=list(row.milestones), gamma=0.1, by_epoch=True
        )
    assert decay == expected
    hooks = [hook['type'] for hook in config['custom_hooks']]
    assert hooks == (['EMAHook'] if is_plus else [])


@pytest.mark.parametrize('name', ROWS)
def test_augmentation(name):
    row, config, is_plus = ROWS[name], coco_config(name), name in PLUS
    size = (row.size, row.size)
    steps = steps_of(config['train_dataloader']['dataset']['pipeline'])
    expected = dict(scale=size, keep_ratio=not is_plus, ratio_range=row.ratio_range)
    expected |= dict(type='RandomWarp', flip_prob=0.5, max_translate_ratio=0.2)
    if is_plus:
        expected['stretch_range'] = ((0.8, 1.2), (0.8, 1.2))
    assert steps['RandomWarp'] == expected
    narrow = name == 't_320'
    assert steps['NanoDetColor'] == dict(
        type='NanoDetColor',
        brightness=0.2,
        contrast=(0.8, 1.2) if narrow else (0.6, 1.4),
        saturation=(0.8, 1.2) if narrow else (0.5, 1.2),
    )
    for loader in ('val_dataloader', 'test_dataloader'):
        steps = steps_of(config[loader]['dataset']['pipeline'])
        expected = dict(type='WarpResize', scale=size, keep_ratio=not is_plus)
        assert steps['WarpResize'] == expected


@pytest.mark.parametrize('name', ROWS)
def test_model_and_header(name):
    config = coco_config(name)
    model = config['model']
    assert model['bbox_head']['num_classes'] == 80
    processor = model['data_preprocessor']
    if 'lite' in name:
        assert (processor['mean'], processor['std']) == ([127.0] * 3, [128.0] * 3)
    else:
        assert processor['mean'] == [103.53, 116.28, 123.675]
        assert processor['std'] == [57.375, 57.12, 58.395]
    assert not processor['bgr_to_rgb']
    assert processor['pad_size_divisor'] == (320 if name == 't_320' else 32)
    cfg = model['test_cfg']
    assert (cfg['score_thr'], cfg['nms'], cfg['max_per_img']) == (
        *(0.05, dict(type='nms', iou_threshold=0.6), 100),
    )
    starts = 'init_cfg' in model['backbone']
    assert starts == (name not in ('g_416', 'repvgg-a0_416'))
    header = (FOLDER / f'nanodet-{name}_coco.py').read_text(encoding='utf-8').split('_base_')[0]
    assert re.findall(r'mAP (\d+\.\d)', header) == [ROWS[name].mean_ap]
    assert f'{ROWS[name].size} x {ROWS[name].size}' in header


@pytest.fixture(scope='module')
def coco_root(tmp_path_factory):
    """One image of 160 x 120 with a person, a crowd and a bicycle, and one of nothing."""
    register_all_modules()
    root = tmp_path_factory.mktemp('coco')
    annotations = [
        dict(id=1, image_id=7, category_id=1, bbox=[60, 40, 40, 50], area=2000, iscrowd=0),
        dict(id=2, image_id=7, category_id=1, bbox=[50, 30, 60, 60], area=3600, iscrowd=1),
        dict(id=3, image_id=7, category_id=2, bbox=[70, 50, 30, 30], area=900, iscrowd=0),
        dict(id=4, image_id=7, category_id=2, bbox=[70, 50, 0.5, 30], area=15, iscrowd=0),
    ]
    content = dict(
        images=[dict(id=n, file_name=f'{n}.jpg', width=160, height=120) for n in (7, 8)],
        categories=[dict(id=1, name='person'), dict(id=2, name='bicycle')],
        annotations=annotations,
    )
    (root / 'annotations').mkdir()
    for split in ('train2017', 'val2017'):
        (root / split).mkdir()
        for number in (7, 8):
            cv2.imwrite(str(root / split / f'{number}.jpg'), np.full((120, 160, 3), 90, np.uint8))
        path = root / 'annotations' / f'instances_{split}.json'
        path.write_text(json.dumps(content))
    return root


@pytest.mark.parametrize('name', ROWS)
def test_pipelines_on_a_tiny_coco(coco_root, name):
    config, size = coco_config(name), ROWS[name].size
    shape = (size, size) if name in PLUS else (size * 3 // 4, size)
    train, test = (
        DATASETS.build(dict(config[loader]['dataset'], data_root=str(coco_root)))
        for loader in ('train_dataloader', 'test_dataloader')
    )
    assert len(train) == 2  # images without objects are kept
    item = train[0]
    assert item['inputs'].shape == (3, *shape)
    assert item['inputs'].dtype == torch.float32
    found = item['data_samples']
    assert found.gt_instances.labels.tolist() == [0, 1]  # the last box is under a pixel
    assert len(found.ignored_instances) == 1
    boxes = found.gt_instances.bboxes
    assert (boxes.tensor[:, 2:] <= torch.tensor([shape[1], shape[0]])).all()
    assert len(train[1]['data_samples'].gt_instances) == 0
    item = test[0]
    assert item['inputs'].shape == (3, *shape)
    sample = item['data_samples']
    assert (sample.img_id, sample.ori_shape, sample.img_shape) == (7, (120, 160), shape)
    assert sample.scale_factor == (shape[1] / 160, shape[0] / 120)


def test_batches_of_nanodet_t_are_always_as_large_as_its_positions():
    register_all_modules()
    processor = MODELS.build(coco_config('t_320')['model']['data_preprocessor'])
    images = [torch.full((3, 240, 320), 103.53), torch.full((3, 100, 100), 103.53)]
    batch = processor(dict(inputs=images, data_samples=None))['inputs']
    assert batch.shape == (2, 3, 320, 320)
    assert batch[0, 0].abs().max() < 1e-6  # as dark as the mean, and padded with nothing else
    assert batch[0, 2, 240:].abs().max() == 0


def rates(name, iterations, epochs):
    """The learning rate before each of the first iterations, then in each of these epochs."""
    config = coco_config(name)
    parameter = torch.nn.Parameter(torch.zeros(1))
    rate = config['optim_wrapper']['optimizer']['lr']
    optimizer = torch.optim.SGD([parameter], lr=rate)
    warmup, decay = (
        PARAM_SCHEDULERS.build(dict(options, optimizer=optimizer))
        for options in config['param_scheduler']
    )
    found = []
    for _ in range(iterations):
        found.append(optimizer.param_groups[0]['lr'])
        warmup.step()
    of_epochs = [optimizer.param_groups[0]['lr']]
    for _ in range(epochs):
        decay.step()
        of_epochs.append(optimizer.param_groups[0]['lr'])
    return found, of_epochs


def test_learning_rate_of_the_plus():
    first, epochs = rates('plus-m_416', 600, 300)
    assert first[0] == pytest.approx(1e-7)
    assert first[499] == pytest.approx(1e-3)
    assert first[-1] == pytest.approx(1e-3)
    for epoch in (0, 1, 75, 150, 299, 300):
        cosine = 5e-5 + (1e-3 - 5e-5) * (1 + math.cos(math.pi * epoch / 300)) / 2
        assert epochs[epoch] == pytest.approx(cosine, rel=1e-4)


def test_learning_rate_of_a_legacy_model():
    first, epochs = rates('m-0.5x_320', 1100, 180)
    assert first[0] == pytest.approx(7e-7)
    assert first[-1] == pytest.approx(0.07)
    found = [epochs[epoch] for epoch in (129, 130, 159, 160, 174, 175, 179)]
    assert found == pytest.approx([0.07, 7e-3, 7e-3, 7e-4, 7e-4, 7e-5, 7e-5])


def test_average_of_weights():
    """The second update takes 0.9998 * exp(-2 / 2000) + 0.0002 of the new, buffers too."""
    register_all_modules()
    (hook,) = coco_config('plus-m_416')['custom_hooks']
    options = {key: value for key, value in hook.items() if key not in ('type', 'priority')}
    model = torch.nn.BatchNorm1d(1)
    average = MODELS.build(dict(type=options.pop('ema_type'), model=model, **options))
    torch.nn.init.zeros_(model.weight)
    average.update_parameters(model)
    torch.nn.init.ones_(model.weight)
    model.running_mean.fill_(10)
    average.update_parameters(model)
    share = 0.9998 * math.exp(-2 / 2000) + 0.0002
    assert average.module.weight.item() == pytest.approx(share, rel=1e-6)
    assert average.module.running_mean.item() == pytest.approx(10 * share, rel=1e-6)


@pytest.mark.parametrize('name', OF_PERSONS)
def test_configs_of_persons(name):
    epochs, most = OF_PERSONS[name]
    config = read_config(FOLDER / f'nanodet-plus-m_416_{name}.py')
    assert config['model']['bbox_head']['num_classes'] == 1
    assert config['model']['test_cfg']['max_per_img'] == most
    assert config['train_cfg']['max_epochs'] == epochs
    assert config['param_scheduler'][1]['T_max'] == epochs
    assert config['optim_wrapper'] == coco_config('plus-m_416')['optim_wrapper']
    assert config['custom_hooks'] == coco_config('plus-m_416')['custom_hooks']
    for loader in ('train_dataloader', 'test_dataloader'):
        dataset = config[loader]['dataset']
        for part in dataset.get('datasets', [dataset]):
            of_coco = coco_config('plus-m_416')[loader]['dataset']
            assert part['pipeline'] == of_coco['pipeline']
            assert part['metainfo'] == dict(classes=('pedestrian',))
