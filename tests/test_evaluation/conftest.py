"""Small tables, imitated results, and TrackEval's own evaluation of files."""

from pathlib import Path

import numpy as np
import pytest
import trackeval

from mmtrack_ext.fileio import GroundTruth, Results


@pytest.fixture
def make_truth():
    """Ground truth from rows: frame from 0, id, left, top, width, height [, flag [, class]]."""

    def build(rows):
        full = [(*row, *(1, 1)[len(row) - 6 :]) for row in rows]
        table = np.array(full, np.float64).reshape(-1, 8)
        frames, ids, flags, classes = table[:, [0, 1, 6, 7]].astype(np.int64).T
        return GroundTruth(frames, ids, table[:, 2:6], flags, classes, np.ones(len(table)))

    return build


@pytest.fixture
def make_results():
    """Results from rows: frame from 0, id, left, top, width, height [, class]."""

    def build(rows):
        full = [(*row, *(-1,)[len(row) - 6 :]) for row in rows]
        table = np.array(full, np.float64).reshape(-1, 7)
        frames, ids, classes = table[:, [0, 1, 6]].astype(np.int64).T
        return Results(frames, ids, table[:, 2:6], np.ones(len(table)), classes)

    return build


@pytest.fixture
def imitate():
    """Result rows like a tracker's: a fifth missing, jittered, with changes of identity."""

    def write(path: Path, truth: GroundTruth, *, seed: int) -> None:
        rng = np.random.default_rng(seed)
        count = len(truth.frames)
        size = np.tile(truth.boxes_tlwh[:, 2:], 2)
        boxes = truth.boxes_tlwh + rng.normal(0, 0.08, (count, 4)) * size
        boxes[:, 2:] = np.abs(boxes[:, 2:])
        ids = truth.ids * 3 + (truth.frames + 7 * truth.ids) // 90 % 3
        columns = zip(truth.frames + 1, ids, boxes.tolist(), strict=True)
        lines = [f'{frame},{i},{str(box)[1:-1]},0.9,-1,-1,-1\n' for frame, i, box in columns]
        kept = np.flatnonzero(rng.random(count) > 0.2)
        path.write_text(''.join(lines[row] for row in kept))

    return write


@pytest.fixture
def run_trackeval():
    """TrackEval's Evaluator on folders: (metric, field) -> value, by sequence and combined."""

    def run(gt: Path, results: Path, lengths: dict[str, int], *, benchmark: str, preproc=True):
        quiet = {'PRINT_CONFIG': False}
        dataset = trackeval.datasets.MotChallenge2DBox(
            {
                **quiet,
                'GT_FOLDER': str(gt),
                'TRACKERS_FOLDER': str(results.parent),
                'TRACKERS_TO_EVAL': [results.name],
                'TRACKER_SUB_FOLDER': '',
                'SKIP_SPLIT_FOL': True,
                'SEQ_INFO': dict(lengths),
                'BENCHMARK': benchmark,
                'DO_PREPROC': preproc,
            }
        )
        options = ('OUTPUT_SUMMARY', 'OUTPUT_DETAILED', 'PLOT_CURVES', 'TIME_PROGRESS')
        evaluator = trackeval.Evaluator(
            {
                **quiet,
                **dict.fromkeys(options, False),
                'PRINT_RESULTS': False,
                'LOG_ON_ERROR': None,
            }
        )
        metrics = [
            trackeval.metrics.HOTA(),
            trackeval.metrics.CLEAR(dict(quiet)),
            trackeval.metrics.Identity(dict(quiet)),
        ]
        scores, _ = evaluator.evaluate([dataset], metrics)
        by_sequence = scores['MotChallenge2DBox'][results.name]
        return {
            name.replace('COMBINED_SEQ', 'COMBINED'): _plain(
                by_class['pedestrian'], [*metrics, trackeval.metrics.Count()]
            )
            for name, by_class in by_sequence.items()
        }

    return run


def _plain(fields, metrics):
    """What TrackEval's summary would print, with all digits."""
    return {
        name.removeprefix('CLR_'): int(value)
        if name in metric.integer_fields
        else 100 * float(np.mean(value))
        for metric in metrics
        for name in metric.summary_fields
        for value in [fields[metric.get_name()][name]]
    }
