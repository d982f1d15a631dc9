"""Estimate the motion of the camera and put it beside cached detections.

INPUT is a video, a folder of images or of a sequence, or a glob in quotes. DETECTIONS is the file
of its detections (.npz, .npy or text), or a folder that holds them under the video's name. OUT.npz
has the same detections and `camera_motion`, which tools/track_detections.py makes use of.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from mmtrack_ext.camera_motion import METHODS, CameraMotionEstimator
from mmtrack_ext.fileio import (
    SequenceDetections,
    find_detections,
    write_detections,
)
from mmtrack_ext.utils.command_line import progress, run_tool, warn
from mmtrack_ext.visualization import FrameSource, open_frames, stored_detections
from mmtrack_ext.visualization.outputs import check_writable


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('input', metavar='INPUT', help='the frames, see above')
    parser.add_argument('detections', metavar='DETECTIONS', type=Path, help='their detections')
    parser.add_argument('out', metavar='OUT', type=Path, help='file to write, .npz')
    parser.add_argument('--method', choices=tuple(METHODS), default='sparse_flow')
    parser.add_argument(
        '--scale', type=float, default=0.25, help='images are made smaller by this first (0.25)'
    )
    return parser.parse_args()


def main() -> None:
    """Read the detections, estimate frame by frame, write both."""
    arguments = parse_arguments()
    check_out(arguments)
    estimator = CameraMotionEstimator(arguments.method, scale=arguments.scale)
    with open_frames(arguments.input) as source:
        detections = load(arguments.detections, source)
        frames = progress(source, 'Estimating', total=source.num_frames)
        warps = np.stack([estimator(image) for image in frames])
    if len(warps) != len(detections):
        raise ValueError(
            f'{arguments.input}: {len(warps)} of its {len(detections)} frames can be read; '
            'nothing is written'
        )
    write_detections(arguments.out, replace(detections, camera_motion=warps))
    report(warps, source, estimator)
    print(f'Wrote {arguments.out}')


def check_out(arguments: argparse.Namespace) -> None:
    """Find out before the work whether its result can be written."""
    if arguments.out.suffix != '.npz':
        raise ValueError(f'{arguments.out}: OUT must end in .npz, which alone holds camera motion')
    check_writable(arguments.out)


def load(path: Path, source: FrameSource) -> SequenceDetections:
    """The detections of the video, which must be as long, and of frames of that size."""
    if path.is_dir():
        files = find_detections(path)
        if source.name not in files:
            raise ValueError(
                f'{path}: no detections of {source.name}, only of {", ".join(files)}; '
                'give the file instead of the folder'
            )
        path = files[source.name]
    detections = stored_detections(path, source)
    if (detections.width, detections.height) != source.size:
        raise ValueError(
            f'{path}: detections in frames of {detections.width}x{detections.height} pixels, those '
            f'of the video have {source.size[0]}x{source.size[1]}'
        )
    return detections


def report(warps: np.ndarray, source: FrameSource, estimator: CameraMotionEstimator) -> None:
    """Say how far the camera moved, and in how many frames it could not be told."""
    center = np.append(np.divide(source.size, 2), 1)
    shifts = np.linalg.norm(warps @ center - center[:2], axis=1)
    print(
        f'{len(warps)} frames; the middle of the image moves by {np.median(shifts):.2f} pixels a '
        f'frame (median), {shifts.max():.2f} at most (frame {shifts.argmax() + 1})'
    )
    if estimator.failures:
        warn(f'no motion could be found in {estimator.failures} frames; none is assumed there')


if __name__ == '__main__':
    run_tool(main)
