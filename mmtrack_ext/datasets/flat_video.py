"""What the datasets of videos share: one item is one frame, with an integer index.

mmdet's video datasets have one item per video and tuples for frames, which no wrapper
(``ConcatDataset``, ``ClassBalancedDataset``) and no sampler of mmengine understands.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from mmdet.datasets import BaseDetDataset

import mmtrack_ext.datasets.transforms  # noqa: F401  # pipelines name them
from mmtrack_ext.association.arrays import IntArray
from mmtrack_ext.datasets.reference_frame import ReferenceFrame
from mmtrack_ext.registry import SCOPE, TRANSFORMS

PACKED = ('inputs', 'data_samples')  # what PackFrameInputs makes


class FlatVideoDataset(BaseDetDataset):
    """Base class; a subclass gives ``load_data_list``, the frames of each video in a row.

    Each item has at least ``img_path, img_id, video_id, video_name, frame_id, video_length,
    instances``; ``height, width, mot_frame_id, frame_rate`` where they are known; and
    ``prev_img_path``, the image of the frame before, None for the first.

    Args:
        reference: arguments of ``ReferenceFrame``, for methods that learn from pairs of frames: in
            training the pipeline then gets lists of two, of the key frame and of its reference,
            as ``TransformBroadcaster`` scatters them.
        args, kwargs: see mmdet's ``BaseDetDataset``.

    Raises:
        ValueError: ``classes`` is not a list of different names, or no frame is left.
    """

    METAINFO = dict(classes=('pedestrian',))  # noqa: RUF012  # mmengine's name and type

    def __init__(self, *args: Any, reference: dict[str, Any] | None = None, **kwargs: Any) -> None:
        self.reference = ReferenceFrame(**reference) if reference is not None else None
        self._places: IntArray = np.empty((0, 2), np.int64)  # video_id and frame_id of each item
        _check_classes(type(self).__name__, kwargs.get('metainfo'))
        # mmengine would look the steps up in the default scope, which may be another.
        pipeline = [build_step(step) for step in kwargs.pop('pipeline', None) or []]
        super().__init__(*args, pipeline=pipeline, **kwargs)

    def full_init(self) -> None:
        """Load, filter, cut to ``indices``, remember which video each item is of, serialize."""
        if self._fully_initialized:
            return
        self.data_list = self.load_data_list()
        _link_frames(self.data_list)  # before some are left out
        self.data_list = self.filter_data()
        if self._indices is not None:
            self.data_list = self._get_unserialized_subset(self._indices)
        if not self.data_list:
            raise ValueError(
                f'{self.ann_file or self.data_root}: {type(self).__name__} has no frame left; '
                f'filter_cfg is {self.filter_cfg}, classes are {self.metainfo["classes"]}'
            )
        places = [(item['video_id'], item['frame_id']) for item in self.data_list]
        self._places = np.array(places, np.int64)
        if self.serialize_data:
            self.data_bytes, self.data_address = self._serialize_data()
        self._fully_initialized = True

    def prepare_data(self, idx: int) -> Any:
        """What the pipeline makes of a frame, or of a pair of frames."""
        if self.reference is None or self.test_mode:
            return super().prepare_data(idx)
        frames = self.video_frames(idx)
        chosen = self.reference.draw(self._places[frames, 1], key=frames.index(idx))
        pair = [self.get_data_info(idx), self.get_data_info(frames[chosen])]
        packed = self.pipeline({name: [item[name] for item in pair] for name in pair[0]})
        if packed is None or 'inputs' not in packed:  # to be drawn again, or for looking at
            return packed
        return {name: packed[name] for name in PACKED}  # a broadcaster keeps the rest

    @property
    def video_ids(self) -> IntArray:
        """(N,) int64 video of each item, unique within this dataset only."""
        self.full_init()
        return self._places[:, 0]

    def video_frames(self, idx: int) -> list[int]:
        """The items of the same video as item ``idx``, itself included, first frame first.

        For methods that learn from pairs of frames. In training ``filter_cfg`` may have left gaps
        between them: see their ``frame_id``.
        """
        return np.flatnonzero(self.video_ids == self.video_ids[idx]).tolist()

    def get_cat_ids(self, idx: int) -> list[int]:
        """Labels of the targets of an item, which ``ClassBalancedDataset`` asks for."""
        instances = self.get_data_info(idx)['instances']
        return [instance['bbox_label'] for instance in instances if not instance['ignore_flag']]

    def get_subset_(self, indices: Sequence[int] | int) -> None:
        """Keep the first, the last (a negative number), or the given items."""
        self.full_init()
        kept = _select(self._places, indices)
        super().get_subset_(indices)
        self._places = kept

    def _copy_without_annotation(self, memo: dict[int, Any] | None = None) -> FlatVideoDataset:
        # mmengine's default is one dict for all calls. It takes an object for the copy of another
        # that had the same address in an earlier call.
        copied: FlatVideoDataset = super()._copy_without_annotation({} if memo is None else memo)
        return copied

    def get_subset(self, indices: Sequence[int] | int) -> FlatVideoDataset:
        """A dataset of the first, the last (a negative number), or the given items."""
        subset = super().get_subset(indices)
        subset._places = _select(self._places, indices)
        return subset

    def filter_data(self) -> list[dict]:
        """Training only: images of ``min_size``, with a target if ``filter_empty_gt``."""
        filters = self.filter_cfg or {}
        if self.test_mode or not filters:
            return self.data_list
        min_size = filters.get('min_size', 0)
        needs_target = filters.get('filter_empty_gt', False)
        return [
            item
            for item in self.data_list
            if min(item.get('width', min_size), item.get('height', min_size)) >= min_size
            and (not needs_target or any(not i['ignore_flag'] for i in item['instances']))
        ]


def build_step(step: dict | Callable) -> Callable:
    """A step of the pipeline from its config, whatever the default scope, or the step itself."""
    return TRANSFORMS.build({'_scope_': SCOPE, **step}) if isinstance(step, dict) else step


def _link_frames(items: list[dict]) -> None:
    """Tell every frame where the one before it is."""
    for before, item in zip([None, *items], items):  # noqa: B905  # one shorter
        follows = before is not None and before['video_id'] == item['video_id']
        item['prev_img_path'] = before['img_path'] if follows else None


def _select(values: IntArray, indices: Sequence[int] | int) -> IntArray:
    if isinstance(indices, int):
        return copy.copy(values[:indices] if indices >= 0 else values[indices:])
    return values[list(indices)]


def _check_classes(owner: str, metainfo: dict | None) -> None:
    classes = (metainfo or {}).get('classes', ('pedestrian',))
    is_list = isinstance(classes, list | tuple) and all(isinstance(c, str) for c in classes)
    if not is_list or not classes or len(set(classes)) < len(classes):
        raise ValueError(
            f"The 'metainfo' of {owner} must hold classes=('pedestrian',) or other different "
            f'names. Got classes={classes!r}.'
        )
