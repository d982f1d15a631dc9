"""Track a video, a camera, a stream or a folder of images, and draw the tracks.

INPUT may be a video file, the number of a camera (0), an address (rtsp://, http://), a folder of
images or of a sequence, or a glob in quotes. With --detections FILE no network is needed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cv2
import numpy as np

from mmtrack_ext.association.detections import Detections, TrackedBoxes, wanted_rows
from mmtrack_ext.association.trackers import build_tracker
from mmtrack_ext.utils.command_line import check_min_score, progress, run_tool, warn
from mmtrack_ext.utils.config import config_options, looks_at_frames, read_config, tracker_config
from mmtrack_ext.utils.timing import StageTimer
from mmtrack_ext.visualization import (
    FrameSource,
    Trails,
    draw_detections,
    draw_tracks,
    open_frames,
    stored_detections,
)
from mmtrack_ext.visualization.debug_maps import debug_picture
from mmtrack_ext.visualization.labels import draw_label
from mmtrack_ext.visualization.outputs import TrackingOutputs

# A frame's detections, all of them, and its tracks.
Track = Callable[[np.ndarray], tuple[Detections, TrackedBoxes]]

OUT = Path('work_dirs/track_video')
DEFAULT_FRAME_RATE = 30  # of folders and cameras that name none; trackers have the same default
QUIT_KEYS = (27, ord('q'))  # ESC


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('input', metavar='INPUT', help='what to track, see above')
    parser.add_argument('config', metavar='CONFIG', help='config file of the model')
    parser.add_argument('checkpoint', metavar='CHECKPOINT', nargs='?', help='weights of the model')
    parser.add_argument('--detector', metavar='CKPT', help='weights of its detector alone')
    parser.add_argument('--reid', metavar='CKPT', help='weights of its re-identification network')
    parser.add_argument('--tracker', metavar='CONFIG', help='take model.tracker from this config')
    parser.add_argument('--device', help="'cpu', 'cuda:0'; default: the GPU where there is one")
    parser.add_argument('--trust-checkpoint', action='store_true', help='load files that run code')
    parser.add_argument(
        '--detections', type=Path, metavar='FILE', help='track these instead of detecting'
    )
    parser.add_argument('--min-score', type=float, metavar='S', help='leave out detections below')
    parser.add_argument('--classes', type=int, nargs='+', help='class indices to keep, from 0')
    parser.add_argument('--cfg-options', nargs='+', metavar='KEY=VALUE', default=[])
    add_outputs(parser.add_argument_group('outputs', f'(default: {OUT}/NAME.mp4)'))
    return parser.parse_intermixed_args()  # CHECKPOINT may stand behind options


def add_outputs(group: Any) -> None:
    """The options that say what to write and draw."""
    group.add_argument('--out', type=Path, metavar='F.mp4', help='video (.mp4 or .avi)')
    group.add_argument('--save-images', type=Path, metavar='D', help='folder for 000001.jpg, ...')
    group.add_argument(
        '--save-txt',
        type=Path,
        metavar='F',
        nargs='?',
        const=OUT,
        help=f'tracks as MOTChallenge text (default {OUT}/NAME.txt)',
    )
    group.add_argument(
        '--save-detections',
        type=Path,
        metavar='F.npz',
        help='all detections, from which tools/track_detections.py repeats the tracking',
    )
    group.add_argument('--show', action='store_true', help='show in a window; ESC ends')
    group.add_argument('--detections-only', action='store_true', help='draw detections, no tracks')
    group.add_argument('--trails', type=int, default=30, help='length in frames, 0: none')
    group.add_argument(
        '--debug',
        action='store_true',
        help='draw detections, scores and frame numbers, too; and heat maps, where there are any',
    )


def main() -> None:
    """Open everything, then go frame by frame."""
    arguments = parse_arguments()
    check_arguments(arguments)
    options = config_options(arguments.cfg_options)
    tracker = read_tracker(arguments, options)
    with open_frames(arguments.input) as source:
        outputs = open_outputs(source, arguments)
        if arguments.detections is not None:
            track, class_names = stored_tracking(source, tracker, arguments), None
        else:
            track, class_names = live_tracking(source, arguments, options)
        if source.frame_rate is None and outputs.writer is not None:
            warn(f'{source.name}: no frame rate known; the video will have {DEFAULT_FRAME_RATE}')
        timer = StageTimer()
        with outputs:
            run(source, track, outputs, Drawing(arguments, class_names, track), timer)
    report(outputs, timer)


def check_arguments(arguments: argparse.Namespace) -> None:
    """Refuse values, and pairs of options, that argparse lets through."""
    check_min_score(arguments.min_score)
    if arguments.trails < 0:
        raise ValueError(f'--trails must be at least 0. Got {arguments.trails}.')
    if arguments.save_detections is not None and arguments.save_detections.suffix != '.npz':
        raise ValueError(f'--save-detections {arguments.save_detections}: must end in .npz')
    if arguments.detections_only and arguments.save_txt is not None:
        raise ValueError('--detections-only makes no tracks for --save-txt to write')
    if arguments.detections is not None:
        for name in ('checkpoint', 'detector', 'reid', 'device'):
            if getattr(arguments, name) is not None:
                option = name.upper() if name == 'checkpoint' else f'--{name}'
                raise ValueError(f'{option} is of no use with --detections: no network runs')
    if arguments.show and not has_display():
        raise ValueError('--show needs a display and an OpenCV with windows; use --out instead')


def has_display() -> bool:
    """Whether OpenCV can open a window; tried in a process of its own, which Qt ends if not."""
    program = "import cv2; cv2.namedWindow('track_video'); cv2.waitKey(1)"
    return not subprocess.run([sys.executable, '-c', program], capture_output=True).returncode


def read_tracker(arguments: argparse.Namespace, options: dict[str, Any]) -> dict[str, Any]:
    """``model.tracker`` of the config, or of that of ``--tracker``; built once, to check it."""
    path = arguments.config
    config = read_config(path, options, tracker=arguments.tracker)
    tracker = tracker_config(config, path)
    if not looks_at_frames(config['model']) and arguments.detections is None:
        raise ValueError(f'{path} has no detector; give detections of the video: --detections FILE')
    build_tracker(tracker)
    return tracker


def open_outputs(source: FrameSource, arguments: argparse.Namespace) -> TrackingOutputs:
    """What the options ask for, or a video if they ask for nothing."""
    asked = (arguments.save_txt, arguments.save_images, arguments.save_detections)
    video, text = arguments.out, arguments.save_txt
    if video is None and not arguments.show and not any(asked):
        video = OUT / f'{source.name}.mp4'
    if text == OUT:
        text = OUT / f'{source.name}.txt'
    place = Path(arguments.input)
    if place.exists():
        for path in (video, text, arguments.save_images, arguments.save_detections):
            if path is not None and path.exists() and path.samefile(place):
                raise ValueError(f'{path}: this is the input, which would be overwritten')
    return TrackingOutputs(
        source,
        frame_rate=source.frame_rate or DEFAULT_FRAME_RATE,
        video=video,
        images=arguments.save_images,
        text=text,
        detections=arguments.save_detections,
    )


def live_tracking(
    source: FrameSource, arguments: argparse.Namespace, options: dict[str, Any]
) -> tuple[Track, tuple[str, ...]]:
    """Detecting and tracking by the model, and the names of its classes."""
    from mmtrack_ext.apis import MOTInferencer

    wanted = {'min_score': arguments.min_score, 'classes': arguments.classes}
    wanted = {f'model.{name}': value for name, value in wanted.items() if value is not None}
    inferencer = MOTInferencer(
        arguments.config,
        arguments.checkpoint,
        detector=arguments.detector,
        reid=arguments.reid,
        tracker=arguments.tracker,
        device=arguments.device,
        options=options | wanted,
        trust_checkpoint=arguments.trust_checkpoint,
    )
    inferencer.reset(name=source.name)
    if arguments.debug:
        inferencer.show_debug_maps()
    return inferencer, tuple(inferencer.class_names)


def stored_tracking(
    source: FrameSource, config: dict[str, Any], arguments: argparse.Namespace
) -> Track:
    """Tracking the detections of a file, which must be as long as the video."""
    path = arguments.detections
    stored = stored_detections(path, source)
    length = len(stored)
    if not len(stored.frames):
        warn(f'{path}: no detections in this file')
    elif stored.frames[-1] < 0.9 * length:
        warn(f'{path}: the last detection is in frame {stored.frames[-1] + 1} of {length}')
    tracker = build_tracker(config, sequence=source.name)
    frames = iter(stored)

    def track(image: np.ndarray) -> tuple[Detections, TrackedBoxes]:
        detections, warp = next(frames, (Detections.empty(), None))
        if arguments.detections_only:
            return detections, TrackedBoxes.empty()
        chosen = detections[wanted(detections, arguments)]
        return detections, tracker.update(chosen, camera_motion=warp)

    return track


def wanted(detections: Detections, arguments: argparse.Namespace) -> np.ndarray:
    """The mask of the detections that ``--min-score`` and ``--classes`` leave."""
    choice = {'min_score': arguments.min_score, 'classes': arguments.classes}
    return wanted_rows(detections.scores, detections.labels, **choice)


class Drawing:
    """Draws frames as the options want them."""

    def __init__(
        self, arguments: argparse.Namespace, class_names: tuple[str, ...] | None, track: Track
    ) -> None:
        self.arguments = arguments
        self.class_names = class_names
        self.track = track
        self.trails = Trails(arguments.trails) if arguments.trails else None
        self.frame = 0

    def __call__(
        self, image: np.ndarray, detections: Detections, tracked: TrackedBoxes
    ) -> np.ndarray:
        """The next frame, drawn."""
        self.frame += 1
        drawn = image
        only, debug = self.arguments.detections_only, self.arguments.debug
        if only or debug:
            chosen = detections[wanted(detections, self.arguments)]
            drawn = draw_detections(drawn, chosen, show_scores=only)
        if not only:
            names = self.class_names
            drawn = draw_tracks(
                drawn, tracked, trails=self.trails, class_names=names, show_scores=debug
            )
        maps = getattr(self.track, 'debug_maps', None)  # of models that can show what they see
        if maps is not None:
            drawn = debug_picture(drawn, image, maps, detections)
        if debug:
            draw_label(drawn, f'frame {self.frame}', (0, 0), (255, 255, 255))
        return drawn


def run(
    source: FrameSource,
    track: Track,
    outputs: TrackingOutputs,
    drawing: Drawing,
    timer: StageTimer,
) -> None:
    """Read, track, draw and write every frame."""
    frames = read(source, timer)
    for image in progress(frames, 'Tracking', total=source.num_frames):
        with timer('detect + track'):
            detections, tracked = track(image)
        with timer('draw + write'):
            drawn = image
            if outputs.takes_images or drawing.arguments.show:
                drawn = drawing(image, detections, tracked)
            outputs.add(detections, tracked, drawn)
            if drawing.arguments.show and show(drawn):
                return


def read(source: FrameSource, timer: StageTimer) -> Iterator[np.ndarray]:
    """The frames, with the time that reading them takes."""
    frames = iter(source)
    while True:
        with timer('read'):
            image = next(frames, None)
        if image is None:
            return
        yield image


def show(image: np.ndarray) -> bool:
    """Show a frame; True if the user wants to end."""
    cv2.imshow('track_video', image)
    return cv2.waitKey(1) & 0xFF in QUIT_KEYS


def report(outputs: TrackingOutputs, timer: StageTimer) -> None:
    """Say how fast it was and what has been written."""
    count = outputs.num_frames
    seconds = {**timer.seconds, 'in all': sum(timer.seconds.values())}
    rates = timer.rates(count, seconds)
    speeds = ', '.join(f'{stage} {rate:.1f}' for stage, rate in rates.items())
    print(f'{count} frames; frames per second: {speeds}')
    if written := outputs.written():
        print(f'Wrote {", ".join(written)}')


if __name__ == '__main__':
    run_tool(main)
