#!/usr/bin/env python
"""Convert CrowdHuman to COCO JSON.

    python tools/dataset_converters/crowdhuman2coco.py -i crowdhuman -o crowdhuman/annotations

reads ``annotation_train.odgt`` and ``annotation_val.odgt`` (those that are there) and the size of
each image in ``train/Images`` and ``val/Images``; writes ``crowdhuman_train.json`` and
``crowdhuman_val.json``. Images need not be there if the odgt has ``width`` and ``height``.

Boxes are full bodies (``fbox``), which reach beyond the image where the body does. What is no
person, or marked ``ignore``, is ``iscrowd``. Every person has an ``instance_id`` of its own;
``visibility`` is the visible part of the full box (``vbox``).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmtrack_ext.fileio import FileFormatError, atomic_write
from mmtrack_ext.utils.command_line import progress, run_tool

SPLITS = ('train', 'val')


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    lines = (__doc__ or '').strip().partition('\n')
    parser = argparse.ArgumentParser(
        description=lines[0],
        epilog=lines[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('-i', '--input', type=Path, required=True, help='folder of the odgt files')
    parser.add_argument(
        '-o', '--output', type=Path, required=True, help='folder for the JSON files'
    )
    return parser.parse_args()


def main() -> None:
    """Convert what is there, and say what was written."""
    arguments = parse_arguments()
    paths = {split: arguments.input / f'annotation_{split}.odgt' for split in SPLITS}
    paths = {split: path for split, path in paths.items() if path.is_file()}
    if not paths:
        raise ValueError(
            f'{arguments.input}: expected annotation_train.odgt or annotation_val.odgt in it, '
            'with images in train/Images and val/Images'
        )
    for split, path in paths.items():
        content = convert(path, arguments.input / split)
        target = arguments.output / f'crowdhuman_{split}.json'
        with atomic_write(target) as file:
            file.write(json.dumps(content))
        annotations = content['annotations']
        ignored = sum(annotation['iscrowd'] for annotation in annotations)
        print(
            f'{split}: {len(content["images"])} images, {len(annotations) - ignored} people, '
            f'{ignored} ignored; wrote {target}'
        )


def convert(path: Path, folder: Path) -> dict[str, Any]:
    """The COCO tables of one odgt file.

    Args:
        path: the file, one JSON object a line.
        folder: ``Images/ID.jpg`` are in it.

    Raises:
        FileFormatError: a line is not CrowdHuman's, or the size of an image is unknown.
    """
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    lines = path.read_text(encoding='utf-8').splitlines()
    for number, line in enumerate(progress(lines, f'Converting {path.name}'), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            file_name = f'Images/{entry["ID"]}.jpg'
            width, height = image_size(folder / file_name, entry)
            image = dict(id=len(images) + 1, file_name=file_name, width=width, height=height)
            images.append(image)
            for person in people(entry['gtboxes']):
                own = dict(id=len(annotations) + 1, image_id=image['id'], category_id=1)
                annotations.append(own | person | dict(instance_id=len(annotations)))
        except KeyError as error:
            raise FileFormatError(path, f'{error} is missing', line=number) from None
        except (ValueError, TypeError) as error:
            raise FileFormatError(path, str(error), line=number) from None
    categories = [dict(id=1, name='pedestrian')]
    return dict(categories=categories, images=images, annotations=annotations)


def image_size(path: Path, entry: dict[str, Any]) -> tuple[int, int]:
    """Width and height, from the head of the image file, else from the odgt."""
    if path.is_file():
        from PIL import Image  # reads only the head

        with Image.open(path) as image:
            return image.size
    if 'width' in entry and 'height' in entry:
        return int(entry['width']), int(entry['height'])
    raise ValueError(f'there is no image {path} to measure, and no width and height in the odgt')


def people(boxes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The annotations of an image, without their numbers.

    Rows of tag ``mask`` and those with ``extra.ignore`` 1 are no targets (CrowdHuman's format).
    """
    for box in boxes:
        full, visible = box['fbox'], box.get('vbox')
        area = full[2] * full[3]
        annotation = dict(
            bbox=full,
            area=area,
            iscrowd=int(box['tag'] != 'person' or box.get('extra', {}).get('ignore', 0) == 1),
            visibility=1.0,
        )
        if visible is not None:
            annotation['vis_bbox'] = visible
            if area > 0:
                annotation['visibility'] = min(1.0, visible[2] * visible[3] / area)
        yield annotation


if __name__ == '__main__':
    run_tool(main)
