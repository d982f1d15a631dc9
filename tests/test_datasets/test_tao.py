"""TAODataset: names of classes, videos and images."""

from __future__ import annotations

import pytest
from mmengine.dataset import ClassBalancedDataset

from mmtrack_ext.datasets.samplers import FrameSampler, VideoSampler
from mmtrack_ext.datasets.tao import TAODataset


@pytest.fixture
def tao(tmp_path, annotation, coco_video, save):
    """Videos of three frames and one; objects of the classes cat, dog and bird."""
    boxes = [
        annotation(1, 1, [1, 1, 5, 5]) | dict(category_id=3, instance_id=0),
        annotation(2, 2, [2, 1, 5, 5]) | dict(category_id=3, instance_id=0),
        annotation(3, 3, [3, 1, 5, 5]) | dict(category_id=3, instance_id=0),
        annotation(4, 4, [4, 1, 5, 5]) | dict(category_id=1, instance_id=7),
    ]
    content = coco_video([3, 1], boxes, ('cat', 'dog', 'bird'))
    content['videos'][0]['name'] = 'train/YFCC100M/v_a'
    (tmp_path / 'classes.txt').write_text('bird\ncat\n\n')
    save(content)
    names = dict(ann_file='annotations/train_cocoformat.json', data_root=str(tmp_path))

    def make(**options):
        return TAODataset(**names, **{'classes_file': 'classes.txt', **options})

    return make


def test_labels_are_lines_of_the_file(tao):
    dataset = tao()
    assert dataset.metainfo['classes'] == ('bird', 'cat')
    assert [dataset.get_cat_ids(number) for number in range(4)] == [[0], [0], [0], [1]]
    assert tao(classes_file=None, metainfo=dict(classes=('cat',))).get_cat_ids(3) == [0]


def test_names_of_videos_can_be_names_of_files(tao):
    items = [tao().get_data_info(number) for number in range(4)]
    assert [item['video_name'] for item in items] == ['train-YFCC100M-v_a'] * 3 + ['V2']


def test_names_of_images_of_lvis_end_as_those_of_coco(tmp_path, save):
    """LVIS v0.5 has the names of COCO 2014."""
    names = ['COCO_train2014_000000057870.jpg', '000000000009.jpg', 'COCO.jpg']
    images = [dict(id=n, file_name=name, height=9, width=9) for n, name in enumerate(names)]
    save(dict(images=images, categories=[dict(id=1, name='cat')], annotations=[]), 'lvis.json')
    dataset = TAODataset(
        'annotations/lvis.json',
        data_root=str(tmp_path),
        data_prefix=dict(img_path='train2017/'),
        metainfo=dict(classes=('cat',)),
    )
    paths = [dataset.get_data_info(number)['img_path'] for number in range(3)]
    found = [path.removeprefix(f'{tmp_path}/train2017/') for path in paths]
    assert found == ['000000057870.jpg', '000000000009.jpg', 'COCO.jpg']


def test_rare_classes_come_more_often_in_training(tao):
    """Frequencies are 3/4 (bird) and 1/4 (cat): factors 1 and sqrt(0.8 * 4) = 1.79, so 2."""
    balanced = ClassBalancedDataset(tao(), oversample_thr=0.8)
    videos = [balanced.get_data_info(n)['video_name'] for n in FrameSampler(balanced, seed=3)]
    # sqrt(0.8 / 0.75) = 1.03, which is rounded up to 2 as well
    assert sorted(videos) == ['V2'] * 2 + ['train-YFCC100M-v_a'] * 6
    balanced = ClassBalancedDataset(tao(), oversample_thr=0.5)
    videos = [balanced.get_data_info(n)['video_name'] for n in FrameSampler(balanced, seed=3)]
    assert sorted(videos) == ['V2'] * 2 + ['train-YFCC100M-v_a'] * 3
    with pytest.raises(ValueError, match='leave the wrapper out'):
        VideoSampler(balanced)
    assert list(VideoSampler(tao())) == [0, 1, 2, 3]


def test_missing_file_of_classes_says_how_to_make_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'tao2coco\.py -i \S+ -o \S+tao/annotations'):
        TAODataset(
            'annotations/a.json',
            data_root=str(tmp_path / 'tao'),
            classes_file='annotations/tao_classes.txt',
        )


@pytest.mark.parametrize(
    ('name', 'command'),
    [
        ('tao/annotations/train_482_classes.json', r'tao2coco\.py -i \S+tao -o \S+annotations$'),
        (
            'lvis/annotations/lvisv0.5+coco_train.json',
            r'lvis_coco_merge\.py --lvis .* --out \S+lvis/annotations/lvisv0\.5\+coco_train\.json$',
        ),
    ],
)
def test_missing_file_says_how_to_make_it(tmp_path, name, command):
    with pytest.raises(FileNotFoundError, match=command) as error:
        TAODataset(name, data_root=str(tmp_path))
    folder = tmp_path / name.split('/')[0]
    hint = f'{folder}, a folder that is missing (without it run a *_synthmot.py config, such as '
    hint += 'configs/qdtrack/qdtrack_faster-rcnn_r18_synthmot.py)'
    assert hint in str(error.value)
    folder.mkdir()
    with pytest.raises(FileNotFoundError, match=command) as error:
        TAODataset(name, data_root=str(tmp_path))
    assert 'a folder that is missing' not in str(error.value)
