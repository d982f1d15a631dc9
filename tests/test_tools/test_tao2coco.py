"""Conversion of TAO."""

from __future__ import annotations

import json

import pytest

TOOL = 'dataset_converters/tao2coco.py'
CATEGORIES = [
    dict(id=20, name='fish'),
    dict(id=3, name='cat'),
    dict(id=9, name='bird', merged=[dict(id=11, name='crow')]),
    dict(id=7, name='dog'),
    dict(id=11, name='crow'),
]


def image(number, video, frame, **others):
    name = f'train/{video}/{frame:04d}.jpg'
    size = dict(width=64, height=48)
    return dict(id=number, video_id=video, frame_index=frame, file_name=name, **size, **others)


def annotation(number, image_id, category, track):
    box = dict(bbox=[1.5, 2, 10, 12], area=120, iscrowd=0)
    return dict(id=number, image_id=image_id, category_id=category, track_id=track, **box)


def tao(categories=CATEGORIES, **changes):
    """Two videos; the images of the first stand in the order of frames 31, 1, 61."""
    content = dict(
        info=dict(version='made'),
        videos=[
            dict(id=5, name='train/YFCC/a', neg_category_ids=[7], not_exhaustive_category_ids=[]),
            dict(id=4, name='train/HACS/b', neg_category_ids=[], not_exhaustive_category_ids=[9]),
        ],
        images=[image(1, 5, 31), image(2, 4, 10), image(3, 5, 1, license=2), image(4, 5, 61)],
        categories=categories,
        tracks=[
            dict(id=0, video_id=5, category_id=3),
            dict(id=1, video_id=4, category_id=9),
        ],
        annotations=[
            *(annotation(n, n, 3, 0) for n in (1, 3, 4)),
            annotation(2, 2, 9, 1),
        ],
    )
    return content | changes


@pytest.fixture
def save(tmp_path):
    def write(content, name='train.json'):
        path = tmp_path / 'tao' / 'annotations' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))

    return write


@pytest.fixture
def convert(run_tool_here, tmp_path):
    def run():
        return run_tool_here(TOOL, '-i', tmp_path / 'tao', '-o', tmp_path / 'out')

    return run


def test_frames_ids_and_federated_lists(tmp_path, save, convert):
    save(tao())
    status, printed, _ = convert()
    assert status == 0
    assert printed.splitlines() == [
        f'2 classes; wrote {tmp_path}/out/tao_classes.txt',
        'train: 2 videos, 4 images, 2 categories, 4 annotations, 2 tracks; '
        f'wrote {tmp_path}/out/train_2_classes.json',
    ]
    assert (tmp_path / 'out' / 'tao_classes.txt').read_text() == 'cat\nbird\n'
    content = json.loads((tmp_path / 'out' / 'train_2_classes.json').read_text())
    frames = [(i['id'], i['frame_index'], i['frame_id']) for i in content['images']]
    assert frames == [(3, 1, 0), (1, 31, 1), (4, 61, 2), (2, 10, 0)]
    lists = [(i['neg_category_ids'], i['not_exhaustive_category_ids']) for i in content['images']]
    assert lists == [([7], [])] * 3 + [([], [9])]
    assert content['images'][0]['license'] == 2
    rows = [(a['id'], a['track_id'], a['instance_id']) for a in content['annotations']]
    assert rows == [(3, 0, 0), (1, 0, 0), (4, 0, 0), (2, 1, 1)]
    assert content['annotations'][0]['bbox'] == [1.5, 2, 10, 12]
    assert content['categories'] == CATEGORIES[1:3]  # bird with what it has merged
    original = tao()
    for table in ('tracks', 'videos', 'info'):
        assert content[table] == original[table]


def test_classes_are_counted_over_all_files(tmp_path, save, convert):
    save(tao())
    save(tao(annotations=[annotation(9, 1, 20, 0)]), 'validation.json')
    save(tao(annotations=[], tracks=[]), 'test_without_annotations.json')
    save(dict(categories=[dict(id=11, name='crow')]), 'test_categories.json')
    status, _, error = convert()
    assert status == 0
    assert (tmp_path / 'out' / 'tao_classes.txt').read_text() == 'fish\ncat\nbird\ncrow\n'
    names = sorted(path.name for path in (tmp_path / 'out').iterdir())
    splits = [f'{split}_4_classes.json' for split in ('test', 'train', 'validation')]
    assert names == ['tao_classes.txt', *splits]
    assert "made for TAO's 482 classes; with these 4 change num_classes" in error


def test_hidden_classes_of_the_test_set_are_mentioned(save, convert):
    save(tao())
    save(tao(annotations=[]), 'test.json')
    status, _, error = convert()
    assert status == 0
    assert 'test.json has no annotations and there is no' in error


@pytest.mark.parametrize(
    ('content', 'problem'),
    [
        ('{', 'this is no JSON file'),
        ('[]', "this is no file of TAO, 'videos' is missing"),
        (dict(images=[dict(id=1)]), "entry 0 of 'images' has no 'video_id'"),
        (dict(annotations=[annotation(8, 77, 3, 0)]), 'has the image_id 77, not in'),
        (dict(annotations=[annotation(8, 1, 3, 2)]), 'has the track_id 2, not in'),
        (dict(annotations=[annotation(8, 1, 4, 0)]), 'there is no category 4, which occurs'),
        (dict(images=[image(1, 6, 0)]), 'has the video_id 6, not in'),
        (dict(annotations=[]), 'there are no annotations to count classes in'),
    ],
)
def test_a_broken_file_is_named_in_one_line(tmp_path, save, convert, content, problem):
    save(tao(**content) if isinstance(content, dict) else content)
    status, _, error = convert()
    assert status == 2
    assert error.startswith(f'error: {tmp_path}/tao/annotations/train.json: ')
    assert problem in error
    assert error.count('\n') == 1
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(
    ('content', 'problem'),
    [
        ('{', 'this is no JSON file'),
        ([dict(id=11)], "this is no list of categories, 'categories' is missing"),
        (dict(images=[]), "this is no list of categories, 'categories' is missing"),
        (dict(categories=[dict(id=11), dict(name='crow')]), "entry 1 of 'categories' has no 'id'"),
    ],
)
def test_a_broken_list_of_test_categories_is_named(tmp_path, save, convert, content, problem):
    save(tao())
    save(content, 'test_categories.json')
    status, _, error = convert()
    assert status == 2
    assert error.startswith(f'error: {tmp_path}/tao/annotations/test_categories.json: {problem}')
    assert error.count('\n') == 1
    assert not (tmp_path / 'out').exists()


def test_wrong_folder(tmp_path, convert):
    (tmp_path / 'tao').mkdir()
    status, _, error = convert()
    assert status == 2
    assert 'expected some of train.json, validation.json' in error
