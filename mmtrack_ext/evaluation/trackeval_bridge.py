"""TrackEval fed with arrays: its own metrics and preprocessing, without its folders and files.

Source of every figure: ``trackeval`` 1.3.0 (J. Luiten, A. Hoffhues; MIT).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from trackeval.datasets import MotChallenge2DBox
from trackeval.eval import eval_sequence
from trackeval.metrics import CLEAR, HOTA, Count, Identity
from trackeval.utils import TrackEvalException

from mmtrack_ext.association.arrays import IntArray
from mmtrack_ext.evaluation.protocols import (
    NUM_MOT_CLASSES,
    PEDESTRIAN,
    PROTOCOLS,
    WITHOUT_PREPROCESSING,
    check_rows,
    scored_classes,
)
from mmtrack_ext.fileio.mot_text import GroundTruth, Results
from mmtrack_ext.utils.parallel import parallel_map

Fields: TypeAlias = dict[str, dict[str, Any]]  # metric -> field -> value, as TrackEval has them
Progress: TypeAlias = Callable[[Iterable[Any]], Iterable[Any]]

RESERVED_NAMES = ('protocol', 'COMBINED', 'PER_CLASS')


@dataclass(frozen=True, eq=False)
class _Job:
    """One sequence to score, complete, so that another process can do it."""

    sequence: str
    truth: GroundTruth
    results: Results
    num_frames: int
    protocol: str
    classes: tuple[int, ...]


def evaluate_sequences(
    truths: Mapping[str, GroundTruth],
    results: Mapping[str, Results],
    num_frames: Mapping[str, int],
    *,
    protocol: str,
    class_names: Mapping[int, str] | None = None,
    num_workers: int = 1,
    progress: Progress = iter,
) -> dict[str, Any]:
    """HOTA, CLEAR, Identity and Count, by sequence and combined.

    Figures equal those of TrackEval on files with the same numbers, bit for bit.

    Args:
        truths: ground truth by name of the sequence; the scores keep this order.
        results: results of the same sequences.
        num_frames: length of each.
        protocol: one of PROTOCOLS. 'none' scores every class of the ground truth on its own.
        class_names: name of each class, from 1; the number, as text, where left out. Results of
            classes that are named but absent from the ground truth are not scored.
        num_workers: processes to use; more than 1 starts new ones ('spawn').
        progress: wraps the iterator over finished sequences.

    Returns:
        ``{'protocol': ..., SEQUENCE: {'HOTA': ..., ...}, ..., 'COMBINED': {...}}``, in percent
        where TrackEval prints percent. With several classes, each entry is the average over the
        classes that occur there (counts are sums) and ``'PER_CLASS'`` holds the same by class.

    Raises:
        RowError: a row that cannot be scored; says which.
        ValueError: arguments that do not fit together, or nothing to score.
    """
    _check_arguments(truths, results, num_frames, protocol=protocol, num_workers=num_workers)
    class_names = class_names or {}
    classes = scored_classes(truths.values(), protocol)
    jobs = []
    for sequence, truth in truths.items():
        rows = (sequence, truth, results[sequence], num_frames[sequence])
        check_rows(*rows, protocol=protocol, classes=classes, known_classes=class_names)
        jobs.append(_Job(*rows, protocol=protocol, classes=classes))
    scored = parallel_map(_score_sequence, jobs, num_workers=min(num_workers, len(jobs)))
    scores = dict(zip(truths, progress(scored), strict=True))
    return {'protocol': protocol, **_table(scores, [class_names.get(c, str(c)) for c in classes])}


def _check_arguments(
    truths: Mapping[str, GroundTruth],
    results: Mapping[str, Results],
    num_frames: Mapping[str, int],
    *,
    protocol: str,
    num_workers: int,
) -> None:
    if protocol not in PROTOCOLS:
        raise ValueError(f'The protocol must be one of {", ".join(PROTOCOLS)}. Got {protocol!r}.')
    if num_workers < 1:
        raise ValueError(f"The 'num_workers' parameter must be at least 1. Got {num_workers}.")
    if not truths:
        raise ValueError('There are no sequences to score.')
    for what, mapping in (('results', results), ('num_frames', num_frames)):
        if differing := sorted(truths.keys() ^ mapping.keys()):
            raise ValueError(f'truths and {what} differ in sequences: {", ".join(differing)}')
    if taken := sorted(truths.keys() & set(RESERVED_NAMES)):
        raise ValueError(f'A sequence cannot be named {taken[0]!r}, the scores use that name.')


def _metrics() -> list[Any]:
    quiet = {'PRINT_CONFIG': False}
    return [HOTA(), CLEAR(dict(quiet)), Identity(dict(quiet)), Count()]


class _ArrayDataset(MotChallenge2DBox):  # type: ignore[misc]
    """One sequence in memory, one class of it scored; the preprocessing is TrackEval's."""

    def __init__(
        self, truth: GroundTruth, results: Results, num_frames: int, *, protocol: str
    ) -> None:
        # Not the parent's __init__, which searches folders.
        self.tables = (results, truth)
        self.num_frames = num_frames
        self.benchmark = protocol
        self.do_preproc = protocol not in WITHOUT_PREPROCESSING
        self.class_name_to_class_id = {
            'pedestrian': PEDESTRIAN,
            'person_on_vehicle': 2,
            'non_mot_vehicle': 6,
            'static_person': 7,
            'distractor': 8,
            'reflection': 12,
        }
        self.valid_class_numbers = list(range(1, NUM_MOT_CLASSES + 1))

    def _load_raw_file(self, tracker: str, seq: str, is_gt: bool) -> dict[str, Any]:
        """The dict that the parent makes of a file: lists with one array a frame."""
        table = self.tables[is_gt]
        prefix = 'gt' if is_gt else 'tracker'
        rows = _rows_by_frame(table.frames, self.num_frames)
        ids = np.unique(table.ids, return_inverse=True)[1]  # any whole number may be an id
        boxes = np.asarray(table.boxes_tlwh, np.float64)
        classes = table.classes if is_gt else np.ones_like(ids)
        columns = {'ids': ids, 'dets': boxes, 'classes': classes}
        raw: dict[str, Any] = {
            f'{prefix}_{name}': [column[r] for r in rows] for name, column in columns.items()
        }
        if isinstance(table, GroundTruth):
            raw['gt_extras'] = [{'zero_marked': table.flags[r]} for r in rows]
        else:
            raw['tracker_confidences'] = [table.scores[r] for r in rows]
        return {**raw, 'num_timesteps': self.num_frames, 'seq': seq}


def _rows_by_frame(frames: IntArray, num_frames: int) -> list[IntArray]:
    """Row numbers of each frame, in the order of the rows."""
    counts = np.bincount(frames, minlength=num_frames)
    return np.split(np.argsort(frames, kind='stable'), np.cumsum(counts)[:-1])


def _score_sequence(job: _Job) -> dict[int, Fields]:
    """The fields of every metric, by class."""
    metrics = _metrics()
    names = [metric.get_name() for metric in metrics]
    scores = {}
    for class_id in job.classes:
        truth, results = _rows_of_class(job, class_id)
        dataset = _ArrayDataset(truth, results, job.num_frames, protocol=job.protocol)
        try:
            fields = eval_sequence(job.sequence, dataset, '', ['pedestrian'], metrics, names)
        except TrackEvalException as error:
            raise ValueError(f'{job.sequence}: {error}') from error
        scores[class_id] = fields['pedestrian']
    return scores


def _rows_of_class(job: _Job, class_id: int) -> tuple[GroundTruth, Results]:
    """Only 'none' goes by the class column; elsewhere TrackEval needs the other classes too."""
    if job.protocol != 'none':
        return job.truth, job.results
    # A class -1 is let in with one class only.
    of_class = np.isin(job.results.classes, (class_id, -1))
    results = Results(*(column[of_class] for column in vars(job.results).values()))
    return job.truth[job.truth.classes == class_id], results


def _table(scores: dict[str, dict[int, Fields]], names: list[str]) -> dict[str, Any]:
    """Everything of the returned scores but the protocol; ``names`` are those of the classes."""
    metrics = _metrics()
    # TrackEval adds up in the order of the names; another order rounds differently.
    in_order = {sequence: scores[sequence] for sequence in sorted(scores)}
    rows = {**scores, 'COMBINED': _combine_sequences(in_order, metrics)}
    table: dict[str, Any] = {
        row: _summary(_average_classes(by_class, metrics), metrics)
        for row, by_class in rows.items()
    }
    if len(names) > 1:
        classes = zip(rows['COMBINED'], names, strict=True)
        table['PER_CLASS'] = {
            name: {row: _summary(by_class[class_id], metrics) for row, by_class in rows.items()}
            for class_id, name in classes
        }
    return table


def _combine_sequences(
    scores: dict[str, dict[int, Fields]], metrics: list[Any]
) -> dict[int, Fields]:
    combined: dict[int, Fields] = {}
    for class_id in next(iter(scores.values())):
        combined[class_id] = {
            metric.get_name(): metric.combine_sequences(
                {
                    sequence: fields[class_id][metric.get_name()]
                    for sequence, fields in scores.items()
                }
            )
            for metric in metrics
        }
    return combined


def _average_classes(by_class: dict[int, Fields], metrics: list[Any]) -> Fields:
    """The mean over the classes with ground truth or results here; over all if none has."""
    present = {
        class_id: fields
        for class_id, fields in by_class.items()
        if fields['Count']['GT_Dets'] + fields['Count']['Dets'] > 0
    }
    present = present or by_class
    if len(present) == 1:
        return next(iter(present.values()))
    return {
        metric.get_name(): metric.combine_classes_class_averaged(
            {class_id: fields[metric.get_name()] for class_id, fields in present.items()}
        )
        for metric in metrics
    }


def _summary(fields: Fields, metrics: list[Any]) -> dict[str, float | int]:
    """TrackEval's summary fields as plain numbers, percent where it prints percent."""
    summary: dict[str, float | int] = {}
    for metric in metrics:
        values = fields[metric.get_name()]
        for field in metric.summary_fields:
            is_count = field in metric.integer_fields
            value = int(values[field]) if is_count else 100 * float(np.mean(values[field]))
            summary[field.removeprefix('CLR_')] = value
    return summary
