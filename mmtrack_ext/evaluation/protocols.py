"""Which rows each benchmark scores, and what must hold of the rows before that."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from typing import TypeAlias

import numpy as np

from mmtrack_ext.association.arrays import BoolArray, IntArray
from mmtrack_ext.fileio.mot_text import GroundTruth, Results

Table: TypeAlias = GroundTruth | Results

PROTOCOLS = ('MOT15', 'MOT16', 'MOT17', 'MOT20', 'DanceTrack', 'none')
# No distractors there: every row of the ground truth with a flag other than 0 is scored.
WITHOUT_PREPROCESSING = ('MOT15', 'none')
PEDESTRIAN = 1
NUM_MOT_CLASSES = 13  # classes 1 to 13 of MOT16 and later, arXiv:1603.00831, table 2

# The 11 training and 11 test sequences of arXiv:1504.01942.
MOT15_SEQUENCE = re.compile(
    r"""
    TUD-(Campus|Crossing|Stadtmitte) | PETS09-S2L[12] | AVG-TownCentre | Venice-[12]
    | ETH-(Bahnhof|Crossing|Jelmoli|Linthescher|Pedcross2|Sunnyday)
    | ADL-Rundle-[1368] | KITTI-(13|16|17|19)
    """,
    re.VERBOSE,
)


class RowError(ValueError):
    """A row that cannot be scored.

    Attributes:
        sequence: name of the sequence.
        source: 'ground truth' or 'results'.
        row: index of the row in the arrays passed in.
        frame: 0-based frame number of the row; the message has it from 1.
        problem: what is wrong, without the place.
    """

    def __init__(self, sequence: str, source: str, row: int, frame: int, problem: str) -> None:
        super().__init__(f'{sequence}, frame {frame + 1} of the {source}: {problem}')
        self.sequence, self.source, self.row = sequence, source, row
        self.frame, self.problem = frame, problem


def infer_protocol(names: Iterable[str]) -> str:
    """The protocol that the names of the sequences belong to; 'none' for unknown names.

    Raises:
        ValueError: no names, or names of several protocols.

    Example:
        >>> infer_protocol(['MOT17-02-FRCNN', 'MOT17-04-FRCNN'])
        'MOT17'
    """
    example_of: dict[str, str] = {}
    for name in names:
        example_of.setdefault(_protocol_of(name), name)
    if len(example_of) == 1:
        return next(iter(example_of))
    if not example_of:
        raise ValueError('There are no sequences to infer the protocol from.')
    found = ', '.join(f'{name} ({protocol})' for protocol, name in example_of.items())
    raise ValueError(
        f'The sequence names belong to several protocols: {found}; say which one to score by '
        f'with --benchmark, one of {", ".join(PROTOCOLS)}'
    )


def _protocol_of(name: str) -> str:
    if MOT15_SEQUENCE.fullmatch(name):
        return 'MOT15'
    if match := re.match(r'(MOT16|MOT17|MOT20)-\d\d(?!\d)', name):
        return match[1]
    return 'DanceTrack' if re.match(r'dancetrack\d{4}(?!\d)', name) else 'none'


def scored_classes(truths: Iterable[GroundTruth], protocol: str) -> tuple[int, ...]:
    """The classes that get scores of their own, ascending.

    Pedestrians alone, except with 'none': there every class that has a row with a flag other
    than 0.

    Raises:
        ValueError: nothing is to be scored.
    """
    present = np.unique(np.concatenate([truth.classes[truth.flags != 0] for truth in truths]))
    if protocol not in WITHOUT_PREPROCESSING:
        present = present[present == PEDESTRIAN]
    if len(present) == 0:
        kind = '' if protocol in WITHOUT_PREPROCESSING else f' of class {PEDESTRIAN}'
        raise ValueError(f'The ground truth has no row{kind} with a flag other than 0 to score.')
    # MOT15 has no classes, whatever its column says.
    return tuple(present.tolist()) if protocol == 'none' else (PEDESTRIAN,)


def check_rows(
    sequence: str,
    truth: GroundTruth,
    results: Results,
    num_frames: int,
    *,
    protocol: str,
    classes: Collection[int],
    known_classes: Collection[int] = (),
) -> None:
    """Refuse rows that TrackEval would misread, with an error that says where.

    Args:
        sequence: name for the message.
        truth: its ground truth.
        results: its results.
        num_frames: its length.
        protocol: one of PROTOCOLS.
        classes: the classes scored.
        known_classes: further classes that results may have; they are not scored.

    Raises:
        RowError: a frame outside the sequence, a box that is not finite, an id twice in one
            frame, or a class that does not belong there.
    """
    for source, table in (('ground truth', truth), ('results', results)):
        _check_table(sequence, source, table, num_frames, by_class=len(classes) > 1)
    if protocol not in WITHOUT_PREPROCESSING:
        unknown = (truth.classes < 1) | (truth.classes > NUM_MOT_CLASSES)
        problem = f'{protocol} knows classes 1 to {NUM_MOT_CLASSES}, this row has class {{}}'
        _refuse_class(sequence, 'ground truth', truth, unknown, problem)
    allowed = {*classes, *known_classes} if protocol == 'none' else {PEDESTRIAN}
    if len(classes) == 1:
        allowed |= {-1}
    problem = _class_problem(protocol, sorted(classes))
    _refuse_class(sequence, 'results', results, ~np.isin(results.classes, list(allowed)), problem)


def _check_table(
    sequence: str, source: str, table: Table, num_frames: int, *, by_class: bool
) -> None:
    def refuse(bad: BoolArray, problem: Callable[[int], str]) -> None:
        if bad.any():
            row = int(np.argmax(bad))
            raise RowError(sequence, source, row, int(table.frames[row]), problem(row))

    outside = (table.frames < 0) | (table.frames >= num_frames)
    refuse(outside, lambda row: f'the sequence has frames 1 to {num_frames}')
    finite: BoolArray = np.isfinite(table.boxes_tlwh).all(axis=1)
    refuse(~finite, lambda row: f'box {table.boxes_tlwh[row].tolist()} is not finite')
    classes = table.classes if by_class else np.zeros_like(table.ids)
    repeated = _repeated(table.frames, classes, table.ids)
    refuse(repeated, lambda row: f'id {table.ids[row]} stands twice in this frame')


def _repeated(*columns: IntArray) -> BoolArray:
    """Rows, (N,), that equal an earlier row in every column."""
    order = np.lexsort(columns)
    same = np.all([np.diff(column[order]) == 0 for column in columns], axis=0)
    repeated = np.zeros(len(order), bool)
    repeated[order[1:][same]] = True
    return repeated


def _refuse_class(sequence: str, source: str, table: Table, bad: BoolArray, problem: str) -> None:
    if bad.any():
        row = int(np.argmax(bad))
        frame, class_id = int(table.frames[row]), int(table.classes[row])
        raise RowError(sequence, source, row, frame, problem.format(class_id))


def _class_problem(protocol: str, classes: list[int]) -> str:
    if protocol != 'none':
        return f'class {{}} where {protocol} scores pedestrians only, class {PEDESTRIAN} or -1'
    if len(classes) == 1:
        return f'class {{}} where the ground truth has class {classes[0]} only; write that or -1'
    listed = ', '.join(map(str, classes))
    return (
        f'class {{}} where the ground truth has several classes ({listed}); every row of the '
        'results must have one of them, unless --benchmark names a protocol with one class'
    )
