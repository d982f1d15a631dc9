"""TAO and LVIS annotation files: boxes, tracks, and what is known to be absent or incomplete.

In a federated set each video (or image) is annotated for some categories only: those with a box
(positive), and those that somebody looked for in vain (``neg_category_ids``). Of the categories in
``not_exhaustive_category_ids`` some objects are annotated, but not all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mmtrack_ext.association.arrays import IntArray
from mmtrack_ext.evaluation.tao.rows import Rows
from mmtrack_ext.fileio import FileFormatError, read_json

LISTS = ('neg_category_ids', 'not_exhaustive_category_ids')


@dataclass(frozen=True, eq=False)
class FederatedLists:
    """Pairs of a unit (video or image) and a category, as ``unit * num_categories + category``."""

    negative: IntArray
    not_exhaustive: IntArray


@dataclass(frozen=True, eq=False)
class FederatedTruth:
    """What an annotation file holds; images ascend by id, videos by name, categories by id.

    (TrackEval takes videos in the order of their names, lvis images in that of their ids; of two
    results with the same score the earlier goes first.)
    """

    path: str
    image_ids: IntArray  # (I,)
    image_frames: IntArray  # (I,) frame_index
    image_videos: IntArray  # (I,) position of the video; empty without videos
    video_ids: IntArray  # (V,)
    category_ids: IntArray  # (C,)
    category_positions: dict[int, int]  # of every id, merged ones at the category they are part of
    category_names: dict[str, int]  # position by name
    frequencies: tuple[str, ...]  # (C,) 'r', 'c' or 'f', by number of training images; '' unknown
    annotations: Rows
    image_lists: FederatedLists | None  # None where the file has none
    video_lists: FederatedLists | None

    @property
    def num_categories(self) -> int:
        """How many categories the file names."""
        return len(self.category_ids)

    def find_images(self, ids: Sequence[int] | IntArray) -> IntArray:
        """Positions of images by id.

        Raises:
            ValueError: the file has no such image.
        """
        wanted = np.asarray(ids, np.int64)
        if len(absent := np.setdiff1d(wanted, self.image_ids)):
            raise ValueError(
                f'{self.path}: no image has the id {absent[0]}, which results are of; the metric '
                'and the dataset need the same annotation file.'
            )
        return np.searchsorted(self.image_ids, wanted)

    def rows_of(self, results: Iterable[Mapping[str, Any]]) -> Rows:
        """Entries of a result file: image_id, category_id, bbox, score and, of tracks, track_id.

        Categories are merged; entries of a category that the file does not have are left out.
        """
        known = [entry for entry in results if entry['category_id'] in self.category_positions]
        return Rows.of(
            self.find_images([entry['image_id'] for entry in known]),
            [self.category_positions[entry['category_id']] for entry in known],
            [entry['bbox'] for entry in known],
            [entry.get('track_id', 0) for entry in known],
            [entry['score'] for entry in known],
        )

    def lists_of(self, units: str) -> FederatedLists:
        """Lists of 'images' or 'videos'.

        Raises:
            FileFormatError: the file has none, so that results cannot be scored.
        """
        lists = self.image_lists if units == 'images' else self.video_lists
        if lists is None:
            raise FileFormatError(
                self.path,
                f'{units!r} is empty, or an entry has no {LISTS[0]!r} or no {LISTS[1]!r}, so it '
                'is unknown which results are wrong; tools/dataset_converters/tao2coco.py keeps '
                'these lists, format_only=True writes results without scoring them',
            )
        return lists

    def of_images(self, images: IntArray) -> FederatedTruth:
        """The same with the annotations of these images (by position) alone."""
        return replace(self, annotations=self.annotations[np.isin(self.annotations.images, images)])


def read_federated(path: Path | str) -> FederatedTruth:
    """Read a TAO file, or an LVIS file (no videos, no tracks).

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: it lacks a table or an entry refers to what is not there.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(
            f'{path}: no such annotation file; tools/dataset_converters/tao2coco.py makes it'
        )
    try:
        return _truth(str(path), read_json(path))
    except KeyError as error:
        raise FileFormatError(path, f'an entry lacks, or refers to a missing, {error}') from None
    except (ValueError, TypeError) as error:
        problem = str(error).removeprefix(f'{path}: ')  # as read_json begins
        raise FileFormatError(path, f'this is no TAO or LVIS annotation file ({problem})') from None


def _truth(path: str, content: dict[str, Any]) -> FederatedTruth:
    images = sorted(content['images'], key=lambda image: image['id'])
    # As TrackEval names and sorts them.
    videos = sorted(
        content.get('videos') or [], key=lambda video: video.get('name', '').replace('/', '-')
    )
    categories = sorted(content['categories'], key=lambda category: category['id'])
    own = {category['id']: position for position, category in enumerate(categories)}
    merged = {
        part['id']: own[category['id']]
        for category in categories
        for part in category.get('merged', ())
    }
    video_positions = {video['id']: position for position, video in enumerate(videos)}
    video_of = {video['id']: video for video in videos}
    with_lists = [{**video_of.get(image.get('video_id'), {}), **image} for image in images]
    positions = {**own, **merged}
    return FederatedTruth(
        path=path,
        image_ids=_integers(image['id'] for image in images),
        image_frames=_integers(
            image.get('frame_index', image.get('frame_id', 0)) for image in images
        ),
        image_videos=_integers(video_positions[image['video_id']] for image in images if videos),
        video_ids=_integers(video['id'] for video in videos),
        category_ids=_integers(category['id'] for category in categories),
        category_positions=positions,
        category_names={category['name']: positions[category['id']] for category in categories},
        frequencies=tuple(category.get('frequency', '') for category in categories),
        annotations=_annotations(content.get('annotations') or [], images, positions),
        image_lists=_lists(with_lists, own),
        video_lists=_lists(videos, own),
    )


def _annotations(
    entries: list[dict[str, Any]], images: list[dict[str, Any]], positions: dict[int, int]
) -> Rows:
    image_positions = {image['id']: position for position, image in enumerate(images)}
    rows = Rows.of(
        [image_positions[entry['image_id']] for entry in entries],
        [positions[entry['category_id']] for entry in entries],
        [entry['bbox'] for entry in entries],
        [entry.get('track_id', -1) for entry in entries],
        np.zeros(len(entries)),
    )
    annotated = [entry.get('area', own) for entry, own in zip(entries, rows.areas, strict=True)]
    ignored = [bool(entry.get('ignore', False)) for entry in entries]
    return replace(
        rows, areas=np.array(annotated, np.float64), ignored=np.array(ignored, dtype=bool)
    )


def _lists(units: list[dict[str, Any]], positions: dict[int, int]) -> FederatedLists | None:
    # Not merged (as in TrackEval): of a category that was, there are no results any more.
    if not units or any(name not in unit for unit in units for name in LISTS):
        return None
    keys = (
        _integers(
            number * len(positions) + positions[category]
            for number, unit in enumerate(units)
            for category in unit[name]
            if category in positions
        )
        for name in LISTS
    )
    return FederatedLists(*keys)


def _integers(values: Iterable[int]) -> IntArray:
    return np.array(list(values), np.int64)
