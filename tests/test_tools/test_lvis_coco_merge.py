"""Adding to LVIS what COCO has and LVIS has not."""

from __future__ import annotations

import json

import numpy as np
import pytest

TOOL = 'dataset_converters/lvis_coco_merge.py'


def rectangle(left, top, width, height):
    right, bottom = left + width, top + height
    return [[left, top, right, top, right, bottom, left, bottom]]


def annotation(number, image, category, box, **others):
    basic = dict(id=number, image_id=image, category_id=category, bbox=box)
    return dict(basic, segmentation=rectangle(*box), area=box[2] * box[3], iscrowd=0, **others)


LVIS = dict(
    images=[
        dict(id=9, file_name='COCO_train2014_000000000009.jpg', height=40, width=40),
        dict(id=12, file_name='COCO_train2014_000000000012.jpg', height=40, width=40),
    ],
    categories=[
        dict(id=100, name='bench', synset='bench.n.01'),
        dict(id=200, name='dog', synset='dog.n.01'),
    ],
    annotations=[annotation(4, 9, 200, [0, 0, 10, 10])],
)
COCO = dict(
    images=[dict(id=number, height=40, width=40) for number in (9, 12, 30)],
    categories=[dict(id=15, name='bench'), dict(id=18, name='dog'), dict(id=1, name='person')],
    annotations=[
        annotation(1, 9, 18, [0, 0, 10, 8]),  # IoU 0.8 with the dog of LVIS
        annotation(2, 9, 15, [0, 0, 10, 7]),  # IoU 0.7
        annotation(3, 9, 15, [0, 0, 10, 9]),  # IoU 0.9, although of another class
        annotation(4, 9, 18, [20, 20, 6, 6]),
        annotation(5, 9, 1, [30, 30, 6, 6]),  # no class of LVIS
        annotation(6, 12, 18, [1, 1, 6, 6]),  # LVIS has nothing in this image
        annotation(7, 30, 18, [1, 1, 6, 6]),  # not an image of LVIS
    ],
)
MAPPING = dict(
    bench=dict(coco_cat_id=15, meaning='a seat', synset='bench.n.01'),
    dog=dict(coco_cat_id=18, meaning='a pet', synset='dog.n.01'),
    person=dict(coco_cat_id=1, meaning='a human', synset='person.n.01'),
)


@pytest.fixture
def merge(run_tool_here, tmp_path):
    def run(*options, lvis=LVIS, coco=COCO, mapping=MAPPING):
        arguments = []
        for name, content in (('lvis', lvis), ('coco', coco), ('mapping', mapping)):
            path = tmp_path / f'{name}.json'
            path.write_text(json.dumps(content))
            arguments += [f'--{name}', path]
        return run_tool_here(TOOL, *arguments, '--out', tmp_path / 'out' / 'both.json', *options)

    return run


def merged(tmp_path):
    return json.loads((tmp_path / 'out' / 'both.json').read_text())


def test_only_what_lvis_lacks_is_added(tmp_path, merge):
    status, printed, error = merge()
    assert status == 0
    content = merged(tmp_path)
    rows = [(a['id'], a['image_id'], a['category_id'], a['bbox']) for a in content['annotations']]
    assert rows == [
        (4, 9, 200, [0, 0, 10, 10]),
        (5, 9, 100, [0, 0, 10, 7]),  # at 0.7 still
        (6, 9, 200, [20, 20, 6, 6]),
        (7, 12, 200, [1, 1, 6, 6]),
    ]
    assert content['images'] == LVIS['images']
    assert content['categories'] == LVIS['categories']
    assert not any('segmentation' in row for row in content['annotations'])
    assert 'Of 7 annotations of COCO 6 are on images of LVIS, 5 of these have a class' in printed
    assert '2 images, 4 annotations, 3 of them from COCO; wrote' in printed
    assert 'no category of LVIS for person of COCO' in error


def test_the_limit_and_masks_on_demand(tmp_path, merge):
    merge('--max-iou', 0.85, '--keep-masks')
    rows = merged(tmp_path)['annotations']
    assert [row['bbox'] for row in rows[1:3]] == [[0, 0, 10, 8], [0, 0, 10, 7]]
    assert rows[1]['segmentation'] == rectangle(0, 0, 10, 8)


def test_masks_count_and_not_boxes(tmp_path, merge):
    """Two triangles of the same box, with nothing in common; then the mask itself as runs."""
    lower, upper = [[0, 0, 0, 20, 20, 20]], [[0, 0, 20, 0, 20, 20]]
    square = np.zeros((40, 40), int)
    square[:20, :20] = 1
    runs = [0] + [20] * 39 + [820]  # 20 columns of 20 on and 20 off; then the rest
    assert sum(runs) == square.size
    box = [0, 0, 20, 20]
    lvis = LVIS | dict(annotations=[annotation(1, 9, 200, box) | dict(segmentation=lower)])
    rows = [
        annotation(1, 9, 18, box) | dict(segmentation=upper, area=1),
        annotation(2, 9, 18, box) | dict(segmentation=lower, area=2),
        annotation(3, 9, 18, box) | dict(segmentation=dict(counts=runs, size=[40, 40]), area=3),
    ]
    merge(lvis=lvis, coco=COCO | dict(annotations=rows))
    # IoU 0, 1 and 0.5 with the lower triangle, which comes first and is of 20 x 20.
    assert [row['area'] for row in merged(tmp_path)['annotations']] == [400, 1, 3]


@pytest.mark.parametrize('entry', [{'syn set': 'dog.n.01'}, 'dog.n.01'])
def test_other_forms_of_the_mapping(tmp_path, merge, entry):
    assert merge(mapping=dict(dog=entry))[0] == 0
    assert [row['category_id'] for row in merged(tmp_path)['annotations']] == [200, 200, 200]


@pytest.mark.parametrize(
    ('changes', 'problem'),
    [
        (dict(mapping=dict(dog=dict(coco_cat_id=18))), "mapping.json: 'dog' has no 'synset'"),
        (dict(mapping=[]), 'mapping.json: expected {"bench": {"synset"'),
        (dict(mapping=dict(cat='cat.n.01')), 'mapping.json: no category of '),
        (dict(lvis=COCO), "lvis.json: the categories have no 'synset'"),
        (dict(lvis=[]), "lvis.json: this is no annotation file, 'images' is missing"),
        (
            dict(coco=COCO | dict(annotations=[dict(id=1)])),
            "coco.json: entry 0 of 'annotations' has no 'image_id'",
        ),
    ],
)
def test_a_broken_file_is_named_in_one_line(tmp_path, merge, changes, problem):
    status, _, error = merge(**changes)
    assert status == 2
    assert error.startswith(f'error: {tmp_path}/{problem}')
    assert error.count('\n') == 1
    assert not (tmp_path / 'out').exists()


def test_limit_out_of_range(merge):
    assert merge('--max-iou', 1.5)[2] == 'error: --max-iou must be between 0 and 1. Got 1.5.\n'
