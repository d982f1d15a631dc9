#!/usr/bin/env python
"""Convert TAO's annotations to COCO-video JSON with the classes that occur in them.

    python tools/dataset_converters/tao2coco.py -i data/tao -o data/tao/annotations

reads ``train.json``, ``validation.json`` and ``test.json`` or ``test_without_annotations.json``
(those that are there) from the folder or its ``annotations``, as
https://github.com/TAO-Dataset/annotations has them; writes ``tao_classes.txt`` and
``{train,validation,test}_N_classes.json``. N is counted: categories that some annotation of these
files has, and those of ``test_categories.json``, which stands in for the hidden annotations of the
test set. Of the published files, 482 of the 1230 of LVIS v0.5.

Images stand in the order of ``frame_index``; ``frame_id`` counts the annotated frames of a video
from 0. Each image gets ``neg_category_ids`` and ``not_exhaustive_category_ids`` of its video, each
annotation its ``track_id`` as ``instance_id`` (0 is an id like others). Tracks, videos, categories
(with their ``merged``) and all other fields are copied.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmtrack_ext.fileio import FileFormatError, atomic_write, read_tables
from mmtrack_ext.utils.command_line import progress, run_tool, warn

SPLITS = {  # of the output, and the names that the file is known by
    'train': ('train.json',),
    'validation': ('validation.json', 'val.json'),
    'test': ('test.json', 'test_without_annotations.json'),
}
TEST_CATEGORIES = 'test_categories.json'
FEDERATED = ('neg_category_ids', 'not_exhaustive_category_ids')
TABLES = {  # and what every entry must have
    'videos': ('id', 'name'),
    'images': ('id', 'video_id', 'frame_index', 'file_name', 'width', 'height'),
    'categories': ('id', 'name'),
    'annotations': ('id', 'image_id', 'category_id', 'track_id', 'bbox'),
    'tracks': ('id', 'video_id', 'category_id'),
}
HIDDEN = ('annotations', 'tracks')  # of the test set
PUBLISHED_CLASSES = 482  # of TAO's files, and of the configs


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    lines = (__doc__ or '').strip().partition('\n')
    parser = argparse.ArgumentParser(
        description=lines[0],
        epilog=lines[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('-i', '--input', type=Path, required=True, help="folder of TAO's files")
    parser.add_argument(
        '-o', '--output', type=Path, required=True, help='folder for the JSON files'
    )
    return parser.parse_args()


def main() -> None:
    """Read everything, count the classes, then write."""
    arguments = parse_arguments()
    paths = find_files(arguments.input)
    contents = {
        split: read_tables(path, TABLES, optional=HIDDEN, kind='file of TAO')
        for split, path in paths.items()
    }
    categories = seen_categories(contents, paths)
    converted = {
        split: convert(content, categories, paths[split]) for split, content in contents.items()
    }
    path = arguments.output / 'tao_classes.txt'
    with atomic_write(path) as file:
        file.writelines(f'{category["name"]}\n' for category in categories)
    print(f'{len(categories)} classes; wrote {path}')
    for split, content in converted.items():
        path = arguments.output / f'{split}_{len(categories)}_classes.json'
        with atomic_write(path) as file:
            file.write(json.dumps(content))
        counts = ', '.join(f'{len(content[name])} {name}' for name in TABLES)
        print(f'{split}: {counts}; wrote {path}')
    if len(categories) != PUBLISHED_CLASSES:
        warn(
            f"the configs are made for TAO's {PUBLISHED_CLASSES} classes; with these "
            f'{len(categories)} change num_classes and the names of the files there'
        )


def find_files(root: Path) -> dict[str, Path]:
    """The file of each split that is there.

    Raises:
        ValueError: none is.
    """
    for folder in (root, root / 'annotations'):
        found = {
            split: folder / name
            for split, names in SPLITS.items()
            for name in reversed(names)  # the first name wins
            if (folder / name).is_file()
        }
        if found:
            return found
    names = ', '.join(name for names in SPLITS.values() for name in names)
    raise ValueError(
        f'{root}: expected some of {names} in it or in its folder annotations; they are at '
        'https://github.com/TAO-Dataset/annotations'
    )


def seen_categories(
    contents: dict[str, dict[str, Any]], paths: dict[str, Path]
) -> list[dict[str, Any]]:
    """The categories of any annotation, in the order of the first file.

    Raises:
        FileFormatError: an annotation has a category that this file lacks.
    """
    seen = {row['category_id'] for one in contents.values() for row in one['annotations']}
    path = next(iter(paths.values())).with_name(TEST_CATEGORIES)
    if path.is_file():
        content = read_tables(path, {'categories': ('id',)}, kind='list of categories')
        seen |= {category['id'] for category in content['categories']}
    elif 'test' in contents and not contents['test']['annotations']:
        warn(f'{paths["test"]} has no annotations and there is no {path}: its classes do not count')
    split, content = next(iter(contents.items()))
    unknown = sorted(seen - {category['id'] for category in content['categories']})
    if unknown:
        raise FileFormatError(paths[split], f'there is no category {unknown[0]}, which occurs')
    if not seen:
        raise FileFormatError(paths[split], 'there are no annotations to count classes in')
    return [category for category in content['categories'] if category['id'] in seen]


def convert(
    content: dict[str, Any], categories: list[dict[str, Any]], path: Path
) -> dict[str, Any]:
    """The tables of one file, images and annotations video by video.

    Raises:
        FileFormatError: an image or a track is of no video, or an annotation of no image or track.
    """
    group(content, 'tracks', by='video_id', table='videos', path=path)
    group(content, 'annotations', by='track_id', table='tracks', path=path)
    images = group(content, 'images', by='video_id', table='videos', path=path)
    annotations = group(content, 'annotations', by='image_id', table='images', path=path)
    converted: dict[str, Any] = {**content, 'categories': categories}
    converted['images'], converted['annotations'] = [], []
    for video in progress(content['videos'], f'Converting {path.name}'):
        rules = {key: video.get(key, []) for key in FEDERATED}
        frames = sorted(images[video['id']], key=lambda image: image['frame_index'])
        for frame_id, image in enumerate(frames):
            converted['images'].append({**image, 'frame_id': frame_id, **rules})
            converted['annotations'] += [
                {**annotation, 'instance_id': annotation['track_id']}
                for annotation in annotations[image['id']]
            ]
    return converted


def group(
    content: dict[str, Any], name: str, *, by: str, table: str, path: Path
) -> dict[Any, list[dict[str, Any]]]:
    """The rows of a table by the row of another that they belong to."""
    known = {row['id'] for row in content[table]}
    groups = defaultdict(list)
    for row in content[name]:
        if row[by] not in known:
            problem = f'entry {row["id"]} of {name!r} has the {by} {row[by]}, not in {table!r}'
            raise FileFormatError(path, problem)
        groups[row[by]].append(row)
    return groups


if __name__ == '__main__':
    run_tool(main)
