#!/usr/bin/env python
"""Add to LVIS v0.5 the objects of COCO that it lacks, as QDTrack is trained before TAO.

    python tools/dataset_converters/lvis_coco_merge.py \
        --lvis data/lvis/annotations/lvis_v0.5_train.json \
        --coco data/coco/annotations/instances_train2017.json \
        --mapping coco_to_lvis_synset.json \
        --out data/lvis/annotations/lvisv0.5+coco_train.json

To every image of the LVIS file come those annotations of the COCO file for the same image whose
mask has an IoU of at most 0.7 with every mask that LVIS has there, whatever the class. Their class
is the category of LVIS with the same WordNet synset.

MAPPING is JSON, by the name of the COCO category, as the repository of TAO
(https://github.com/TAO-Dataset/tao) has it:

    {"bench": {"coco_cat_id": 15, "meaning": "...", "synset": "bench.n.01"}, ...}

Also read are {"bench": "bench.n.01"}, and the key as mmtracking spelt it, "syn set". Categories of
COCO without a synset there, or whose synset LVIS lacks, are left out, and named.

The boxes train a detector, so masks are left out of the new file, which makes it several times
smaller; --keep-masks keeps them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmtrack_ext.fileio import FileFormatError, atomic_write, read_json, read_tables
from mmtrack_ext.utils.command_line import progress, run_tool, warn

MAX_IOU = 0.7  # of mmtracking's lvis_coco_merge
TABLES = {  # and what every entry must have
    'images': ('id', 'height', 'width'),
    'categories': ('id', 'name'),
    'annotations': ('id', 'image_id', 'category_id', 'bbox', 'segmentation'),
}


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    lines = (__doc__ or '').strip().partition('\n')
    parser = argparse.ArgumentParser(
        description=lines[0],
        epilog=lines[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--lvis', type=Path, required=True, help='annotations of LVIS')
    parser.add_argument('--coco', type=Path, required=True, help='annotations of COCO 2017')
    parser.add_argument('--mapping', type=Path, required=True, help='synset of each COCO category')
    parser.add_argument('--out', type=Path, required=True, help='file to write')
    parser.add_argument('--max-iou', type=float, default=MAX_IOU, help='default: %(default)s')
    parser.add_argument('--keep-masks', action='store_true', help='write them, too')
    return parser.parse_args()


def main() -> None:
    """Read, merge, write, and say what was left out."""
    arguments = parse_arguments()
    if not 0 <= arguments.max_iou <= 1:
        raise ValueError(f'--max-iou must be between 0 and 1. Got {arguments.max_iou}.')
    lvis, coco = (read_tables(path, TABLES) for path in (arguments.lvis, arguments.coco))
    classes = map_classes(read_synsets(arguments.mapping), lvis, coco, arguments)
    added = merge(lvis, coco, classes, max_iou=arguments.max_iou)
    lvis['annotations'] += added
    if not arguments.keep_masks:
        for annotation in lvis['annotations']:
            annotation.pop('segmentation', None)
    with atomic_write(arguments.out) as file:
        file.write(json.dumps(lvis))
    print(
        f'{len(lvis["images"])} images, {len(lvis["annotations"])} annotations, '
        f'{len(added)} of them from COCO; wrote {arguments.out}'
    )


def read_synsets(path: Path) -> dict[str, str]:
    """Synset of each COCO category, by its name."""
    content = read_json(path)
    synsets = {}
    for name, entry in content.items() if isinstance(content, dict) else ():
        if isinstance(entry, dict):
            entry = entry.get('synset') or entry.get('syn set')
        if not isinstance(entry, str):
            raise FileFormatError(path, f"{name!r} has no 'synset'")
        synsets[name] = entry
    if not synsets:
        problem = 'expected {"bench": {"synset": "bench.n.01"}, ...}, one entry a COCO category'
        raise FileFormatError(path, problem)
    return synsets


def map_classes(
    synsets: dict[str, str],
    lvis: dict[str, Any],
    coco: dict[str, Any],
    arguments: argparse.Namespace,
) -> dict[int, int]:
    """Id of the LVIS category of each COCO category that has one."""
    by_synset = {category.get('synset'): category['id'] for category in lvis['categories']}
    if set(by_synset) == {None}:
        raise FileFormatError(arguments.lvis, "the categories have no 'synset'")
    classes = {
        category['id']: by_synset[synsets[category['name']]]
        for category in coco['categories']
        if synsets.get(category['name']) in by_synset
    }
    if not classes:
        problem = f'no category of {arguments.coco} has a synset that {arguments.lvis} has'
        raise FileFormatError(arguments.mapping, problem)
    lost = [category['name'] for category in coco['categories'] if category['id'] not in classes]
    if lost:
        warn(f'no category of LVIS for {", ".join(lost)} of COCO')
    return classes


def merge(
    lvis: dict[str, Any], coco: dict[str, Any], classes: dict[int, int], *, max_iou: float
) -> list[dict[str, Any]]:
    """The annotations of COCO that LVIS lacks, as annotations of LVIS; says how many it has.

    Args:
        lvis: its tables.
        coco: its tables.
        classes: see ``map_classes``.
        max_iou: what overlaps an annotation of LVIS by more is taken for the same object.
    """
    of_lvis, of_coco = by_image(lvis), by_image(coco)
    ids = {image['id'] for image in lvis['images']}
    on_images = [one for one in coco['annotations'] if one['image_id'] in ids]
    mapped = [one for one in on_images if one['category_id'] in classes]
    missing = []
    for image in progress(lvis['images'], 'Comparing masks'):
        candidates = [one for one in of_coco[image['id']] if one['category_id'] in classes]
        overlap = highest_iou(candidates, of_lvis[image['id']], image)
        pairs = zip(candidates, overlap, strict=True)
        missing += [annotation for annotation, iou in pairs if iou <= max_iou]
    print(
        f'Of {len(coco["annotations"])} annotations of COCO {len(on_images)} are on images of '
        f'LVIS, {len(mapped)} of these have a class there, and {len(missing)} are no object '
        'that LVIS has'
    )
    first = max((annotation['id'] for annotation in lvis['annotations']), default=0) + 1
    return [
        {**annotation, 'id': number, 'category_id': classes[annotation['category_id']]}
        for number, annotation in enumerate(missing, start=first)
    ]


def by_image(content: dict[str, Any]) -> dict[int, list[dict[str, Any]]]:
    """The annotations of each image."""
    images = defaultdict(list)
    for annotation in content['annotations']:
        images[annotation['image_id']].append(annotation)
    return images


def highest_iou(
    candidates: list[dict[str, Any]], others: list[dict[str, Any]], image: dict[str, Any]
) -> list[float]:
    """The highest mask IoU of each candidate with any of the others."""
    from pycocotools import mask

    if not (candidates and others):
        return [0.0] * len(candidates)
    masks = [[encode(one, image) for one in several] for several in (candidates, others)]
    # The last argument would make the overlap with a crowd something other than an IoU.
    overlaps: list[float] = mask.iou(*masks, [0] * len(others)).max(axis=1).tolist()
    return overlaps


def encode(annotation: dict[str, Any], image: dict[str, Any]) -> dict[str, Any]:
    """A mask as COCO's run lengths, from its polygons or from run lengths."""
    from pycocotools import mask

    shape = annotation['segmentation']
    if isinstance(shape, dict) and not isinstance(shape['counts'], list):
        return shape
    encoded = mask.frPyObjects(shape, image['height'], image['width'])
    return mask.merge(encoded) if isinstance(encoded, list) else encoded  # type: ignore[no-any-return]


if __name__ == '__main__':
    run_tool(main)
