"""Track 200,000 frames in which things keep coming and going, and see that memory stays as it is.

The frames are one cycle, again and again, so at its end a tracker must hold what it held at the
end of any other. Prints, at a quarter, half and the end, the size of every tracker's pickled state
and the memory of the process. Exits with status 1 if either grows in the second half, or if more
tracks live in it than before.
"""

from __future__ import annotations

import argparse
import gc
import os
import pickle
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

for threads in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'):
    os.environ.setdefault(threads, '1')
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from mmtrack_ext.association.detections import Detections
from mmtrack_ext.association.trackers import BaseTracker, build_tracker
from mmtrack_ext.testing.tracker_forms import TRACKER_FORMS
from mmtrack_ext.utils.command_line import progress, run_tool

# The scene: at each of a few places a new thing appears every ROUND frames and stays for LIFE.
# After a CYCLE the same things come back: no tracker remembers a lost one for that long.
CYCLE, ROUND, LIFE, PLACES, CHANNELS = 250, 25, 20, 3, 32
EMPTY = {*range(100, 105), 200}  # frames of a cycle without detections
FAINT = range(9, 12)  # ages at which things are seen with a low score
SNAPSHOTS = {'1/4': 0.25, '1/2': 0.5, 'end': 1.0}
MORE_DIGITS = 100  # bytes by which a pickle may grow, because its frame and ids are larger numbers
RESIDENT_NOISE = 2**20  # bytes; measured over 200,000 frames: at most 12 kB


@dataclass(frozen=True)
class Snapshot:
    """What a tracker holds after ``frame`` frames, in bytes."""

    frame: int
    most_tracks: int  # at a time, since the snapshot before
    state: dict[str, int]  # by attribute
    resident: int | None  # of the whole process


@dataclass(frozen=True)
class Measurement:
    """One tracker over the whole run."""

    snapshots: list[Snapshot]
    num_ids: int  # the highest id that was reported
    seconds: float


def main() -> None:
    """Measure the trackers, print the table, fail if one grows."""
    arguments = parse_arguments()
    names = arguments.trackers or list(TRACKER_FORMS)
    titles = [f'{what} {when}' for what in ('state kB', 'memory MiB') for when in SNAPSHOTS]
    print_row(['tracker', 'frames', 'ids', 'tracks at most', *titles, 'seconds'])
    complaints = []
    for number, name in enumerate(names, start=1):
        title = f'{number} of {len(names)}, {name}'
        found = measure(build_tracker(TRACKER_FORMS[name]), arguments.frames, title=title)
        print_row([name, *cells(found)])
        complaints += [f'{name}: {text}' for text in growth(found.snapshots)]
    if complaints:
        print(f'error: memory grows: {"; ".join(complaints)}', file=sys.stderr)
        sys.exit(1)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'trackers', nargs='*', metavar='TRACKER', help=f'of {", ".join(TRACKER_FORMS)}'
    )
    parser.add_argument(
        '--frames', type=int, default=200_000, help=f'rounded up to a multiple of {4 * CYCLE}'
    )
    arguments = parser.parse_args()
    if arguments.frames < 1:
        raise ValueError(f'--frames must be at least 1. Got {arguments.frames}.')
    for name in arguments.trackers:
        if name not in TRACKER_FORMS:
            raise ValueError(f'Unknown tracker {name!r}. Known are: {", ".join(TRACKER_FORMS)}.')
    return arguments


def make_cycle(seed: int = 0) -> list[Detections]:
    """The frames of one cycle: things that come, walk and go, one that stays, false alarms."""
    rng = np.random.default_rng(seed)
    looks: dict[tuple[int, int], Any] = {}
    frames = []
    for frame in range(CYCLE):
        if frame in EMPTY:
            frames.append(Detections.empty())
            continue
        rows = [(*standing(900, 900), 0.9, 1, look_of(looks, (-1, 0), rng), 0.0)]
        rows += walkers(frame, looks, rng)
        x, y = rng.uniform(0, 800, 2)
        rows.append((*standing(x, y), rng.uniform(0.05, 0.75), 0, random_look(rng), 0.0))
        columns = [np.array(column) for column in zip(*rows, strict=True)]
        displacements = np.stack([columns[7], np.zeros(len(rows))], axis=1)
        boxes = np.stack(columns[:4], axis=1)
        frames.append(Detections(boxes, *columns[4:7], displacements))
    return frames


def walkers(
    frame: int, looks: dict[tuple[int, int], Any], rng: np.random.Generator
) -> Iterator[tuple[Any, ...]]:
    """Box, score, class, look and displacement of whatever walks in this frame of the cycle."""
    for place in range(PLACES):
        turn, age = divmod((frame + 8 * place) % CYCLE, ROUND)
        if age < LIFE:
            box = standing(300 * place + 3 * age, 150 * (turn % 5))
            look = look_of(looks, (place, turn), rng)
            yield (*box, 0.3 if age in FAINT else 0.9, turn % 2, look, -3.0)


def standing(x: float, y: float) -> tuple[float, float, float, float]:
    """A box of a person at ``x, y``."""
    return x, y, x + 40, y + 80


def look_of(looks: dict[tuple[int, int], Any], key: Any, rng: np.random.Generator) -> Any:
    """The embedding of a thing, which lasts."""
    return looks.setdefault(key, random_look(rng))


def random_look(rng: np.random.Generator) -> Any:
    """A direction of its own; so long that QDTrack's softmax tells it from others."""
    vector = rng.normal(size=CHANNELS)
    return 30 * vector / np.linalg.norm(vector)


def measure(tracker: BaseTracker, num_frames: int, *, title: str = 'Tracking') -> Measurement:
    """Track at least ``num_frames`` frames, with snapshots at a quarter, half and the end."""
    frames = make_cycle()
    num_cycles = 4 * -(-num_frames // (4 * CYCLE))
    ends = {round(share * num_cycles) for share in SNAPSHOTS.values()}
    snapshots: list[Snapshot] = []
    most_tracks = num_ids = 0
    start = time.monotonic()
    for cycle in progress(range(1, num_cycles + 1), title, total=num_cycles):
        for frame in frames:
            tracked = tracker.update(frame)
            most_tracks = max(most_tracks, len(tracker.tracks))
            if len(tracked):
                num_ids = max(num_ids, int(tracked.ids[-1]))
        if cycle in ends:
            sizes = {name: len(pickle.dumps(held)) for name, held in vars(tracker).items()}
            snapshots.append(Snapshot(cycle * CYCLE, most_tracks, sizes, resident_memory()))
            most_tracks = 0
    return Measurement(snapshots, num_ids, time.monotonic() - start)


def resident_memory() -> int | None:
    """Bytes of this process in memory; the most there ever were where the system tells no more."""
    gc.collect()
    try:
        pages = int(Path('/proc/self/statm').read_text().split()[1])
        return pages * os.sysconf('SC_PAGE_SIZE')
    except (OSError, ValueError):
        pass
    try:
        import resource  # not on Windows
    except ImportError:
        return None
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest if sys.platform == 'darwin' else 1024 * highest


def growth(snapshots: list[Snapshot]) -> list[str]:
    """What grew from half to the end, in words."""
    *before, half, end = snapshots
    span = f'from frame {half.frame} to {end.frame}'
    complaints = [
        f"attribute '{name}' from {half.state.get(name, 0)} to {size} bytes {span}"
        for name, size in end.state.items()
        if size > half.state.get(name, 0) + MORE_DIGITS
    ]
    most_before = max(snapshot.most_tracks for snapshot in (*before, half))
    if end.most_tracks > most_before:
        complaints.append(f'tracks from at most {most_before} to {end.most_tracks} {span}')
    if end.resident and half.resident and end.resident > half.resident + RESIDENT_NOISE:
        more = (end.resident - half.resident) / 2**20
        complaints.append(f'the process by {more:.1f} MiB {span}')
    return complaints


def cells(found: Measurement) -> list[str]:
    """The figures of one row."""
    snapshots = found.snapshots
    states = [f'{sum(snapshot.state.values()) / 1e3:.2f}' for snapshot in snapshots]
    memories = [f'{s.resident / 2**20:.2f}' if s.resident else '-' for s in snapshots]
    most = max(snapshot.most_tracks for snapshot in snapshots)
    last = snapshots[-1].frame
    return [str(last), str(found.num_ids), str(most), *states, *memories, f'{found.seconds:.0f}']


def print_row(cells: list[str]) -> None:
    """One line of the table, in columns."""
    print(f'{cells[0]:26}', *(f'{cell:>14}' for cell in cells[1:]), flush=True)


if __name__ == '__main__':
    run_tool(main)
