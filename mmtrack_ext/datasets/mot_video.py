"""Videos from a COCO-video file, as ``tools/dataset_converters`` write it."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from mmengine.fileio import join_path

from mmtrack_ext.datasets.flat_video import FlatVideoDataset
from mmtrack_ext.registry import DATASETS

CONVERT = 'tools/dataset_converters/mot2coco.py -i {root} -o {root}/annotations'


@DATASETS.register_module()
class MOTVideoDataset(FlatVideoDataset):
    """Frames with boxes and identities, one item a frame.

    Images that belong to no video (CrowdHuman, COCO) are videos of one frame.

    Args:
        ann_file: COCO-video JSON; see ``tools/dataset_converters/mot2coco.py``.
        data_root: what ``ann_file`` and ``data_prefix`` are relative to.
        data_prefix: ``img_path`` is what the file's ``file_name`` are relative to.
        metainfo: ``classes``: names of the categories to keep; label 0 is the first of them.
        filter_cfg: for training, ``filter_empty_gt`` leaves out frames without targets and
            ``min_size`` images with a shorter side below.
        min_visibility: in training, targets less visible than this are ignored.
        max_frames: only the first frames of each video, for short runs.
        kwargs: the other arguments of mmengine's ``BaseDataset``: ``pipeline, test_mode, indices,
            serialize_data, lazy_init, max_refetch``.

    Each instance has ``bbox`` (x1, y1, x2, y2 in pixels, not clipped), ``bbox_label``,
    ``ignore_flag`` (1 where COCO says ``iscrowd``), ``instance_id`` (the same through the video)
    and ``visibility`` (1 where unknown). Boxes outside the image or under one pixel are dropped,
    as in mmdet's ``CocoDataset``.

    Raises:
        FileNotFoundError: there is no annotation file; says how to make it.
        ValueError: it is not such a file, or lacks one of ``classes``.
    """

    def __init__(
        self,
        ann_file: str,
        *,
        data_root: str = '',
        data_prefix: dict | None = None,
        min_visibility: float = 0.0,
        max_frames: int | None = None,
        **kwargs: Any,
    ) -> None:
        if max_frames is not None and max_frames < 1:
            raise ValueError(
                "The 'max_frames' parameter of MOTVideoDataset must be an int >= 1 or None. "
                f'Got {max_frames} instead.'
            )
        self.min_visibility = min_visibility
        self.max_frames = max_frames
        prefix = data_prefix or dict(img_path='')
        super().__init__(ann_file=ann_file, data_root=data_root, data_prefix=prefix, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Read the file; the frames of a video stand in a row, first frame first."""
        content = _read_json(self.ann_file)
        self.cat_ids = self._category_ids(content['categories'])
        self.cat2label = {category: label for label, category in enumerate(self.cat_ids)}
        annotations = defaultdict(list)
        for annotation in content.get('annotations', []):
            annotations[annotation['image_id']].append(annotation)
        items = []
        for video in _videos(self.ann_file, content):
            images = video.pop('images')[: self.max_frames]
            shared = dict(video, video_length=len(images))
            items += [self._item(image, annotations[image['id']], shared) for image in images]
        return items

    def _category_ids(self, categories: list[dict]) -> list[int]:
        ids = {category['name']: category['id'] for category in categories}
        absent = [name for name in self.metainfo['classes'] if name not in ids]
        if absent:
            raise ValueError(
                f'{self.ann_file}: there is no category {absent[0]!r} in it, only {list(ids)}; '
                'set metainfo=dict(classes=...) of the dataset to some of these'
            )
        return [ids[name] for name in self.metainfo['classes']]

    def _item(self, image: dict, annotations: list[dict], video: dict) -> dict:
        item = dict(video)
        item['img_id'] = image['id']
        item['img_path'] = join_path(self.data_prefix.get('img_path', ''), image['file_name'])
        item['height'], item['width'] = image['height'], image['width']
        item['frame_id'] = image.get('frame_id', 0)
        if 'mot_frame_id' in image:
            item['mot_frame_id'] = image['mot_frame_id']
        item['instances'] = [
            self._instance(annotation, number)
            for number, annotation in enumerate(annotations)
            if annotation['category_id'] in self.cat2label
            and not annotation.get('ignore', False)
            and _is_in_image(annotation['bbox'], image)
        ]
        return item

    def _instance(self, annotation: dict, number: int) -> dict:
        left, top, width, height = annotation['bbox']
        visibility = annotation.get('visibility', 1.0)
        hidden = not self.test_mode and visibility < self.min_visibility
        return dict(
            bbox=[left, top, left + width, top + height],
            bbox_label=self.cat2label[annotation['category_id']],
            ignore_flag=int(bool(annotation.get('iscrowd', 0)) or hidden),
            # Images of no video may have none: there the number within the image will do.
            instance_id=annotation.get('instance_id', number),
            visibility=visibility,
        )


def _read_json(path: str) -> dict:
    try:
        content = json.loads(Path(path).read_text(encoding='utf-8'))
    except FileNotFoundError:
        raise FileNotFoundError(f'{path}: no such annotation file; {_how_to_make(path)}') from None
    except ValueError as error:  # no JSON, or no text at all
        raise ValueError(f'{path}: this is no JSON file ({error})') from None
    tables = content if isinstance(content, dict) else {}
    missing = [key for key in ('images', 'categories') if not isinstance(tables.get(key), list)]
    if missing:
        raise ValueError(
            f'{path}: this is no COCO-video file, {missing[0]!r} is missing; {_how_to_make(path)}'
        )
    return content


def _how_to_make(path: str) -> str:
    """The command that makes the file, from where it is looked for."""
    root = Path(path).parent.parent
    if 'crowdhuman' in path.lower():
        return f'make it with: {CONVERT.replace("mot2coco", "crowdhuman2coco").format(root=root)}'
    command = CONVERT.format(root=root)
    if Path(path).name.startswith('half-'):
        command += ' --split-train'
    if 'SynthMOT' in root.parts:
        render = f'tools/dataset_converters/make_synth_mot.py {root}'
        return f'make it with: {render} and then {command}'
    return f'make it with: {command}'


def _videos(path: str, content: dict) -> list[dict]:
    """``video_id, video_name, frame_rate, images`` of each video, images by frame."""
    known = {video['id']: video for video in content.get('videos', [])}
    next_id = max(known, default=0) + 1
    videos: dict[Any, dict] = {}
    for position, image in enumerate(content['images']):
        absent = {'id', 'file_name', 'height', 'width'} - image.keys()
        if absent:
            raise ValueError(f'{path}: image {position} has no {sorted(absent)[0]!r}')
        if 'video_id' not in image or 'frame_id' not in image:
            name = Path(image['file_name']).stem
            videos[f'image {position}'] = dict(video_id=next_id, video_name=name, images=[image])
            next_id += 1
            continue
        video_id = image['video_id']
        if video_id not in known:
            raise ValueError(
                f"{path}: image {image['id']} is of video {video_id}, which 'videos' lacks"
            )
        if video_id not in videos:
            video = known[video_id]
            videos[video_id] = dict(video_id=video_id, video_name=video['name'], images=[])
            if video.get('fps') is not None:
                videos[video_id]['frame_rate'] = video['fps']
        videos[video_id]['images'].append(image)
    for video in videos.values():
        video['images'].sort(key=lambda image: image.get('frame_id', 0))
    return list(videos.values())


def _is_in_image(bbox: list[float], image: dict) -> bool:
    left, top, width, height = bbox
    inside = min(left + width, image['width']) > max(left, 0) and (
        min(top + height, image['height']) > max(top, 0)
    )
    return inside and width >= 1 and height >= 1
