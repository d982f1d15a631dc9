"""A small TAO, and the LVIS and COCO that come before it: coloured shapes that move.

``python -m mmtrack_ext.testing.made_tao data`` writes a folder ``data`` with images and with
annotations as they are published, for ``tools/dataset_converters/{tao2coco,lvis_coco_merge}.py``.
The names are those of the real sets, and the classes as many, so that the configs of QDTrack for
LVIS and TAO run on it as they are; with the options in ``tests/data/tao/small.txt`` in minutes on a
CPU, see the README there.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mmtrack_ext.association.arrays import FloatArray
from mmtrack_ext.fileio import atomic_write

NUM_CLASSES = 482  # of the published files: 4 are drawn, the others stand in a list
SIZE = (160, 96)  # pixels
STEP = 30  # frames: TAO has annotations once a second
SPEED = 6.0  # pixels from one annotated frame to the next
# What is drawn: id, name, corners (None: a disc), BGR. Ids are neither in a row nor in order.
DRAWN = (
    (805, 'crate', ((-1, -1), (1, -1), (1, 1), (-1, 1)), (40, 60, 220)),
    (41, 'ball', None, (60, 200, 60)),
    (610, 'kite', ((0, -1), (1, 0), (0, 1), (-1, 0)), (220, 90, 40)),
    (1002, 'tent', ((0, -1), (1, 1), (-1, 1)), (40, 210, 220)),
)
IDS = [category for category, *_ in DRAWN]
BALL = 41
COCO_BALL = 37  # 'sports ball', the one class here that COCO has


@dataclass(frozen=True)
class Shape:
    """One object, in one frame."""

    identity: int  # within its video
    category: int
    center: FloatArray
    half: FloatArray  # half of width and height
    color: tuple[float, ...]

    @property
    def polygon(self) -> FloatArray:
        """(P, 2) corners."""
        corners = next(c for category, _, c, _ in DRAWN if category == self.category)
        if corners is None:
            angles = np.arange(24) * np.pi / 12
            corners = np.column_stack([np.cos(angles), np.sin(angles)])
        polygon: FloatArray = self.center + self.half * np.asarray(corners)
        return polygon

    @property
    def box(self) -> list[float]:
        """Left, top, width, height."""
        return [round(float(x), 2) for x in (*(self.center - self.half), *(2 * self.half))]


def make_video(
    rng: np.random.Generator, categories: Sequence[int], *, num_frames: int
) -> list[list[Shape]]:
    """Frames with one object of each category given; they turn at the edges, and cross."""
    low, high = np.array([20.0, 20.0]), np.array(SIZE) - 20.0
    centers = rng.uniform(low, high, (len(categories), 2))
    heading = rng.uniform(0, 2 * np.pi, len(categories))
    velocity = SPEED * np.column_stack([np.cos(heading), np.sin(heading)])
    halves = rng.uniform(9, 16, (len(categories), 2))
    usual = [next(c for i, *_, c in DRAWN if i == category) for category in categories]
    colors = (np.array(usual) + rng.uniform(0, 255, (len(categories), 3))) / 2
    frames = []
    for _ in range(num_frames):
        frames.append(
            [
                Shape(n, category, centers[n].copy(), halves[n], tuple(colors[n]))
                for n, category in enumerate(categories)
            ]
        )
        velocity[(centers < low) & (velocity < 0) | (centers > high) & (velocity > 0)] *= -1
        centers += velocity
    return frames


def draw(path: Path, shapes: Sequence[Shape], rng: np.random.Generator) -> None:
    """Write an image; later shapes hide earlier ones."""
    image = rng.normal(120, 8, (SIZE[1], SIZE[0], 3)).clip(0, 255).astype(np.uint8)
    for shape in shapes:
        cv2.fillPoly(image, [np.round(shape.polygon).astype(np.int32)], shape.color)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), image):
        raise OSError(f'{path}: cannot be written')


def write_tao(
    folder: Path, split: str, prefix: str, *, num_videos: int, num_frames: int, seed: int
) -> None:
    """Write frames and the annotation file of a split.

    Each video lacks one of the drawn classes, which is known (``neg_category_ids``). Of another the
    last object is drawn, but not annotated (``not_exhaustive_category_ids``).
    """
    rng = np.random.default_rng(seed)
    content: dict[str, Any] = dict(videos=[], images=[], tracks=[], annotations=[])
    content['categories'] = _categories()
    for number in range(num_videos):
        present = [IDS[(number + k) % len(IDS)] for k in range(3)]
        frames = make_video(rng, [*present, present[0], present[1]], num_frames=num_frames)
        video = dict(id=10 + number, name=f'{prefix}/made/v{number}', width=SIZE[0], height=SIZE[1])
        absent = [category for category in IDS if category not in present]
        video |= dict(neg_category_ids=absent, not_exhaustive_category_ids=present[1:2])
        content['videos'].append(video)
        first = len(content['tracks'])  # ids start at 0
        content['tracks'] += [
            dict(id=first + shape.identity, video_id=video['id'], category_id=shape.category)
            for shape in frames[0][:-1]
        ]
        for place, shapes in enumerate(frames):
            image = dict(
                id=1000 * video['id'] + place,
                video_id=video['id'],
                frame_index=STEP * place,
                file_name=f'{video["name"]}/{STEP * place:04d}.jpg',
                width=SIZE[0],
                height=SIZE[1],
            )
            content['images'].insert(0, image)  # in no order, as there
            draw(folder / 'frames' / image['file_name'], shapes, rng)
            content['annotations'] += [
                _annotation(content, image, shape)
                | dict(track_id=first + shape.identity, video_id=video['id'])
                for shape in shapes[:-1]
            ]
    _save(folder / 'annotations' / f'{split}.json', content)


def write_lvis(folder: Path, *, num_images: int, seed: int) -> None:
    """Write images of COCO, what LVIS and COCO know of them, and the mapping between their classes.

    In every second image LVIS lacks the balls. COCO has all of them, and nothing else.
    """
    rng = np.random.default_rng(seed)
    lvis: dict[str, Any] = dict(images=[], annotations=[], categories=_categories())
    coco: dict[str, Any] = dict(images=[], annotations=[])
    coco['categories'] = [dict(id=COCO_BALL, name='sports ball')]
    for number in range(1, num_images + 1):
        absent = int(rng.choice(IDS))
        present = [int(c) for c in rng.choice(IDS, 4) if c != absent] or [BALL]
        (shapes,) = make_video(rng, present, num_frames=1)
        image = dict(id=number, height=SIZE[1], width=SIZE[0])
        name = f'{number:012d}.jpg'
        draw(folder / 'coco' / 'train2017' / name, shapes, rng)
        lists = dict(neg_category_ids=[absent], not_exhaustive_category_ids=[])
        lvis['images'].append(image | lists | dict(file_name=f'COCO_train2014_{name}'))
        coco['images'].append(image | dict(file_name=name))
        for shape in shapes:
            outline = dict(segmentation=[shape.polygon.round(2).ravel().tolist()])
            if shape.category == BALL:
                row = _annotation(coco, image, shape) | outline
                coco['annotations'].append(row | dict(category_id=COCO_BALL))
            if shape.category != BALL or number % 2:
                lvis['annotations'].append(_annotation(lvis, image, shape) | outline)
    _save(folder / 'lvis' / 'annotations' / 'lvis_v0.5_train.json', lvis)
    _save(folder / 'coco' / 'annotations' / 'instances_train2017.json', coco)
    entry = dict(coco_cat_id=COCO_BALL, meaning='round', synset='ball.n.01')
    _save(folder / 'coco_to_lvis_synset.json', {'sports ball': entry})


def write_made_tao(
    folder: Path | str, *, num_videos: int = 3, num_frames: int = 12, num_images: int = 60
) -> None:
    """Write all of it.

    Args:
        folder: gets ``tao``, ``lvis``, ``coco`` and ``coco_to_lvis_synset.json``.
        num_videos: for training, and as many for validation.
        num_frames: annotated frames of each video.
        num_images: of LVIS and COCO.
    """
    folder = Path(folder)
    numbers = dict(num_videos=num_videos, num_frames=num_frames)
    write_tao(folder / 'tao', 'train', 'train', **numbers, seed=0)
    write_tao(folder / 'tao', 'validation', 'val', **numbers, seed=1)
    content = dict(categories=_categories())
    _save(folder / 'tao' / 'annotations' / 'test_categories.json', content)
    write_lvis(folder, num_images=num_images, seed=2)


def _categories() -> list[dict[str, Any]]:
    others = [number for number in range(1, NUM_CLASSES + 1) if number not in IDS]
    named = {number: f'thing_{number}' for number in others[: NUM_CLASSES - len(IDS)]}
    named |= {category: name for category, name, *_ in DRAWN}
    return [
        dict(id=number, name=name, synset=f'{name}.n.01', frequency='f')
        for number, name in named.items()
    ]


def _annotation(content: dict[str, Any], image: dict[str, Any], shape: Shape) -> dict[str, Any]:
    return dict(
        id=len(content['annotations']),
        image_id=image['id'],
        category_id=shape.category,
        bbox=shape.box,
        area=shape.box[2] * shape.box[3],
        iscrowd=0,
    )


def _save(path: Path, content: dict[str, Any]) -> None:
    with atomic_write(path) as file:
        file.write(json.dumps(content))


def main() -> None:
    """Write to the folder named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('out', type=Path)
    parser.add_argument('--videos', type=int, default=3, help='of each split')
    parser.add_argument('--frames', type=int, default=12, help='annotated frames of a video')
    parser.add_argument('--images', type=int, default=60, help='of LVIS and COCO')
    given = parser.parse_args()
    numbers = dict(num_videos=given.videos, num_frames=given.frames, num_images=given.images)
    write_made_tao(given.out, **numbers)
    print(f'Wrote tao, lvis, coco and coco_to_lvis_synset.json to {given.out}')


if __name__ == '__main__':
    main()
