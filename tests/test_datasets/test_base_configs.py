"""Shipped configs of datasets: they load without torch, and their pipelines run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from mmtrack_ext.registry import DATASETS

CONFIGS = Path(__file__).parents[2] / 'configs' / '_base_' / 'datasets'
NAMES = sorted(path.name for path in CONFIGS.glob('*.py'))
DETECTION_CONFIGS = [name for name in NAMES if name.startswith('detections')]
TEST_CONFIGS = [name for name in NAMES if name.endswith('_test.py')]
IMAGE_CONFIGS = ['coco_nanodet.py', 'coco_nanodet_legacy.py']  # see tests/test_nanodet_configs.py
VIDEO_CONFIGS = [
    name for name in NAMES if name not in DETECTION_CONFIGS + TEST_CONFIGS + IMAGE_CONFIGS
]
# Of these folders each chooses its own.
FOLDERS = ('MOT17-02-DPM', 'MOT17-02-FRCNN', 'MOT17-02-SDP', 'MOT17-04-FRCNN')
SPLITS = {  # of each config: annotation file and image folder to train and to test with
    'crowdhuman_mot17_half.py': ('half-train', 'train', 'half-val', 'train'),  # and CrowdHuman
    'dancetrack.py': ('train', 'train', 'val', 'val'),
    'mot17_half.py': ('half-train', 'train', 'half-val', 'train'),
    'mot20_half.py': ('half-train', 'train', 'half-val', 'train'),
    'synthmot.py': ('train', 'train', 'val', 'val'),
}


def test_configs_load_with_networks_blocked():
    program = (
        'import sys\n'
        'for name in ("torch", "mmdet", "mmcv"):\n'
        '    sys.modules[name] = None\n'
        'from mmengine.config import Config\n'
        'print(len([Config.fromfile(path) for path in sys.argv[1:]]))\n'
    )
    paths = [str(path) for path in sorted(CONFIGS.glob('*.py'))]
    command = [sys.executable, '-c', program, *paths]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.stdout == f'{len(paths)}\n', finished.stderr


def test_every_config_is_checked_below():
    assert sorted(SPLITS) == VIDEO_CONFIGS


def datasets_of(loader):
    """The dataset of a loader, or those that it joins."""
    return loader.dataset.get('datasets', [loader.dataset])


@pytest.mark.parametrize('name', VIDEO_CONFIGS)
def test_files_are_those_that_the_converter_writes(name):
    config = Config.fromfile(CONFIGS / name)
    train, train_images, test, test_images = SPLITS[name]
    for loader, split, images in (
        (config.train_dataloader, train, train_images),
        (config.val_dataloader, test, test_images),
        (config.test_dataloader, test, test_images),
    ):
        dataset = DATASETS.build(dict(datasets_of(loader)[-1], lazy_init=True))
        assert dataset.ann_file == f'{config.data_root}annotations/{split}_cocoformat.json'
        assert dataset.data_prefix == dict(img_path=f'{config.data_root}{images}/')
    assert config.val_evaluator[0].ann_file.endswith(f'/annotations/{test}_cocoformat.json')
    assert config.val_dataloader.sampler.type == 'VideoSampler'
    assert config.val_dataloader.dataset.test_mode


def test_crowdhuman_comes_before_mot17():
    *parts, _ = datasets_of(Config.fromfile(CONFIGS / 'crowdhuman_mot17_half.py').train_dataloader)
    datasets = [DATASETS.build(dict(part, lazy_init=True)) for part in parts]
    for dataset, split in zip(datasets, ('train', 'val'), strict=True):
        assert dataset.ann_file == f'data/crowdhuman/annotations/crowdhuman_{split}.json'
        assert dataset.data_prefix == dict(img_path=f'data/crowdhuman/{split}/')


@pytest.mark.parametrize('name', VIDEO_CONFIGS)
def test_batches_of_every_config(tmp_path, coco_video, annotation, name):
    """One video of two frames of 192 x 108 pixels."""
    boxes = [annotation(n, n, [20, 20, 100, 60]) for n in (1, 2)]
    content = coco_video([2], boxes)
    for image in content['images']:
        image.update(width=192, height=108)
    config = Config.fromfile(CONFIGS / name)
    for loader in (config.train_dataloader, config.val_dataloader):
        for dataset in datasets_of(loader):
            dataset.data_root = str(tmp_path)
            path = tmp_path / dataset.ann_file
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(content))
            for image in content['images']:
                path = tmp_path / dataset.data_prefix.img_path / image['file_name']
                path.parent.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(path), np.zeros((108, 192, 3), np.uint8))
        loader.update(num_workers=0, persistent_workers=False)
        loader.dataset._scope_ = loader.sampler._scope_ = 'mmtrack_ext'
    width, height = config.img_scale
    frames = 2 * len(datasets_of(config.train_dataloader))
    config.train_dataloader.batch_size = frames
    train = next(iter(Runner.build_dataloader(config.train_dataloader, seed=0)))
    assert len(train['inputs']) == frames
    for image, sample in zip(train['inputs'], train['data_samples'], strict=True):
        assert image.shape[1] <= height
        assert image.shape[2] <= width
        assert len(sample.gt_instances.bboxes) <= 1
    frames = [
        (image, sample)
        for batch in Runner.build_dataloader(config.val_dataloader, seed=0)
        for image, sample in zip(batch['inputs'], batch['data_samples'], strict=True)
    ]
    assert [sample.frame_id for _, sample in frames] == [0, 1]
    for image, sample in frames:
        assert max(image.shape[1] / height, image.shape[2] / width) == 1
        assert sample.ori_shape == (108, 192)
        assert image.shape[1:] == sample.img_shape


def first_batches(config, root, **changes):
    """What the test loader of a config gives, from sequences in ``root``."""
    loader = config.test_dataloader
    loader.update(num_workers=0, persistent_workers=False)
    loader.dataset.update(data_root=str(root), **changes)
    loader.dataset._scope_ = loader.sampler._scope_ = 'mmtrack_ext'
    return list(Runner.build_dataloader(loader, seed=0))


@pytest.mark.parametrize('name', TEST_CONFIGS)
def test_images_of_sequences(tmp_path, make_sequence, name):
    for folder in FOLDERS:
        make_sequence(folder, 2, images=True)
    batches = first_batches(Config.fromfile(CONFIGS / name), tmp_path)
    samples = [sample for batch in batches for sample in batch['data_samples']]
    wanted = [folder for folder in FOLDERS if name != 'mot17_frcnn_test.py' or 'FRCNN' in folder]
    assert [sample.video_name for sample in samples] == [f for f in wanted for _ in range(2)]
    assert [sample.frame_id for sample in samples] == [0, 1] * len(wanted)
    assert batches[1]['inputs'][0].shape == (3, 24, 32)
    assert batches[1]['inputs'][0].float().mean() == pytest.approx(20, abs=1)  # the second frame's


@pytest.mark.parametrize('name', DETECTION_CONFIGS)
def test_detections_of_sequences(tmp_path, make_sequence, name):
    for folder in FOLDERS:
        make_sequence(folder, 5, root=tmp_path / 'sequences')
        text = ''.join(f'{t},-1,{t},2,3,4,0.5,-1,-1,-1\n' for t in range(1, 6))
        (tmp_path / 'detections').mkdir(exist_ok=True)
        (tmp_path / 'detections' / f'{folder}.txt').write_text(text)
    config = Config.fromfile(CONFIGS / name)
    steps = config.test_dataloader.dataset.pipeline
    steps[0].path = str(tmp_path / 'detections')
    batches = first_batches(config, tmp_path / 'sequences', pipeline=steps)
    samples = [sample for batch in batches for sample in batch['data_samples']]
    wanted = [f for f in FOLDERS if not name.startswith('detections_mot17') or 'FRCNN' in f]
    frames = [4, 5] if name == 'detections_mot17_half.py' else [1, 2, 3, 4, 5]  # after 5 // 2 + 1
    assert [sample.video_name for sample in samples] == [f for f in wanted for _ in frames]
    lefts = [sample.detections.boxes[0, 0] for sample in samples]
    assert lefts == frames * len(wanted)
