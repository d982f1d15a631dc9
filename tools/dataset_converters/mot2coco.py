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
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmtrack_ext.datasets.coco_video import CocoVideo, Sequence, make_categories
from mmtrack_ext.datasets.mot_folders import LAYOUT, frame_files, read_info, sequence_folders
from mmtrack_ext.evaluation.protocols import PROTOCOLS, infer_protocol
from mmtrack_ext.fileio import (
    FileFormatError,
    atomic_write,
    read_detections,
    read_ground_truth,
    second_half_start,
    write_detections,
    write_ground_truth,
)
from mmtrack_ext.utils.command_line import progress, run_tool, warn

SPLITS = ('train', 'val', 'test')


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
    if arguments.split_train:
        check_writable(splits['train'])
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
    if not info.width or not info.height:
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
        problem = f'imWidth or imHeight is missing or 0, and there is no image {path} to measure'
        raise FileFormatError(folder / 'seqinfo.ini', problem)
    return image.shape[1], image.shape[0]


def check_writable(sequences: list[Sequence]) -> None:
    """Refuse --split-train before anything is written if the halves have no place."""
    for folder in (sequence.folder / 'gt' for sequence in sequences):
        if not os.access(folder, os.W_OK):
            raise ValueError(
                f'--split-train writes gt_half-train.txt and gt_half-val.txt into {folder}, which '
                'is read-only; convert a copy (without images: SEQ/seqinfo.ini and SEQ/gt)'
            )


def check_detections(splits: dict[str, list[Sequence]]) -> None:
    """Refuse --convert-det before anything is written if a det.txt is missing."""
    for sequence in (sequence for split in splits.values() for sequence in split):
        path = sequence.folder / 'det' / 'det.txt'
        if not path.is_file():
            raise ValueError(f'--convert-det: {path} is missing; leave the option out without it')


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
    if part != 'all' and writer.videos:
        print(f'{split}: wrote gt/gt_{part}.txt in each sequence of {arguments.input / "train"}')
    if arguments.convert_det and writer.videos:
        print(f'{split}: wrote {arguments.output / f"{split}_detections"}/SEQ.npz')


if __name__ == '__main__':
    run_tool(main)
