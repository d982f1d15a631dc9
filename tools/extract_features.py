"""Describe cached detections by the re-identification network of a config.

--input is a video, a folder of images, a folder of one MOTChallenge sequence or one of several;
--detections a file, or a folder of SEQ.npz, SEQ.npy, SEQ.txt or SEQ/det/det.txt.

OUT/SEQ.npy has a row a detection: frame (from 1), -1, left, top, width, height, score, class (from
1; -1 where there is but one), -1, -1, and then the embedding. With --format npz also the length of
the sequence and the camera motion are kept, and boxes to the last bit.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from mmtrack_ext.association.boxes import xyxy_to_tlwh
from mmtrack_ext.association.detections import wanted_rows
from mmtrack_ext.fileio import (
    SequenceDetections,
    atomic_write,
    find_detections,
    read_sequence_info,
    write_detections,
)
from mmtrack_ext.utils.command_line import check_min_score, progress, run_tool, warn
from mmtrack_ext.utils.config import config_options, load_config
from mmtrack_ext.visualization import FrameSource, open_frames, stored_detections
from mmtrack_ext.visualization.outputs import check_writable

MOT_COLUMNS = 10  # of det.txt, before the embedding


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', metavar='CONFIG', help='config file; takes its model.reid')
    parser.add_argument(
        'checkpoint', metavar='CHECKPOINT', nargs='?', help='weights of that, or of the whole model'
    )
    parser.add_argument('--input', required=True, metavar='D|VIDEO', help='frames, see above')
    parser.add_argument('--detections', required=True, metavar='D', help='boxes, see above')
    parser.add_argument('--out', required=True, type=Path, metavar='D', help='folder for SEQ.npy')
    parser.add_argument('--format', choices=('npy', 'npz'), default='npy')
    parser.add_argument('--min-score', type=float, metavar='S', help='leave out detections below')
    parser.add_argument('--device', help="'cpu', 'cuda:0'; default: the GPU where there is one")
    parser.add_argument('--trust-checkpoint', action='store_true', help='load files that run code')
    parser.add_argument('--cfg-options', nargs='+', metavar='KEY=VALUE', default=[])
    return parser.parse_intermixed_args()  # CHECKPOINT may stand behind options


def main() -> None:
    """Check everything, then describe sequence by sequence."""
    arguments = parse_arguments()
    check_min_score(arguments.min_score)
    check_writable(arguments.out, is_folder=True)
    config = load_config(arguments.config, config_options(arguments.cfg_options))
    if (config.get('model') or {}).get('reid') is None:
        raise ValueError(f'{arguments.config}: there is no model.reid in this config')
    videos = find_videos(Path(arguments.input), find_detections(arguments.detections))
    sequences = {name: load(name, *places, arguments) for name, places in videos.items()}
    embedder = build_embedder(config, arguments)
    seconds, written = 0.0, []
    for name, (place, _) in videos.items():
        embeddings, spent = describe(name, place, sequences[name], embedder)
        seconds += spent
        path = arguments.out / f'{name}.{arguments.format}'
        write = write_detections if arguments.format == 'npz' else write_table
        write(path, replace(sequences[name], embeddings=embeddings))
        written.append(path.name)
    count = sum(len(sequence.frames) for sequence in sequences.values())
    speed = f', {1000 * seconds / count:.2f} ms each' if count else ''
    print(f'Described {count} detections by {embedder.num_channels} numbers{speed}.')
    print(f'Wrote {", ".join(written)} to {arguments.out}')


def find_videos(place: Path, files: dict[str, Path]) -> dict[str, tuple[Path, Path]]:
    """By name of the sequence where its frames and its detections are.

    Args:
        place: of the frames.
        files: of detections. Of several, those of a single video bear its name; in a folder of
            sequences, all of them are described.

    Raises:
        FileNotFoundError: there are no frames.
        ValueError: frames or detections of a sequence are missing.
    """
    if is_folder_of_sequences(place):
        absent = [name for name in files if not (place / name).is_dir()]
        if absent:
            raise ValueError(f'{place}: there are no frames of sequence {absent[0]}')
        others = {path.parent.name for path in place.glob('*/seqinfo.ini')} - files.keys()
        if others:
            warn(f'no detections of {", ".join(sorted(others))}')
        return {name: (place / name, file) for name, file in files.items()}
    with open_frames(place) as source:
        name = source.name
    if len(files) > 1 and name not in files:
        raise ValueError(f'{place}: no detections of {name}, only of {", ".join(files)}')
    return {name: (place, files[name] if name in files else next(iter(files.values())))}


def is_folder_of_sequences(place: Path) -> bool:
    """Whether a folder holds SEQ/seqinfo.ini, and is no SEQ itself."""
    return not (place / 'seqinfo.ini').is_file() and any(place.glob('*/seqinfo.ini'))


def load(name: str, place: Path, file: Path, arguments: argparse.Namespace) -> SequenceDetections:
    """The detections of a video, which must be as long as it; those that the options want."""
    with open_frames(place) as source:
        check_length(place, source)
        detections = stored_detections(file, source)
    keep = wanted_rows(detections.scores, detections.labels, min_score=arguments.min_score)
    if not keep.any():
        warn(f'{name}: no detections to describe')
    return detections.select(keep)


def check_length(place: Path, source: FrameSource) -> None:
    """Compare the images of a sequence with what its ``seqinfo.ini`` says."""
    if (place / 'seqinfo.ini').is_file():
        expected = read_sequence_info(place / 'seqinfo.ini').num_frames
        if expected != source.num_frames:
            raise ValueError(
                f'{place}: {source.num_frames} images, but seqinfo.ini says {expected}'
            )


def build_embedder(config: Any, arguments: argparse.Namespace) -> Any:
    """``model.reid`` of the config, with its weights."""
    from mmtrack_ext.apis import init_model
    from mmtrack_ext.engine.preflight import one_line_errors

    # Nothing else of the model is needed, least of all the weights of its detector.
    config.model = dict(
        type='TrackingByDetection', reid=config.model.reid, tracker=dict(type='SORTTracker')
    )
    with one_line_errors(f'{arguments.config}: model.reid'):
        model = init_model(
            config,
            reid=arguments.checkpoint,
            device=arguments.device,
            trust_checkpoint=arguments.trust_checkpoint,
        )
    return model.reid


def describe(
    name: str, place: Path, sequence: SequenceDetections, embedder: Any
) -> tuple[np.ndarray, float]:
    """The (N, C) embeddings of a sequence's detections, and the seconds that they took.

    Raises:
        ValueError: frames end before the detections do.
    """
    import torch

    parts, seconds = [np.empty((0, embedder.num_channels), np.float32)], 0.0
    with open_frames(place) as source, torch.no_grad():
        frames = progress(source, name, total=source.num_frames)
        for image, (detections, _) in zip(frames, sequence, strict=False):
            start = time.perf_counter()
            parts.append(embedder(image, detections.boxes))
            seconds += time.perf_counter() - start
    embeddings = np.concatenate(parts)
    if len(embeddings) < len(sequence.frames):
        raise ValueError(
            f'{place}: nothing can be read after frame {len(parts) - 1}, but there are detections '
            f'up to frame {sequence.frames[-1] + 1}'
        )
    return embeddings, seconds


def write_table(path: Path, sequence: SequenceDetections) -> None:
    """Write ``SEQ.npy``, (N, 10 + C) float64, which ``read_detections`` knows."""
    embeddings = sequence.embeddings
    table = np.full((len(sequence.frames), MOT_COLUMNS + embeddings.shape[1]), -1.0)
    table[:, 0] = sequence.frames + 1
    table[:, 2:6] = xyxy_to_tlwh(sequence.boxes)
    table[:, 6] = sequence.scores
    if sequence.labels.any():
        table[:, 7] = sequence.labels + 1
    table[:, MOT_COLUMNS:] = embeddings
    with atomic_write(path, 'wb') as file:
        np.save(file, table)


if __name__ == '__main__':
    run_tool(main)
