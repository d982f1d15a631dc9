#!/usr/bin/env python
"""Render SynthMOT, the tracking benchmark that the project brings along.

    python tools/dataset_converters/make_synth_mot.py data/SynthMOT

writes ``OUT/{train,val}/SynthMOT-NN/{img1/000001.jpg, gt/gt.txt, seqinfo.ini}``. Same arguments,
machine and versions: same files, byte by byte.
"""

from __future__ import annotations

import argparse
import functools
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import cv2

from mmtrack_ext.datasets.synthetic import CLASS_NAMES, SPLITS, plan_synth_mot, write_synth_mot
from mmtrack_ext.utils.command_line import progress, run_tool


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    lengths = '; '.join(
        f'{name}: {split.num_sequences} sequences of {split.num_frames} frames'
        for name, split in SPLITS.items()
    )
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('out', type=Path, metavar='OUT', help='folder to write to')
    parser.add_argument('--split', nargs='+', default=list(SPLITS), metavar='S', help=lengths)
    parser.add_argument('--sequences', type=int, metavar='N', help='sequences by split')
    parser.add_argument('--frames', type=int, metavar='N', help='frames by sequence')
    parser.add_argument('--size', default='640x384', metavar='WxH', help='of the images, in pixels')
    parser.add_argument(
        '--classes',
        type=int,
        default=1,
        metavar='N',
        help=f'show the first N of {", ".join(CLASS_NAMES)}',
    )
    parser.add_argument('--seed', type=int, default=0, metavar='S')
    return parser.parse_args()


def main() -> None:
    """Render and say what was written, and how fast."""
    args = parse_args()
    options = dict(
        num_sequences=args.sequences,
        num_frames=args.frames,
        size=parse_size(args.size),
        num_classes=args.classes,
        seed=args.seed,
    )
    num_frames = sum(job.num_frames for job in plan_synth_mot(args.split, **options))
    cv2.setNumThreads(1)  # the pictures are small: more threads wait for each other
    start = time.perf_counter()
    bar = functools.partial(progress, description='Rendering', total=num_frames)
    folders = write_synth_mot(args.out, args.split, progress=bar, **options)
    seconds = time.perf_counter() - start
    print(
        f'Rendered {len(folders)} sequences, {num_frames} frames of {args.size}, '
        f'in {seconds:.1f} s: {num_frames / seconds:.0f} frames/s.'
    )
    for split in dict.fromkeys(args.split):
        names = ', '.join(folder.name for folder in folders if folder.parent.name == split)
        print(f'Wrote {args.out / split}: {names}')


def parse_size(text: str) -> tuple[int, int]:
    """(width, height) from '640x384'."""
    match = re.fullmatch(r'(\d{1,6})x(\d{1,6})', text)
    if not match:
        raise ValueError(f'--size must be WxH, for example 640x384. Got {text!r}.')
    return int(match[1]), int(match[2])


if __name__ == '__main__':
    run_tool(main)
