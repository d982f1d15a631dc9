"""MOTVideoDataset: exact items, wrappers, errors."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from mmengine.dataset import ClassBalancedDataset, ConcatDataset, RepeatDataset
from mmengine.registry import DefaultScope

from mmtrack_ext.datasets.mot_video import MOTVideoDataset
from mmtrack_ext.registry import DATASETS


def frames(dataset):
    return [
        (item['video_name'], item['frame_id'])
        for item in (dataset.get_data_info(number) for number in range(len(dataset)))
    ]


def test_item_is_what_the_file_says(annotation, make_dataset):
    box = annotation(1, 2, [2.5, 3.25, 4, 6], mot_instance_id=7)
    dataset = make_dataset([3], [box], data_root='/data/MOT', data_prefix=dict(img_path='train/'))
    assert len(dataset) == 3
    assert dataset.get_data_info(1) == dict(
        img_id=2,
        img_path='/data/MOT/train/V1/img1/000002.jpg',
        prev_img_path='/data/MOT/train/V1/img1/000001.jpg',
        width=32,
        height=24,
        video_id=1,
        video_name='V1',
        video_length=3,
        frame_rate=25,
        frame_id=1,
        mot_frame_id=12,
        sample_idx=1,
        instances=[
            dict(
                bbox=[2.5, 3.25, 6.5, 9.25],
                bbox_label=0,
                ignore_flag=0,
                instance_id=0,
                visibility=1.0,
            )
        ],
    )
    assert dataset.get_data_info(0)['instances'] == []


def test_frames_stand_in_order_whatever_the_order_of_the_file(coco_video, save):
    content = coco_video([2, 3])
    content['images'] = content['images'][::-1]
    dataset = MOTVideoDataset(save(content))
    assert frames(dataset) == [('V2', 0), ('V2', 1), ('V2', 2), ('V1', 0), ('V1', 1)]
    assert dataset.video_frames(3) == [3, 4]
    assert dataset.video_frames(1) == [0, 1, 2]


def test_labels_follow_the_names_asked_for(annotation, coco_video, save):
    boxes = [annotation(n, 1, [n, 1, 5, 5]) | dict(category_id=n) for n in (1, 2, 3)]
    path = save(coco_video([1], boxes, ('person', 'car', 'bicycle')))
    dataset = MOTVideoDataset(path, metainfo=dict(classes=('bicycle', 'person')))
    labels = [(i['bbox'][0], i['bbox_label']) for i in dataset.get_data_info(0)['instances']]
    assert labels == [(1, 1), (3, 0)]


@pytest.mark.parametrize(
    ('bbox', 'kept'),
    [
        ([-3, -4, 10, 10], True),
        ([-10, 2, 10, 10], False),
        ([32, 2, 5, 5], False),
        ([31, 23, 5, 5], True),
        ([2, 24, 5, 5], False),
        ([2, 2, 0.9, 5], False),
        ([2, 2, 5, 0], False),
        ([2, 2, 1, 1], True),
    ],
)
def test_boxes_outside_or_under_a_pixel_are_dropped_and_others_not_clipped(
    annotation, make_dataset, bbox, kept
):
    instances = make_dataset([1], [annotation(1, 1, bbox)]).get_data_info(0)['instances']
    left, top, width, height = bbox
    assert [i['bbox'] for i in instances] == [[left, top, left + width, top + height]] * kept


def test_crowds_and_barely_visible_targets_are_ignored(annotation, make_dataset):
    boxes = [
        annotation(1, 1, [1, 1, 5, 5]) | dict(visibility=0.2),
        annotation(2, 1, [2, 1, 5, 5]) | dict(visibility=0.1),
        annotation(3, 1, [3, 1, 5, 5]) | dict(iscrowd=1),
        annotation(4, 1, [4, 1, 5, 5]) | dict(ignore=True),
    ]

    def flags(**options):
        instances = make_dataset([1], boxes, **options).get_data_info(0)['instances']
        return [(i['bbox'][0], i['ignore_flag']) for i in instances]

    assert flags() == [(1, 0), (2, 0), (3, 1)]
    assert flags(min_visibility=0.2) == [(1, 0), (2, 1), (3, 1)]
    assert flags(min_visibility=0.2, test_mode=True) == [(1, 0), (2, 0), (3, 1)]


def test_identity_zero_is_one(annotation, make_dataset):
    boxes = [annotation(1, 1, [1, 1, 5, 5]), annotation(2, 1, [9, 1, 5, 5])]
    instances = make_dataset([1], boxes).get_data_info(0)['instances']
    assert [i['instance_id'] for i in instances] == [0, 1]


def test_filters_work_in_training_only(annotation, make_dataset):
    boxes = [
        annotation(1, 2, [1, 1, 5, 5]),
        annotation(2, 3, [1, 1, 5, 5]) | dict(iscrowd=1),
        annotation(3, 4, [1, 1, 5, 5]),
    ]
    empty = dict(filter_empty_gt=True)
    assert frames(make_dataset([3, 1], boxes, filter_cfg=empty)) == [('V1', 1), ('V2', 0)]
    assert len(make_dataset([3, 1], boxes, filter_cfg=empty, test_mode=True)) == 4
    assert len(make_dataset([3, 1], boxes, filter_cfg=dict(min_size=24))) == 4
    with pytest.raises(ValueError, match=r'no frame left; filter_cfg is .*25') as error:
        make_dataset([3, 1], boxes, filter_cfg=dict(min_size=25))
    assert '\n' not in str(error.value)


def test_max_frames_shortens_every_video(make_dataset):
    dataset = make_dataset([3, 1, 5], max_frames=2)
    names = [('V1', 0), ('V1', 1), ('V2', 0), ('V3', 0), ('V3', 1)]
    assert frames(dataset) == names
    assert [dataset.get_data_info(n)['video_length'] for n in (0, 2, 3)] == [2, 1, 2]
    with pytest.raises(ValueError, match=r"'max_frames'.* Got 0"):
        make_dataset([3], max_frames=0)


def test_images_of_no_video_are_videos_of_one_frame(annotation, coco_video, save):
    """As in CrowdHuman's file; beside a video, too."""
    content = coco_video([2], [annotation(1, 3, [1, 1, 5, 5]), annotation(2, 3, [9, 1, 5, 5])])
    for number in (3, 4):
        name = f'Images/{number},a1b2.jpg'
        content['images'].append(dict(id=number, file_name=name, width=9, height=8))
    del content['annotations'][0]['instance_id'], content['annotations'][1]['instance_id']
    dataset = MOTVideoDataset(save(content))
    item = dataset.get_data_info(2)
    assert (item['video_name'], item['frame_id'], item['video_length']) == ('3,a1b2', 0, 1)
    assert 'mot_frame_id' not in item
    assert 'frame_rate' not in item
    assert [i['instance_id'] for i in item['instances']] == [0]  # the second lies outside
    assert dataset.video_ids.tolist() == [1, 1, 2, 3]


@pytest.mark.parametrize('loader', ['LoadAnnotations', 'LoadTrackAnnotations'])
def test_pipeline_resizes_and_flips_boxes_with_the_image(
    annotation, make_dataset, make_sequence, tmp_path, loader
):
    make_sequence('V1', 2, images=True)
    dataset = make_dataset(
        [2],
        [annotation(1, 2, [2, 3, 4, 6]), annotation(2, 2, [0, 0, 9, 9]) | dict(iscrowd=1)],
        data_root=str(tmp_path),
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type=loader, with_bbox=True),
            dict(type='Resize', scale=(64, 48), keep_ratio=False),
            dict(type='RandomFlip', prob=1.0),
            dict(type='PackFrameInputs'),
        ],
    )
    item = dataset[1]
    assert item['inputs'].shape == (3, 48, 64)
    assert abs(int(item['inputs'].float().mean()) - 20) <= 1  # the second frame, JPEG aside
    sample = item['data_samples']
    # x = 2..6 of 32 becomes 4..12 of 64, mirrored 52..60; y = 3..9 becomes 6..18.
    for instances, box, number in (
        (sample.gt_instances, [52, 6, 60, 18], 0),
        (sample.ignored_instances, [46, 0, 64, 18], 1),
    ):
        boxes = instances.bboxes if loader == 'LoadTrackAnnotations' else instances.bboxes.tensor
        np.testing.assert_allclose(boxes, [box])
        if loader == 'LoadTrackAnnotations':
            assert instances.instances_id.tolist() == [number]
    assert sample.metainfo == dict(
        img_id=2,
        img_path=str(tmp_path / 'V1' / 'img1' / '000002.jpg'),
        ori_shape=(24, 32),
        img_shape=(48, 64),
        scale_factor=(2.0, 2.0),
        flip=True,
        flip_direction='horizontal',
        video_id=1,
        video_name='V1',
        frame_id=1,
        mot_frame_id=12,
        video_length=2,
        frame_rate=25,
    )


def test_pipeline_is_ours_whatever_the_default_scope(make_dataset):
    pipeline = [dict(type='PackFrameInputs')]
    with DefaultScope.overwrite_default_scope('mmdet'):
        (step,) = make_dataset([1], pipeline=pipeline).pipeline.transforms
    assert type(step).__module__.startswith('mmtrack_ext.')


def test_serialized_and_pickled_items_are_the_same(annotation, make_dataset):
    boxes = [annotation(1, 2, [2, 3, 4, 6])]
    plain = make_dataset([3, 2], boxes)
    serialized = make_dataset([3, 2], boxes, serialize_data=True)
    copy = pickle.loads(pickle.dumps(serialized))
    for number in range(5):
        assert plain.get_data_info(number) == serialized.get_data_info(number)
        assert plain.get_data_info(number) == copy.get_data_info(number)
    assert copy.video_frames(4) == [3, 4]


@pytest.mark.parametrize('serialize', [False, True])
@pytest.mark.parametrize(
    ('indices', 'kept'), [(3, [0, 1, 2]), (-2, [3, 4]), ([0, 4], [0, 4]), ([4], [4])]
)
def test_subsets_know_their_videos(make_dataset, serialize, indices, kept):
    dataset = make_dataset([3, 2], serialize_data=serialize)
    expected = [frames(dataset)[number] for number in kept]
    ids = dataset.video_ids[kept].tolist()
    subset = dataset.get_subset(indices)
    assert (frames(subset), subset.video_ids.tolist()) == (expected, ids)
    assert len(dataset) == 5
    dataset.get_subset_(indices)
    assert (frames(dataset), dataset.video_ids.tolist()) == (expected, ids)
    first = make_dataset([3, 2], serialize_data=serialize, indices=indices)
    assert (frames(first), first.video_ids.tolist()) == (expected, ids)


def test_loads_when_first_asked(make_dataset):
    dataset = make_dataset([3, 2], lazy_init=True)
    assert dataset.video_frames(4) == [3, 4]
    assert len(dataset) == 5


def test_rare_classes_are_repeated_as_the_formula_says(annotation, make_dataset):
    """Class 1 is in 1 of 4 frames: r = sqrt(t / f) = sqrt(1 / 0.25) = 2 for that frame."""
    boxes = [annotation(n, n, [1, 1, 5, 5]) for n in (1, 2, 3, 4)]
    boxes.append(annotation(5, 3, [9, 1, 5, 5]) | dict(category_id=2))
    boxes.append(annotation(6, 1, [9, 1, 5, 5]) | dict(category_id=2, iscrowd=1))  # no target
    dataset = make_dataset([2, 2], boxes, ('person', 'car'))
    assert [dataset.get_cat_ids(number) for number in range(4)] == [[0], [0], [0, 1], [0]]
    balanced = ClassBalancedDataset(dataset, oversample_thr=1.0)
    assert balanced.repeat_indices == [0, 1, 2, 2, 3]
    assert frames(balanced) == [('V1', 0), ('V1', 1), ('V2', 0), ('V2', 0), ('V2', 1)]


def test_wrappers_of_mmengine_and_mmdet(coco_video, make_dataset, save):
    first, second = make_dataset([2]), make_dataset([1, 2], name='b.json')
    both = [('V1', 0), ('V1', 1), ('V1', 0), ('V2', 0), ('V2', 1)]
    assert frames(ConcatDataset([first, second])) == both
    assert frames(RepeatDataset(second, times=2)) == both[2:] * 2
    parts = [
        dict(type='MOTVideoDataset', ann_file=save(coco_video([2]), 'c.json')),
        dict(type='MOTVideoDataset', ann_file=save(coco_video([1, 2]), 'd.json')),
    ]
    for part in parts:
        part['_scope_'] = 'mmtrack_ext'
    concat = DATASETS.build(dict(type='ConcatDataset', datasets=parts))
    assert type(concat).__module__ == 'mmdet.datasets.dataset_wrappers'
    assert frames(concat) == both


@pytest.mark.parametrize(
    ('name', 'command'),
    [
        ('MOT17/annotations/half-val_cocoformat.json', r'mot2coco\.py -i \S*MOT17 -o .*-train$'),
        ('MOT17/annotations/train_cocoformat.json', r'mot2coco\.py -i \S*MOT17 -o \S*annotations$'),
        ('SynthMOT/annotations/val_cocoformat.json', r'make_synth_mot\.py \S*SynthMOT and .*mot2'),
        ('crowdhuman/annotations/crowdhuman_train.json', r'crowdhuman2coco\.py -i \S*crowdhuman '),
    ],
)
def test_missing_file_says_how_to_make_it(tmp_path, name, command):
    with pytest.raises(FileNotFoundError, match=command) as error:
        MOTVideoDataset(name, data_root=str(tmp_path))
    assert str(error.value).startswith(f'{tmp_path}/{name}: no such annotation file; make it with')
    assert '\n' not in str(error.value)


@pytest.mark.parametrize(
    ('content', 'problem'),
    [
        ('not { JSON', 'no JSON file'),
        ('[]', "no COCO-video file, 'images' is missing"),
        ('{"metainfo": {}, "data_list": []}', "no COCO-video file, 'images' is missing"),
        ('{"images": []}', "'categories' is missing"),
        (dict(videos=[]), "image 1 is of video 1, which 'videos' lacks"),
        (dict(videos=[dict(id=1)]), "entry 0 of 'videos' has no 'name'"),
        (dict(annotations=[dict(image_id=1)]), "entry 0 of 'annotations' has no 'category_id'"),
        (
            dict(annotations=[dict(image_id=1, category_id=1, bbox=[0, 0, 5])]),
            r"'bbox' of annotation .* must be \[left, top, width, height\]",
        ),
        (dict(images=[5]), "entry 0 of 'images' has no 'id'"),
        (dict(images=[]), 'no frame left'),
        (
            dict(images=[dict(id=1, file_name='1.jpg', height=3)]),
            "entry 0 of 'images' has no 'width'",
        ),
        (
            dict(categories=[dict(id=1, name='car')]),
            r"no category 'pedestrian' in it, only \['car'\]",
        ),
    ],
)
def test_a_broken_file_is_named_in_one_line(save, coco_video, content, problem):
    path = save(coco_video([1], **content) if isinstance(content, dict) else content)
    with pytest.raises(ValueError, match=problem) as error:
        MOTVideoDataset(path)
    assert str(error.value).startswith(f'{path}: ')
    assert '\n' not in str(error.value)


@pytest.mark.parametrize('classes', ['pedestrian', (), ('a', 'a'), (1,), None])
def test_classes_must_be_names(coco_video, save, classes):
    with pytest.raises(ValueError, match="'metainfo' of MOTVideoDataset must hold classes"):
        MOTVideoDataset(save(coco_video([1])), metainfo=dict(classes=classes))


def test_a_file_of_other_tools_may_leave_out_or_null_what_is_not_needed(save, coco_video):
    box = dict(image_id=1, category_id=1, bbox=[1, 2, 5, 6], visibility=None)
    path = save('\ufeff' + json.dumps(coco_video([1], annotations=[box])))
    (instance,) = MOTVideoDataset(str(path)).get_data_info(0)['instances']
    assert (instance['bbox'], instance['visibility']) == ([1, 2, 6, 8], 1.0)
    path = save(coco_video([1]) | dict(annotations=None))
    assert MOTVideoDataset(str(path)).get_data_info(0)['instances'] == []


def test_mmdet_names_the_prefix_of_images_in_two_ways(save, coco_video):
    path = str(save(coco_video([1], images=[dict(id=1, file_name='1.jpg', height=9, width=9)])))
    for name in ('img', 'img_path'):
        dataset = MOTVideoDataset(path, data_prefix={name: 'train'})
        assert dataset.get_data_info(0)['img_path'] == 'train/1.jpg'
    with pytest.raises(ValueError, match=r'data_prefix.* must be dict'):
        MOTVideoDataset(path, data_prefix=dict(image='train'))


def test_some_of_the_videos(make_dataset):
    assert frames(make_dataset([1, 2, 1], sequences=['V[23]'])) == [('V2', 0), ('V2', 1), ('V3', 0)]
    with pytest.raises(ValueError, match=r"a.json: there is no sequence 'X\*', only V1, V2"):
        make_dataset([1, 2], sequences=['V1', 'X*'])


def test_identities_without_gaps(make_dataset, annotation):
    """Objects 7 and 9 of a video, 7 of the next; 8 is never a target, 9 is not at first."""
    boxes = [
        annotation(1, 1, [1, 1, 5, 5]) | dict(instance_id=9, iscrowd=1),
        annotation(2, 1, [2, 1, 5, 5]) | dict(instance_id=7),
        annotation(3, 1, [3, 1, 5, 5]) | dict(instance_id=8, iscrowd=1),
        annotation(4, 2, [4, 1, 5, 5]) | dict(instance_id=9),
        annotation(5, 2, [5, 1, 5, 5]) | dict(instance_id=7),
        annotation(6, 3, [6, 1, 5, 5]) | dict(instance_id=7),
    ]

    def identities(dataset):
        items = [dataset.get_data_info(index)['instances'] for index in range(3)]
        return [[instance['instance_id'] for instance in item] for item in items]

    dataset = make_dataset([2, 1], boxes, first_identity=0)
    assert identities(dataset) == [[-1, 0, -1], [1, 0], [2]]
    assert dataset.metainfo['num_identities'] == 3
    assert identities(make_dataset([2, 1], boxes, first_identity=10)) == [
        [-1, 10, -1],
        [11, 10],
        [12],
    ]
    assert identities(make_dataset([2, 1], boxes)) == [[9, 7, 8], [9, 7], [7]]
