"""Conversion of CrowdHuman."""

from __future__ import annotations

import importlib.util
import json
import sys

import cv2
import numpy as np
import pytest

from mmtrack_ext.datasets.mot_video import MOTVideoDataset


@pytest.fixture
def convert(root, monkeypatch, capsys):
    path = root / 'tools' / 'dataset_converters' / 'crowdhuman2coco.py'
    spec = importlib.util.spec_from_file_location('crowdhuman2coco', path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(sys, 'path', list(sys.path))
    spec.loader.exec_module(module)

    def run(source, target):
        monkeypatch.setattr(
            sys, 'argv', ['crowdhuman2coco.py', '-i', str(source), '-o', str(target)]
        )
        module.main()
        return capsys.readouterr().out

    return run


def person(full, visible, tag='person', **extra):
    return dict(tag=tag, fbox=full, vbox=visible, hbox=[0, 0, 1, 1], head_attr={}, extra=extra)


def save(folder, entries, split='train'):
    folder.mkdir(exist_ok=True)
    text = ''.join(json.dumps(entry) + '\n' for entry in entries)
    (folder / f'annotation_{split}.odgt').write_text(text)


FIRST = dict(
    ID='273271,1a0d6000b9e1f5b7',
    gtboxes=[
        person([-4, 2, 10, 20], [0, 2, 6, 10], box_id=0, occ=1),
        person([5, 5, 4, 4], [5, 5, 4, 4], tag='mask'),
        person([6, 6, 4, 4], [6, 6, 4, 4], ignore=1),
        person([7, 7, 4, 4], [7, 7, 4, 4], ignore=0),
    ],
)


def test_boxes_people_and_what_is_ignored(tmp_path, convert):
    save(tmp_path / 'in', [FIRST, dict(ID='b', gtboxes=[person([1, 2, 3, 4], [1, 2, 3, 4])])])
    folder = tmp_path / 'in' / 'train' / 'Images'
    folder.mkdir(parents=True)
    cv2.imwrite(str(folder / '273271,1a0d6000b9e1f5b7.jpg'), np.zeros((24, 32, 3), np.uint8))
    cv2.imwrite(str(folder / 'b.jpg'), np.zeros((10, 20, 3), np.uint8))
    printed = convert(tmp_path / 'in', tmp_path / 'out')
    assert '2 images, 3 people, 2 ignored; wrote' in printed
    path = tmp_path / 'out' / 'crowdhuman_train.json'
    content = json.loads(path.read_text())
    assert content['categories'] == [dict(id=1, name='pedestrian')]
    name = 'Images/273271,1a0d6000b9e1f5b7.jpg'
    assert content['images'][0] == dict(id=1, file_name=name, width=32, height=24)
    assert content['annotations'][0] == dict(
        id=1,
        image_id=1,
        category_id=1,
        bbox=[-4, 2, 10, 20],
        area=200,
        iscrowd=0,
        visibility=0.3,  # 6 x 10 of 10 x 20
        vis_bbox=[0, 2, 6, 10],
        instance_id=0,
    )
    assert [row['iscrowd'] for row in content['annotations']] == [0, 1, 1, 0, 0]
    assert [row['instance_id'] for row in content['annotations']] == [0, 1, 2, 3, 4]
    assert content['annotations'][4]['image_id'] == 2

    pipeline = [dict(type='LoadImageFromFile'), dict(type='PackFrameInputs')]
    root = str(tmp_path / 'in' / 'train')
    dataset = MOTVideoDataset(str(path), data_root=root, pipeline=pipeline)
    assert [dataset[n]['data_samples'].video_length for n in (0, 1)] == [1, 1]
    assert dataset[1]['inputs'].shape == (3, 10, 20)
    flags = [instance['ignore_flag'] for instance in dataset.get_data_info(0)['instances']]
    assert flags == [0, 1, 1, 0]


def test_size_from_the_odgt_without_images(tmp_path, convert):
    save(tmp_path / 'in', [dict(ID='a', gtboxes=[], width=40, height=30)], split='val')
    convert(tmp_path / 'in', tmp_path / 'out')
    assert [path.name for path in (tmp_path / 'out').iterdir()] == ['crowdhuman_val.json']
    content = json.loads((tmp_path / 'out' / 'crowdhuman_val.json').read_text())
    assert content['images'] == [dict(id=1, file_name='Images/a.jpg', width=40, height=30)]


@pytest.mark.parametrize(
    ('line', 'problem'),
    [
        ('{"ID": "a", "gtboxes": []}', r'there is no image \S*train/Images/a\.jpg to measure'),
        ('{"ID": "a", "width": 4, "height": 3}', "'gtboxes' is missing"),
        ('{"ID": "a", "width": 4, "height": 3, "gtboxes": [{"tag": "person"}]}', "'fbox' is miss"),
        ('{"ID": ', 'Expecting value'),
    ],
)
def test_a_broken_line_is_named(tmp_path, convert, line, problem):
    first = json.dumps(dict(ID='a', gtboxes=[], width=40, height=30))
    (tmp_path / 'annotation_train.odgt').write_text(f'{first}\n{line}\n')
    with pytest.raises(ValueError, match=problem) as error:
        convert(tmp_path, tmp_path / 'out')
    assert str(error.value).startswith(f'{tmp_path}/annotation_train.odgt, line 2: ')
    assert '\n' not in str(error.value)
    assert not (tmp_path / 'out').exists()


def test_wrong_folder(tmp_path, convert):
    with pytest.raises(
        ValueError, match=r'expected annotation_train\.odgt or annotation_val\.odgt'
    ):
        convert(tmp_path, tmp_path / 'out')
