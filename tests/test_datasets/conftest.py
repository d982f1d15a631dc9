"""Small videos, made by hand."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from mmtrack_ext.datasets.mot_video import MOTVideoDataset

WIDTH, HEIGHT = 32, 24


def make_annotation(number, image_id, bbox, **others):
    left, top, width, height = bbox
    return dict(
        dict(id=number, image_id=image_id, category_id=1, bbox=[left, top, width, height]),
        area=width * height,
        iscrowd=0,
        instance_id=number - 1,
        visibility=1.0,
        **others,
    )


def make_coco_video(lengths, annotations=(), classes=('pedestrian',), **changes):
    """Videos named V1, V2, ... of these lengths; images numbered through, from 1."""
    images = []
    for video_id, length in enumerate(lengths, start=1):
        for frame in range(length):
            images.append(
                dict(
                    id=len(images) + 1,
                    video_id=video_id,
                    file_name=f'V{video_id}/img1/{frame + 1:06d}.jpg',
                    width=WIDTH,
                    height=HEIGHT,
                    frame_id=frame,
                    mot_frame_id=frame + 11,
                )
            )
    videos = [
        dict(id=number, name=f'V{number}', fps=25, width=WIDTH, height=HEIGHT)
        for number in range(1, len(lengths) + 1)
    ]
    categories = [dict(id=number, name=name) for number, name in enumerate(classes, start=1)]
    content = dict(
        videos=videos, images=images, annotations=list(annotations), categories=categories
    )
    return content | changes


@pytest.fixture
def annotation():
    return make_annotation


@pytest.fixture
def coco_video():
    return make_coco_video


@pytest.fixture
def save(tmp_path):
    """Write a COCO-video file; returns its path."""

    def write(content, name='train_cocoformat.json'):
        path = tmp_path / 'annotations' / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    return write


@pytest.fixture
def make_dataset(save):
    """A MOTVideoDataset of a COCO-video file made of these arguments."""

    def make(lengths, annotations=(), classes=('pedestrian',), *, name='a.json', **options):
        path = save(make_coco_video(lengths, annotations, classes), name)
        options.setdefault('serialize_data', False)  # it collects garbage, which takes 0.1 s
        return MOTVideoDataset(path, metainfo=dict(classes=classes), **options)

    return make


@pytest.fixture
def make_sequence(tmp_path):
    """Write ``SEQ/seqinfo.ini`` and, where asked, images of one grey value a frame."""

    def make(name, num_frames, *, images=False, digits=6, root=tmp_path, size=True):
        folder = root / name
        folder.mkdir(parents=True)
        text = f'[Sequence]\nname={name}\nframeRate=25\nseqLength={num_frames}\n'
        if size:
            text += f'imWidth={WIDTH}\nimHeight={HEIGHT}\n'
        (folder / 'seqinfo.ini').write_text(text)
        if images:
            (folder / 'img1').mkdir()
            for number in range(1, num_frames + 1):
                image = np.full((HEIGHT, WIDTH, 3), 10 * number, np.uint8)
                cv2.imwrite(str(folder / 'img1' / f'{number:0{digits}d}.jpg'), image)
        return folder

    return make
