"""Which sequences SynthMOT has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mmtrack_ext.datasets.synthetic.kinds import CLASS_NAMES
from mmtrack_ext.datasets.synthetic.sequence import SyntheticFrame, render_sequence


@dataclass(frozen=True)
class Split:
    """Number of the first sequence, and how many of which length there are by default."""

    first: int
    num_sequences: int
    num_frames: int


# Numbers start apart, so that names differ over all splits. Many short sequences to train on, for a
# network learns from how many scenes it has seen; long ones to track.
SPLITS = {'train': Split(1, 49, 20), 'val': Split(51, 3, 150)}
MAX_SEQUENCES = 49  # by split; beyond, names would collide or need three digits
MAX_FRAMES = 999_999  # images have six digits
MIN_SIDE, MAX_SIDE = 64, 8192  # smaller, walkers vanish; larger, cv2 and memory end


@dataclass(frozen=True)
class SequenceJob:
    """One sequence to write."""

    split: str
    number: int
    num_frames: int
    size: tuple[int, int]
    num_classes: int
    seed: int

    @property
    def name(self) -> str:
        """Of the sequence and its folder."""
        return f'SynthMOT-{self.number:02d}'

    def frames(self) -> Iterator[SyntheticFrame]:
        """Rendered as they are asked for."""
        return render_sequence(
            self.number,
            num_frames=self.num_frames,
            size=self.size,
            num_classes=self.num_classes,
            seed=self.seed,
        )


def plan_synth_mot(
    splits: Sequence[str] = ('train', 'val'),
    *,
    num_sequences: int | None = None,
    num_frames: int | None = None,
    size: tuple[int, int] = (640, 384),
    num_classes: int = 1,
    seed: int = 0,
) -> list[SequenceJob]:
    """The sequences of SynthMOT.

    Args:
        splits: of SPLITS.
        num_sequences: by split; each split's own number if None.
        num_frames: by sequence; each split's own length if None.
        size: (width, height) of the images.
        num_classes: how many of CLASS_NAMES are shown.
        seed: another seed gives another benchmark.

    Raises:
        ValueError: an argument out of its range.
    """
    if unknown := [split for split in splits if split not in SPLITS]:
        raise ValueError(f'Unknown split {unknown[0]!r}; SynthMOT has {", ".join(SPLITS)}.')
    _check('sequences by split', num_sequences, 1, MAX_SEQUENCES)
    _check('frames by sequence', num_frames, 1, MAX_FRAMES)
    _check('classes', num_classes, 1, len(CLASS_NAMES))
    _check('pixels of width', size[0], MIN_SIDE, MAX_SIDE)
    _check('pixels of height', size[1], MIN_SIDE, MAX_SIDE)
    if seed < 0:
        raise ValueError(f'The seed of SynthMOT must be at least 0. Got {seed}.')
    return [
        SequenceJob(
            split=split,
            number=SPLITS[split].first + index,
            num_frames=num_frames or SPLITS[split].num_frames,
            size=size,
            num_classes=num_classes,
            seed=seed,
        )
        for split in dict.fromkeys(splits)
        for index in range(num_sequences or SPLITS[split].num_sequences)
    ]


def _check(what: str, value: int | None, minimum: int, maximum: int) -> None:
    if value is not None and not minimum <= value <= maximum:
        raise ValueError(
            f'The number of {what} of SynthMOT must be between {minimum} and {maximum}. '
            f'Got {value}.'
        )
