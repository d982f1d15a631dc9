"""Videos from a COCO-video file, as ``tools/dataset_converters`` write it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from mmengine.fileio import join_path

from mmtrack_ext.datasets.coco_tables import read_tables, videos_in
from mmtrack_ext.datasets.flat_video import FlatVideoDataset
from mmtrack_ext.datasets.mot_folders import match_names
from mmtrack_ext.registry import DATASETS


@DATASETS.register_module()
class MOTVideoDataset(FlatVideoDataset):
    """Frames with boxes and identities, one item a frame.

    Images that belong to no video (CrowdHuman, COCO) are videos of one frame.

    Args:
        ann_file: COCO-video JSON; see ``tools/dataset_converters/mot2coco.py``.
        data_root: what ``ann_file`` and ``data_prefix`` are relative to.
        data_prefix: ``img_path``, or as in mmdet's ``CocoDataset`` ``img``, is what the file's
            ``file_name`` are relative to.
        metainfo: ``classes``: names of the categories to keep; label 0 is the first of them.
        filter_cfg: for training, ``filter_empty_gt`` leaves out frames without targets and
            ``min_size`` images with a shorter side below.
        sequences: names of the videos wanted, or patterns of names as the shell has them
            ('MOT17-*-FRCNN'); None takes all.
        min_visibility: in training, targets less visible than this are ignored.
        first_identity: for classifiers of identities: the targets get ``instance_id`` from this
            number on, without gaps, the same object of a video the same; what is no target gets
            -1. ``metainfo['num_identities']`` says how many there are, and so where the next of
            several sets starts. None leaves the numbers of the file.
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
        sequences: Sequence[str] | None = None,
        min_visibility: float = 0.0,
        first_identity: int | None = None,
        max_frames: int | None = None,
        **kwargs: Any,
    ) -> None:
        if max_frames is not None and max_frames < 1:
            raise ValueError(
                "The 'max_frames' parameter of MOTVideoDataset must be an int >= 1 or None. "
                f'Got {max_frames} instead.'
            )
        self.sequences = sequences
        self.min_visibility = min_visibility
        self.first_identity = first_identity
        self.max_frames = max_frames
        super().__init__(
            ann_file=ann_file, data_root=data_root, data_prefix=_image_prefix(data_prefix), **kwargs
        )

    def load_data_list(self) -> list[dict]:
        """Read the file; the frames of a video stand in a row, first frame first."""
        content = read_tables(self.ann_file)
        self.cat_ids = self._category_ids(content['categories'])
        self.cat2label = {category: label for label, category in enumerate(self.cat_ids)}
        annotations = defaultdict(list)
        for annotation in content['annotations']:
            annotations[annotation['image_id']].append(annotation)
        items = []
        for video in self._chosen(list(videos_in(self.ann_file, content))):
            images = video.pop('images')[: self.max_frames]
            shared = dict(video, video_length=len(images))
            items += [self._item(image, annotations[image['id']], shared) for image in images]
        return items

    def _chosen(self, videos: list[dict]) -> list[dict]:
        """The videos whose names ``sequences`` allows."""
        if self.sequences is None:
            return videos
        names = [video['video_name'] for video in videos]
        wanted = match_names(self.sequences, names, where=self.ann_file)
        return [video for video in videos if video['video_name'] in wanted]

    def filter_data(self) -> list[dict]:
        """As ``FlatVideoDataset``; identities are those of what is left."""
        items = super().filter_data()
        if self.first_identity is not None:
            self._metainfo['num_identities'] = _number_identities(items, self.first_identity)
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
        item['img_path'] = join_path(self.data_prefix['img_path'], image['file_name'])
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
        visibility = annotation.get('visibility')
        visibility = 1.0 if visibility is None else visibility
        hidden = not self.test_mode and visibility < self.min_visibility
        return dict(
            bbox=[left, top, left + width, top + height],
            bbox_label=self.cat2label[annotation['category_id']],
            ignore_flag=int(bool(annotation.get('iscrowd', 0)) or hidden),
            # Images of no video may have none: there the number within the image will do.
            instance_id=annotation.get('instance_id', number),
            visibility=visibility,
        )


def _number_identities(items: list[dict], first: int) -> int:
    """Number the targets of items through, in place; returns how many identities there are."""
    numbers: dict[tuple[Any, Any], int] = {}
    for item in items:
        for instance in item['instances']:
            key = (item['video_id'], instance['instance_id'])
            if instance['ignore_flag']:
                instance['instance_id'] = -1
            else:
                instance['instance_id'] = first + numbers.setdefault(key, len(numbers))
    return len(numbers)


def _image_prefix(prefix: dict | None) -> dict:
    prefix = dict(prefix or {})
    if 'img' in prefix:
        prefix.setdefault('img_path', prefix.pop('img'))
    if prefix.keys() - {'img_path'}:
        raise ValueError(
            "The 'data_prefix' of MOTVideoDataset must be dict(img_path='train/') or alike. "
            f'Got {prefix} instead.'
        )
    return {'img_path': '', **prefix}


def _is_in_image(bbox: list[float], image: dict) -> bool:
    left, top, width, height = bbox
    inside = min(left + width, image['width']) > max(left, 0) and (
        min(top + height, image['height']) > max(top, 0)
    )
    return inside and width >= 1 and height >= 1
