"""Seeded scenes of walkers: ground truth and the detections a decent detector would give.

``python -m mmtrack_ext.testing.scenes OUT`` writes the two scenes of ``tests/data/scenes`` in
MOTChallenge layout. No images; see SynthMOT for those.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmtrack_ext.association.arrays import BoolArray, FloatArray, IntArray
from mmtrack_ext.association.boxes import area, cxcywh_to_xyxy, xyxy_to_tlwh
from mmtrack_ext.association.detections import Detections
from mmtrack_ext.fileio import (
    GroundTruth,
    SequenceInfo,
    TextDetections,
    write_detections_text,
    write_ground_truth,
    write_sequence_info,
)


@dataclass(frozen=True, eq=False)
class Scene:
    """Ground truth and detections of one sequence."""

    info: SequenceInfo
    truth: GroundTruth
    detections: TextDetections


def make_scene(
    name: str,
    *,
    num_walkers: int = 16,
    num_frames: int = 60,
    size: tuple[int, int] = (1280, 720),
    seed: int = 0,
) -> Scene:
    """Walkers that come, cross, hide each other and leave.

    Args:
        name: of the sequence.
        num_walkers: how many walkers there are in all.
        num_frames: length.
        size: (width, height) of the image in pixels.
        seed: same seed, same scene.
    """
    rng = np.random.default_rng(seed)
    boxes = _walk(rng, num_walkers, num_frames, size)
    present = _presence(rng, num_walkers, num_frames)
    visibility = np.stack([_visibility(*frame) for frame in zip(boxes, present, strict=True)])
    frames, walkers = np.nonzero(present)
    rounded = np.round(xyxy_to_tlwh(boxes[present]), 1)
    truth = GroundTruth(
        frames=frames,
        ids=walkers + 1,
        boxes_tlwh=rounded,
        flags=(visibility[present] >= 0.1).astype(np.int64),
        classes=np.ones(len(frames), np.int64),
        visibilities=np.round(visibility[present], 2),
    )
    found = [
        _detect(rng, boxes[t][present[t]], visibility[t][present[t]], size)[0]
        for t in range(num_frames)
    ]
    scores = np.concatenate([frame.scores for frame in found])
    detections = TextDetections(
        frames=np.repeat(np.arange(num_frames), [len(frame) for frame in found]),
        boxes=np.concatenate([frame.boxes for frame in found]),
        scores=scores,
        labels=np.zeros(len(scores), np.int64),
    )
    return Scene(SequenceInfo(name, num_frames, *size, frame_rate=30), truth, detections)


def make_crowd(
    num_walkers: int,
    *,
    num_frames: int = 100,
    size: tuple[int, int] = (1920, 1080),
    seed: int = 0,
    embedding_size: int = 0,
) -> Iterator[Detections]:
    """The detections of a crowd that stays in the image, frame by frame, for timing.

    Nobody hides anybody: about ``num_walkers`` boxes a frame, most of them with a high score. With
    an ``embedding_size`` everybody has a direction of their own, seen with some noise.
    """
    rng, looks = np.random.default_rng(seed), np.random.default_rng([seed, 1])
    appearance = looks.normal(size=(num_walkers, embedding_size))
    for boxes in _walk(rng, num_walkers, num_frames, size):
        detections, walkers = _detect(rng, boxes, rng.uniform(0.4, 1, num_walkers), size)
        if not embedding_size:
            yield detections
            continue
        seen = looks.normal(size=(len(walkers), embedding_size))  # false alarms: noise alone
        seen[walkers >= 0] *= 0.3
        seen[walkers >= 0] += appearance[walkers[walkers >= 0]]
        embeddings = seen / np.linalg.norm(seen, axis=1, keepdims=True)
        yield Detections(detections.boxes, detections.scores, None, embeddings)


def write_scene(folder: Path | str, scene: Scene) -> None:
    """Write ``NAME/{gt/gt.txt, det/det.txt, seqinfo.ini}``."""
    folder = Path(folder) / scene.info.name
    write_ground_truth(folder / 'gt' / 'gt.txt', scene.truth)
    write_detections_text(folder / 'det' / 'det.txt', scene.detections)
    write_sequence_info(folder / 'seqinfo.ini', scene.info)


def _walk(
    rng: np.random.Generator, num_walkers: int, num_frames: int, size: tuple[int, int]
) -> FloatArray:
    """(F, N, 4) xyxy boxes of walkers on a floor that rises to a horizon, turned at its edges."""
    width, height = size
    low, high = np.array([0, 0.45 * height]), np.array([width, height])
    feet = rng.uniform(low, high, (num_walkers, 2))
    heading = rng.choice([-1, 1], num_walkers) * rng.uniform(1.5, 4.5, num_walkers)
    velocity = np.stack([heading, rng.normal(0, 0.5, num_walkers)], axis=1)
    stature = rng.uniform(0.38, 0.46, num_walkers)
    frames = []
    for _ in range(num_frames):
        velocity += rng.normal(0, 0.15, velocity.shape)
        velocity[(feet < low) & (velocity < 0) | (feet > high) & (velocity > 0)] *= -1
        nearness = (feet[:, 1:] - 0.25 * height) / (0.75 * height)
        feet = feet + velocity * nearness
        heights = stature * height * nearness[:, 0]
        centers = feet - np.stack([np.zeros(num_walkers), heights / 2], axis=1)
        frames.append(cxcywh_to_xyxy(np.column_stack([centers, 0.4 * heights, heights])))
    return np.stack(frames)


def _presence(rng: np.random.Generator, num_walkers: int, num_frames: int) -> BoolArray:
    """(F, N) in the scene: half of the walkers come later or leave earlier."""
    start = rng.integers(0, num_frames // 2, num_walkers) * rng.integers(0, 2, num_walkers)
    stop = num_frames - rng.integers(0, num_frames // 3, num_walkers) * rng.integers(
        0, 2, num_walkers
    )
    frames = np.arange(num_frames)[:, None]
    return (frames >= start) & (frames < stop)


def _visibility(boxes: FloatArray, present: BoolArray) -> FloatArray:
    """(N,) share of each box that nobody nearer (with feet further down) hides."""
    a, b = boxes[:, None], boxes[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    hidden = np.prod(np.clip(sides, 0, None), axis=-1) / area(boxes)[:, None]
    nearer = (b[..., 3] > a[..., 3]) & present
    shares: FloatArray = 1 - np.clip((hidden * nearer).sum(axis=1), 0, 1)
    return shares


def _detect(
    rng: np.random.Generator, boxes: FloatArray, visibility: FloatArray, size: tuple[int, int]
) -> tuple[Detections, IntArray]:
    """Jittered boxes, scores that fall with visibility, misses, and some false alarms.

    Also the walker that each shows, -1 for false alarms.
    """
    seen = rng.random(len(boxes)) < np.clip(1.3 * visibility, 0, 0.97)
    heights = (boxes[seen, 3] - boxes[seen, 1])[:, None]
    jittered = boxes[seen] + rng.normal(0, 0.02, (seen.sum(), 4)) * heights
    scores = np.clip(0.25 + 0.7 * visibility[seen] + rng.normal(0, 0.07, seen.sum()), 0.05, 0.99)
    num_false = rng.poisson(0.05 * len(boxes))
    heights = rng.uniform(0.1, 0.4, num_false) * size[1]
    centers = rng.uniform((0, 0), size, (num_false, 2))
    false_alarms = cxcywh_to_xyxy(np.column_stack([centers, 0.4 * heights, heights]))
    false_scores = np.clip(rng.exponential(0.2, num_false), 0.05, 0.9)
    order = rng.permutation(len(scores) + num_false)
    detections = Detections(
        np.concatenate([jittered, false_alarms])[order],
        np.concatenate([scores, false_scores])[order],
    )
    return detections, np.append(seen.nonzero()[0], np.full(num_false, -1))[order]


BUNDLED = (
    {'name': 'crossing', 'num_walkers': 16, 'seed': 1},
    {'name': 'square', 'num_walkers': 24, 'seed': 2},
)


def main() -> None:
    """Write the bundled scenes to the folder named on the command line."""
    if len(sys.argv) != 2:
        sys.exit('usage: python -m mmtrack_ext.testing.scenes OUT')
    for arguments in BUNDLED:
        write_scene(sys.argv[1], make_scene(**arguments))  # type: ignore[arg-type]
        print(f'Wrote {Path(sys.argv[1]) / str(arguments["name"])}')


if __name__ == '__main__':
    main()
