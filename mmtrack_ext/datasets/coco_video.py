"""The tables of a COCO-video file, from MOTChallenge ground truth."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmtrack_ext.fileio import GroundTruth, SequenceInfo

PEDESTRIAN = 1
# Detections on these count neither way: TrackEval's MotChallenge2DBox, distractor_class_names.
DISTRACTORS = {
    'MOT16': (2, 7, 8, 12),
    'MOT17': (2, 7, 8, 12),
    'MOT20': (2, 6, 7, 8, 12),
    'DanceTrack': (),
}


@dataclass(frozen=True)
class Sequence:
    """What is read of a sequence folder once, whichever splits it goes into."""

    folder: Path
    info: SequenceInfo
    frames: list[Path]
    protocol: str
    truth: GroundTruth | None

    @property
    def name(self) -> str:
        """That of the folder, which is where everything is looked for."""
        return self.folder.absolute().name


def make_categories(sequences: list[Sequence], names: list[str] | None) -> list[dict[str, Any]]:
    """COCO's ``categories``, the same for every split.

    Args:
        sequences: of all splits.
        names: of classes 1, 2, ...; None names those that are there by their number.

    Raises:
        ValueError: a class has no name or is below 1, or two have the same name.
    """
    present: dict[int, str] = {PEDESTRIAN: ''}
    for sequence in sequences:
        if sequence.truth is not None:
            numbers, _ = categories_of(sequence.truth, sequence.protocol)
            if sequence.protocol == 'none' and (numbers < 1).any():
                problem = f'{sequence.name}: class {numbers.min()}, but classes count from 1'
                raise ValueError(problem)
            present |= dict.fromkeys(np.unique(numbers[numbers != 0]).tolist(), sequence.name)
    if names is None:  # a stray class of 10**8 makes one category, not as many
        known = {number: f'class {number}' for number in sorted(present)} | {1: 'pedestrian'}
        return [dict(id=number, name=name) for number, name in known.items()]
    if len(set(names)) < len(names):
        raise ValueError(f'--classes must be different names. Got {" ".join(names)}')
    if max(present) > len(names):
        raise ValueError(
            f'--classes names {len(names)}, but {present[max(present)]} has class {max(present)}'
        )
    return [dict(id=number, name=name) for number, name in enumerate(names, start=1)]


def categories_of(truth: GroundTruth, protocol: str) -> tuple[np.ndarray, np.ndarray]:
    """What each row of the ground truth is.

    Returns:
        (N,) category, 0 = left out; (N,) bool, whether it is to be ignored.
    """
    unscored = truth.flags == 0
    if protocol == 'MOT15':
        return np.full_like(truth.classes, PEDESTRIAN), unscored
    if protocol == 'none':
        return truth.classes, unscored
    distractor = np.isin(truth.classes, DISTRACTORS[protocol])
    kept = distractor | (truth.classes == PEDESTRIAN)
    return np.where(kept, PEDESTRIAN, 0), distractor | unscored


class CocoVideo:
    """The tables of one COCO-video file, sequence after sequence."""

    def __init__(self, categories: list[dict[str, Any]]) -> None:
        self.categories = categories
        self.videos: list[dict[str, Any]] = []
        self.images: list[dict[str, Any]] = []
        self.annotations: list[dict[str, Any]] = []
        self.num_instances = 0
        self.counts: Counter[str] = Counter()

    def add(self, sequence: Sequence, start: int, stop: int) -> None:
        """Frames ``start`` to ``stop - 1`` of a sequence."""
        info, video_id = sequence.info, len(self.videos) + 1
        size = dict(width=info.width, height=info.height)
        self.videos.append(dict(id=video_id, name=sequence.name, fps=info.frame_rate, **size))
        rows = rows_by_frame(sequence)
        instances: dict[tuple[int, int], int] = {}
        for frame in range(start, stop):
            image = dict(
                id=len(self.images) + 1,
                video_id=video_id,
                file_name=f'{sequence.name}/{info.image_folder}/{sequence.frames[frame].name}',
                **size,
                frame_id=frame - start,
                mot_frame_id=frame + 1,
            )
            self.images.append(image)
            for row in rows[frame]:
                self._add_row(row, image, instances)
        if sequence.truth is not None:
            numbers, _ = categories_of(sequence.truth, sequence.protocol)
            inside = (sequence.truth.frames >= start) & (sequence.truth.frames < stop)
            self.counts['left out'] += int((inside & (numbers == 0)).sum())

    def _add_row(
        self, row: dict[str, Any], image: dict[str, Any], instances: dict[tuple[int, int], int]
    ) -> None:
        key = (row['category_id'], row['mot_instance_id'])
        if key not in instances:
            instances[key] = self.num_instances
            self.num_instances += 1
        own = dict(id=len(self.annotations) + 1, image_id=image['id'], video_id=image['video_id'])
        self.annotations.append(own | row | dict(instance_id=instances[key]))
        self.counts['ignored' if row['iscrowd'] else 'targets'] += 1

    def content(self) -> dict[str, Any]:
        """What is written."""
        return dict(
            categories=self.categories,
            videos=self.videos,
            images=self.images,
            annotations=self.annotations,
            num_instances=self.num_instances,
        )

    def summary(self) -> str:
        """Counts, for people."""
        return (
            f'{len(self.videos)} sequences, {len(self.images)} frames, {self.num_instances} '
            f'objects, boxes: {self.counts["targets"]} targets, {self.counts["ignored"]} ignored, '
            f'{self.counts["left out"]} of other classes left out'
        )


def rows_by_frame(sequence: Sequence) -> dict[int, list[dict[str, Any]]]:
    """The annotations of each frame, from 0, without what depends on the split."""
    rows: dict[int, list[dict[str, Any]]] = defaultdict(list)
    truth = sequence.truth
    if truth is None:
        return rows
    numbers, ignored = categories_of(truth, sequence.protocol)
    columns = (
        *(truth.frames, numbers, truth.boxes_tlwh, ignored, truth.visibilities),
        *(truth.ids, truth.classes, truth.flags),
    )
    for values in zip(*(column.tolist() for column in columns), strict=True):
        frame, category, bbox, is_ignored, visibility, track_id, class_id, flag = values
        if category:
            annotation = dict(
                category_id=category,
                bbox=bbox,
                area=bbox[2] * bbox[3],
                iscrowd=int(is_ignored),
                visibility=visibility,
                mot_instance_id=track_id,
                mot_class_id=class_id,
                mot_conf=flag,
            )
            rows[frame].append(annotation)
    return rows
