#!/usr/bin/env python
"""Convert MOT15, MOT16, MOT17, MOT20, DanceTrack or SynthMOT to COCO-video JSON.

    python tools/dataset_converters/mot2coco.py -i MOT17 -o MOT17/annotations --split-train

reads ``MOT17/{train,val,test}/SEQ/{seqinfo.ini,gt/gt.txt}`` (those folders that are there; images
are not needed) and writes ``{train,val,test}_cocoformat.json``. With ``--split-train`` the first
halves of the training sequences become ``half-train_cocoformat.json``, the second halves
``half-val_cocoformat.json``, and ``gt/gt_half-train.txt`` and ``gt/gt_half-val.txt`` are written
into each sequence.

Boxes keep their fractions, frames their number (``mot_frame_id``, from 1), objects their id
(``mot_instance_id``); ``frame_id`` counts from 0 in its split, ``instance_id`` from 0 through all
sequences of the file. In MOT16, MOT17, MOT20 and DanceTrack the target is the pedestrian, class 1.
Rows with flag 0 and TrackEval's distractors are ``iscrowd``: neither target nor background. Other
classes are left out. MOT15 has no classes, and in sets of other names every class is a target.

``gt_half-val.txt`` counts frames from 1, as the results of a tracker that is started on the second
half do (``track_detections.py --frames second-half``), and as the published half does.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from mmtrack_ext.datasets.mot_folders import LAYOUT, frame_files, read_info, sequence_folders
from mmtrack_ext.evaluation.protocols import PEDESTRIAN, PROTOCOLS, infer_protocol
from mmtrack_ext.fileio import (
    FileFormatError,
    GroundTruth,
    SequenceInfo,
    atomic_write,
    read_detections,
    read_ground_truth,
    second_half_start,
    write_detections,
    write_ground_truth,
)
from mmtrack_ext.utils.command_line import progress, run_tool, warn

SPLITS = ('train', 'val', 'test')
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


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    lines = (__doc__ or '').strip().partition('\n')
    parser = argparse.ArgumentParser(
        description=lines[0],
        epilog=lines[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        '-i', '--input', type=Path, required=True, help='folder of train, val, test'
    )
    parser.add_argument(
        '-o', '--output', type=Path, required=True, help='folder for the JSON files'
    )
    parser.add_argument('--split-train', action='store_true', help='make the two halves, too')
    parser.add_argument(
        '--convert-det',
        action='store_true',
        help='write det/det.txt as SPLIT_detections/SEQ.npz beside the JSON files',
    )
    parser.add_argument(
        '--classes',
        nargs='+',
        metavar='NAME',
        help='names of classes 1, 2, ... of sets of your own',
    )
    parser.add_argument(
        '--benchmark',
        choices=('auto', *PROTOCOLS),
        default='auto',
        help="whose rules say what is a target; 'auto': by the names of the sequences",
    )
    return parser.parse_args()


def main() -> None:
    """Read everything, then write."""
    arguments = parse_arguments()
    found = find_splits(arguments.input)
    if arguments.split_train and 'train' not in found:
        raise ValueError(f'--split-train: {arguments.input} has no folder train')
    splits = {
        split: [
            read_sequence(folder, benchmark=arguments.benchmark, needs_truth=split != 'test')
            for folder in progress(folders.values(), f'Reading {split}')
        ]
        for split, folders in found.items()
    }
    if arguments.convert_det:
        check_detections(splits)
    categories = make_categories([s for split in splits.values() for s in split], arguments.classes)
    for split, sequences in splits.items():
        convert(split, sequences, arguments, categories=categories, part='all')
    if arguments.split_train:
        for part in ('half-train', 'half-val'):
            convert(part, splits['train'], arguments, categories=categories, part=part)


def find_splits(root: Path) -> dict[str, dict[str, Path]]:
    """The sequences of each of train, val and test that is there.

    Raises:
        ValueError: none is there, or one holds no sequences.
    """
    found = {split: root / split for split in SPLITS if (root / split).is_dir()}
    if not found:
        hint = ''
        if (root / 'seqinfo.ini').is_file() or any(root.glob('*/seqinfo.ini')):
            hint = '; this looks like the inside of one of them, give the folder above'
        raise ValueError(f'{root}: expected train, val or test with {LAYOUT} in it{hint}')
    return {split: sequence_folders(folder) for split, folder in found.items()}


def read_sequence(folder: Path, *, benchmark: str, needs_truth: bool) -> Sequence:
    """Length, size, images and ground truth of one sequence.

    Raises:
        FileNotFoundError: the ground truth of a training sequence is missing.
        FileFormatError: a file is not in its format, or a row is of a frame after the last.
    """
    info = read_info(folder)
    frames = frame_files(folder, info)
    if info.width is None or info.height is None:
        width, height = image_size(frames[0], folder)
        info = replace(info, width=width, height=height)
    name = folder.absolute().name
    protocol = infer_protocol([name]) if benchmark == 'auto' else benchmark
    path = folder / 'gt' / 'gt.txt'
    if not needs_truth and not path.is_file():
        return Sequence(folder, info, frames, protocol, None)
    truth = read_ground_truth(path)
    if len(truth.frames) and truth.frames[-1] >= info.num_frames:
        problem = f'a row of frame {truth.frames[-1] + 1}, but seqLength is {info.num_frames}'
        raise FileFormatError(path, problem)
    return Sequence(folder, info, frames, protocol, truth)


def image_size(path: Path, folder: Path) -> tuple[int, int]:
    """Width and height of an image, for a seqinfo.ini without them."""
    import cv2

    image = cv2.imread(str(path)) if path.is_file() else None
    if image is None:
        problem = f'imWidth or imHeight is missing, and there is no image {path} to measure'
        raise FileFormatError(folder / 'seqinfo.ini', problem)
    return image.shape[1], image.shape[0]


def check_detections(splits: dict[str, list[Sequence]]) -> None:
    """Refuse --convert-det before anything is written if a det.txt is missing."""
    for sequence in (sequence for split in splits.values() for sequence in split):
        path = sequence.folder / 'det' / 'det.txt'
        if not path.is_file():
            raise ValueError(f'--convert-det: {path} is missing; leave the option out without it')


def make_categories(sequences: list[Sequence], names: list[str] | None) -> list[dict[str, Any]]:
    """COCO's ``categories``, the same for every split.

    Raises:
        ValueError: a class has no name, or is below 1.
    """
    present: dict[int, str] = {PEDESTRIAN: ''}
    for sequence in sequences:
        if sequence.truth is not None:
            numbers, _ = categories_of(sequence.truth, sequence.protocol)
            if sequence.protocol == 'none' and (numbers < 1).any():
                problem = f'{sequence.name}: class {numbers.min()}, but classes count from 1'
                raise ValueError(problem)
            present |= dict.fromkeys(np.unique(numbers[numbers != 0]).tolist(), sequence.name)
    if names is None:
        names = ['pedestrian', *(f'class {number}' for number in range(2, max(present) + 1))]
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


def span_of(sequence: Sequence, part: str) -> tuple[int, int]:
    """First frame and one after the last, from 0, of all or a half of a sequence."""
    length = sequence.info.num_frames
    middle = min(second_half_start(length), length)
    return {'all': (0, length), 'half-train': (0, middle), 'half-val': (middle, length)}[part]


def convert(
    split: str,
    sequences: list[Sequence],
    arguments: argparse.Namespace,
    *,
    categories: list[dict[str, Any]],
    part: str,
) -> None:
    """Write the files of one split and say so."""
    writer = CocoVideo(categories)
    for sequence in progress(sequences, f'Converting {split}'):
        start, stop = span_of(sequence, part)
        if start == stop:
            warn(f'{sequence.name}: too short for a second half, not in {split}')
            continue
        writer.add(sequence, start, stop)
        if part != 'all' and sequence.truth is not None:
            half = sequence.truth.span(start, stop)
            write_ground_truth(sequence.folder / 'gt' / f'gt_{part}.txt', half)
        if arguments.convert_det:
            detections = read_detections(sequence.folder / 'det/det.txt', info=sequence.info)
            folder = arguments.output / f'{split}_detections'
            write_detections(folder / f'{sequence.name}.npz', detections.span(start, stop))
    path = arguments.output / f'{split}_cocoformat.json'
    with atomic_write(path) as file:
        file.write(json.dumps(writer.content()))
    print(f'{split}: {writer.summary()}; wrote {path}')
    if part != 'all':
        print(f'{split}: wrote gt/gt_{part}.txt in each sequence of {arguments.input / "train"}')
    if arguments.convert_det:
        print(f'{split}: wrote {arguments.output / f"{split}_detections"}/SEQ.npz')


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


if __name__ == '__main__':
    run_tool(main)
